"""Servers that the tests stop: each run prints one line of JSON per process and then serves.

Usage: server.py KIND [ADDRESS [PORT]]. Standard library only, on Windows as well.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time

LONGEST_LIFE_S = 120


def bound(address: str, port: int, *options: tuple[int, int], udp: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    for level, option in options:
        server.setsockopt(level, option, 1)
    if address == "::":
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind((address, port))
    if not udp:
        server.listen()
    return server


def tell(server: socket.socket | None = None, **more: object) -> None:
    port = server.getsockname()[1] if server else None
    sys.stdout.write(json.dumps({"pid": os.getpid(), "port": port, **more}) + "\n")
    sys.stdout.flush()


def live() -> None:
    deadline = time.monotonic() + LONGEST_LIFE_S
    while time.monotonic() < deadline:
        time.sleep(0.2)


def polite(address: str, port: int) -> None:
    if sys.platform != "win32":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with bound(address, port) as server:
        tell(server)
        live()


def stubborn(address: str, port: int) -> None:
    if sys.platform != "win32":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with bound(address, port) as server:
        tell(server)
        live()


def supervised(address: str, port: int) -> None:
    """Start the same server again and again, as supervisors do."""
    with bound(address, port) as first:
        chosen = first.getsockname()[1]
    tell(port=chosen)
    deadline = time.monotonic() + LONGEST_LIFE_S
    while time.monotonic() < deadline:
        subprocess.run(  # noqa: PLW1510
            [sys.executable, __file__, "polite", address, str(chosen)],
        )


def slowly_supervised(address: str, port: int) -> None:
    """Do the same as supervisors do that wait before they start it again."""
    with bound(address, port) as first:
        chosen = first.getsockname()[1]
    tell(port=chosen)
    subprocess.run([sys.executable, __file__, "polite", address, str(chosen)])  # noqa: PLW1510
    live()


def supervised_workers(address: str, port: int) -> None:
    """Run workers that share a port which this process itself does not hold."""
    option = (socket.SOL_SOCKET, socket.SO_REUSEPORT)
    with bound(address, port, option) as first:
        chosen = first.getsockname()[1]
    workers = [
        subprocess.Popen(
            [sys.executable, __file__, "reusing", address, str(chosen)], stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdout
        worker.stdout.readline()
    tell(port=chosen, children=[worker.pid for worker in workers])
    live()


def reusing(address: str, port: int) -> None:
    """Share a port with others of the same kind."""
    with bound(address, port, (socket.SOL_SOCKET, socket.SO_REUSEPORT)) as server:
        tell(server)
        live()


def heir(address: str, port: int) -> None:
    """Leave the socket to a child and end, without closing it there."""
    server = bound(address, port)
    server.set_inheritable(True)
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(120)"], close_fds=False
    )
    tell(server, child=child.pid)
    os._exit(0)


def workers(address: str, port: int) -> None:
    """Fork workers that share the port by SO_REUSEPORT, each with a socket of its own."""
    option = (socket.SOL_SOCKET, socket.SO_REUSEPORT)
    with bound(address, port, option) as server:
        chosen = server.getsockname()[1]
        listening, ready = os.pipe()
        pids = []
        for _ in range(3):
            pid = os.fork()
            if pid == 0:
                server.close()
                with bound(address, chosen, option):
                    os.write(ready, b".")
                    live()
                os._exit(0)
            pids.append(pid)
        for _ in pids:
            os.read(listening, 1)
        tell(server, children=pids)
        live()


def only_v6(address: str, port: int) -> None:
    """Listen on the IPv6 wildcard for IPv6 alone."""
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.bind(("::", port))
        server.listen()
        tell(server)
        live()


def hanging_up(address: str, port: int) -> None:
    """Hang up on everybody who connects, which leaves TIME_WAIT at this end."""
    with bound(address, port) as server:
        hang_up(server)


def hanging_up_reusably(address: str, port: int) -> None:
    """Do the same with the option that lets the next server start at once."""
    with bound(address, port, (socket.SOL_SOCKET, socket.SO_REUSEADDR)) as server:
        hang_up(server)


def hang_up(server: socket.socket) -> None:
    tell(server)
    server.settimeout(LONGEST_LIFE_S)
    while True:
        connection, _ = server.accept()
        connection.close()


def forking(address: str, port: int) -> None:
    """Serve each client in a child that closes the listener, as sshd and PostgreSQL do."""
    server = bound(address, port, (socket.SOL_SOCKET, socket.SO_REUSEADDR))
    tell(server)
    while True:
        connection, _ = server.accept()
        if os.fork() == 0:
            server.close()
            connection.sendall(b"%d" % os.getpid())
            connection.recv(1)
            os._exit(0)
        connection.close()


def sharing(address: str, port: int) -> None:
    """Take a port that another process of the same kind may have as well (Windows)."""
    with bound(address, port, (socket.SOL_SOCKET, socket.SO_REUSEADDR)) as server:
        tell(server)
        live()


def answering(address: str, port: int) -> None:
    """Say something to everybody who connects."""
    with bound(address, port) as server:
        tell(server)
        server.settimeout(LONGEST_LIFE_S)
        while True:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"hi")


def serving(address: str, port: int) -> None:
    """Greet everybody who connects, and keep the connections."""
    with bound(address, port) as server, contextlib.ExitStack() as kept:
        tell(server)
        server.settimeout(LONGEST_LIFE_S)
        while True:
            connection = kept.enter_context(server.accept()[0])
            connection.sendall(b"hi")


def traced(address: str, port: int) -> None:
    """Hold a child as a debugger does: it asks to be traced (PTRACE_TRACEME) and stops."""
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).ptrace(0, 0, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    with bound(address, port) as server:
        tell(server, child=child)
        live()


def udp(address: str, port: int) -> None:
    with bound(address, port, udp=True) as server:
        tell(server)
        live()


def client(address: str, port: int) -> None:
    """Connect from a chosen local port to a server of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        reuse = (socket.SOL_SOCKET, socket.SO_REUSEADDR)
        mine = socket.socket()
        mine.setsockopt(*reuse, 1)
        mine.bind((address, port))
        mine.connect(server.getsockname())
        accepted, _ = server.accept()
        with mine, accepted:
            tell(mine)
            live()


def outgoing(address: str, port: int) -> None:
    """Connect to a server of its own from whichever local port the system gives."""
    with (
        bound(address, port) as server,
        socket.create_connection(server.getsockname()) as mine,
        server.accept()[0],
    ):
        tell(mine)
        live()


def tree(address: str, port: int) -> None:
    """Run a child with a child of its own under the server."""
    inner = "import time; time.sleep(120)"
    outer = (
        "import subprocess, sys, time; "
        f"p = subprocess.Popen([sys.executable, '-c', {inner!r}]); print(p.pid, flush=True); "
        "time.sleep(120)"
    )
    child = subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    grandchild = int(child.stdout.readline())
    with bound(address, port) as server:
        tell(server, child=child.pid, grandchild=grandchild)
        live()


if __name__ == "__main__":
    KINDS = (
        polite, stubborn, supervised, slowly_supervised, supervised_workers, reusing,
        heir, workers, answering, serving, traced, only_v6,
        hanging_up, hanging_up_reusably, sharing, udp, client, tree, forking, outgoing,
    )  # fmt: skip
    given = dict(enumerate(sys.argv[1:]))
    act = next(kind for kind in KINDS if kind.__name__ == given[0])
    act(given.get(1, "127.0.0.1"), int(given.get(2, "0")))
