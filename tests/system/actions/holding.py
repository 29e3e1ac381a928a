"""Processes that hold one end of a session, as terminals and display servers do, and serve a port.

Each prints one line of JSON and then waits for the end of its input. Standard library only.

Usage: holding.py KIND [ARGUMENT ...]
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import pty
import socket
import sys


def tell(**values: object) -> None:
    sys.stdout.write(json.dumps({"pid": os.getpid(), **values}) + "\n")
    sys.stdout.flush()


def wait() -> None:
    sys.stdin.read()


def terminal(*command: str) -> None:
    """Show a terminal, with a command in it if one is given, and serve a port beside it."""
    server = socket.create_server(("127.0.0.1", 0))
    child = 0
    if command:
        child, master = pty.fork()
        if child == 0:
            os.environ["TERM"] = "xterm"
            os.execvp(command[0], command)  # noqa: S606 - a test's own command
        name = ""
    else:
        master, slave = pty.openpty()
        name = os.ttyname(slave)
    tell(port=server.getsockname()[1], terminal=name, child=child)
    os.set_blocking(master, False)
    wait()


def display(path: str, *inner: str) -> None:
    """Listen where a display server does; with an inner path, for a relay there as well."""
    listening = []
    for one in (path, *inner):
        server = socket.socket(socket.AF_UNIX)
        server.bind(one)
        server.listen()
        listening.append(server)
    tell()
    accepted = [server.accept() for server in listening[1:]]
    wait()
    del accepted


def relay(path: str, *, is_connected: bool = True) -> None:
    """Serve a port, and be connected with a display server by the path; one client is there."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as inner,
        socket.create_connection(server.getsockname()) as client,
    ):
        accepted, _ = server.accept()
        if is_connected:
            inner.connect(path)
        with accepted, client:
            tell(port=server.getsockname()[1])
            wait()


def visited(*_path: str) -> None:
    """Serve a port to one client and have nothing to do with a display."""
    relay("", is_connected=False)


def carried() -> None:
    """Hold both ends of a connection, and say which."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()),
    ):
        accepted, _ = server.accept()
        with accepted:
            here, there = accepted.getsockname(), accepted.getpeername()
            tell(port=here[1], connection=f"{there[0]} {there[1]} {here[0]} {here[1]}")
            wait()


def uninterruptible() -> None:
    """Wait in state D: vfork(2) lets a parent wait for its child that way, and this child pauses.

    The child runs on the parent's stack, so nothing but these few instructions may be its code.
    """
    code = bytes.fromhex(
        "b83a000000"  # mov eax, 58 (vfork)
        "0f05"  # syscall
        "85c0"  # test eax, eax
        "7509"  # jnz return
        "b822000000"  # again: mov eax, 34 (pause)
        "0f05"  # syscall
        "ebf7"  # jmp again
        "c3"  # return: ret
    )
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    server = socket.create_server(("127.0.0.1", 0))
    tell(port=server.getsockname()[1])
    call()


def serving() -> None:
    """Serve a port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        tell(port=server.getsockname()[1])
        wait()


if __name__ == "__main__":
    KINDS = (terminal, display, relay, visited, carried, uninterruptible, serving)
    next(kind for kind in KINDS if kind.__name__ == sys.argv[1])(*sys.argv[2:])
