"""A server that does what it is told, line by line, and says when it is done.

Each line on standard input is a command and its arguments; each answer is one JSON object with the
PID. What it does to its sockets and to itself is what real programs do between a look and an act.
"""

from __future__ import annotations

import array
import ctypes
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import time

LONGEST_LIFE_S = 120
PR_SET_NAME = 15
HELD = "COMMANDED_SOCKETS"
SYS_EXIT = {"x86_64": 60, "aarch64": 93, "riscv64": 93}


class Server:
    """The sockets that it holds, and one method for each command."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        self.children: list[int] = []
        for number in filter(None, os.environ.pop(HELD, "").split(",")):
            self.sockets.append(socket.socket(fileno=int(number)))

    def listen(self, port: str = "0", address: str = "127.0.0.1") -> dict[str, object]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server = socket.socket(family, socket.SOCK_STREAM)
        if sys.platform != "win32":
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind((address, int(port)))
        server.listen()
        self.sockets.append(server)
        return {"port": server.getsockname()[1]}

    def udp(self) -> dict[str, object]:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        self.sockets.append(server)
        return {"port": server.getsockname()[1]}

    def close(self) -> None:
        while self.sockets:
            self.sockets.pop().close()

    def move(self) -> dict[str, object]:
        self.close()
        return self.listen()

    def unbind(self) -> None:
        """Stop listening without closing the file: the socket stays, the port does not."""
        for server in self.sockets:
            server.shutdown(socket.SHUT_RDWR)

    def accept(self) -> None:
        connection, _ = self.sockets[0].accept()
        self.sockets.append(connection)

    def duplicate(self) -> None:
        self.sockets.append(self.sockets[0].dup())

    def exec(self, *argv: str) -> None:
        """Run another program in this process, which keeps the sockets."""
        for server in self.sockets:
            server.set_inheritable(True)
        os.environ[HELD] = ",".join(str(server.fileno()) for server in self.sockets)
        if argv == ("again",):
            argv = (sys.executable, *sys.argv)
        os.execv(argv[0], argv)  # noqa: S606 - the test's own program

    def exec_without(self, *argv: str) -> None:
        """Run another program in this process, which does not get the sockets."""
        os.execv(argv[0], argv)  # noqa: S606 - the test's own program

    def exec_from_memory(self, path: str, *words: str) -> None:
        """Run a program of which no file is left, and keep the sockets."""
        for server in self.sockets:
            server.set_inheritable(True)
        number = os.memfd_create("unnamed")
        with open(path, "rb") as program:  # noqa: PTH123 - loads nothing that is not needed
            os.write(number, program.read())
        os.execv(f"/proc/self/fd/{number}", (path, *words))  # noqa: S606 - the test's own program

    def exec_in_a_thread(self, *argv: str) -> None:
        """Have a second thread run another program, which takes the PID of the first."""
        threading.Thread(target=self.exec, args=argv).start()
        time.sleep(LONGEST_LIFE_S)

    def leave(self) -> None:
        """End the first thread; another one continues to do what it is told."""
        threading.Thread(target=obey, args=(self,)).start()
        answer({})
        exit_thread = ctypes.CDLL(None).syscall
        exit_thread(SYS_EXIT[platform.machine()], 0)

    def daemonize(self) -> None:
        """Fork a child that keeps the sockets and does what it is told, and end."""
        if os.fork():
            os._exit(0)
        os.setsid()

    def alone_in_the_network(self) -> None:
        """Go to a network namespace of its own; the sockets stay where they are."""
        if ctypes.CDLL(None, use_errno=True).unshare(0x40000000):
            raise OSError(ctypes.get_errno(), "unshare")

    def rename(self, name: str) -> None:
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)

    def fork(self, *what: str) -> dict[str, object]:
        """Fork a child that keeps the sockets and stays, or that closes them (``alone``)."""
        child = os.fork()
        if child == 0:
            if what == ("alone",):
                self.close()
            time.sleep(LONGEST_LIFE_S)
            os._exit(0)
        self.children.append(child)
        return {"child": child}

    def spawn(self) -> dict[str, object]:
        """Start a program under this process that holds none of the sockets."""
        child = subprocess.Popen(
            [sys.executable, "-c", f"import time; time.sleep({LONGEST_LIFE_S})"]
        )
        return {"child": child.pid}

    def breed(self, count: str) -> dict[str, object]:
        """Fork children that hold none of the sockets."""
        return {"children": [self.fork("alone")["child"] for _ in range(int(count))]}

    def nest(self, count: str) -> dict[str, object]:
        """Fork a child that forks a child, and so on, all of which hold the sockets."""
        there, here = os.pipe()
        if os.fork() == 0:
            for left in range(int(count), 0, -1):
                os.write(here, f"{os.getpid()}\n".encode())
                if left > 1 and os.fork():
                    break
            time.sleep(LONGEST_LIFE_S)
            os._exit(0)
        with os.fdopen(there) as lines:
            return {"children": [int(next(lines)) for _ in range(int(count))]}

    def commanded(self) -> dict[str, object]:
        """Start a server of this kind under this process; it is told through ``tell``."""
        self.child = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return dict(self._ask("nothing"), child=self.child.pid)

    def tell(self, *words: str) -> dict[str, object]:
        told = self._ask(" ".join(words))
        return {name: value for name, value in told.items() if name != "pid"}

    def _ask(self, line: str) -> dict[str, object]:
        assert self.child.stdin
        assert self.child.stdout
        self.child.stdin.write(f"{line}\n")
        self.child.stdin.flush()
        return dict(json.loads(self.child.stdout.readline()))

    def nothing(self) -> None:
        """Do nothing."""

    def hand(self, path: str) -> None:
        """Hand the first socket to whoever listens there (SCM_RIGHTS), and keep it."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
            way.connect(path)
            numbers = array.array("i", [self.sockets[0].fileno()])
            way.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)])
            way.recv(1)

    def take(self, path: str) -> None:
        """Take a socket that somebody hands over there; the answer to ``wait`` says when."""
        self.way = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.way.bind(path)
        self.way.listen()

    def wait(self) -> None:
        way, _ = self.way.accept()
        with way:
            _, ancillary, _, _ = way.recvmsg(1, socket.CMSG_SPACE(4))
            numbers = array.array("i", ancillary[0][2])
            self.sockets.append(socket.socket(fileno=numbers[0]))
            way.send(b"x")

    def send_to_nobody(self) -> None:
        """Hand the first socket to a queue of which nobody takes it."""
        self.queue = socket.socketpair()
        numbers = array.array("i", [self.sockets[0].fileno()])
        self.queue[0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)])

    def steal(self, pid: str) -> None:
        """Take a duplicate of the first socket of another process, as a debugger can."""
        pidfd = os.pidfd_open(int(pid))
        for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - loads nothing
            if os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):  # noqa: PTH115
                number = ctypes.CDLL(None).syscall(438, pidfd, int(name), 0)
                self.sockets.append(socket.socket(fileno=number))
                return

    def stubborn(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def graceful(self) -> None:
        """Release the port when asked to end, and continue with what is open."""
        signal.signal(signal.SIGTERM, lambda *_: self.close())

    def hand_when_asked(self, path: str) -> None:
        """Hand the socket over when asked to end, and end."""

        def hand_and_end(*_: object) -> None:
            self.hand(path)
            os._exit(0)

        signal.signal(signal.SIGTERM, hand_and_end)

    def fork_when_asked(self) -> None:
        """Leave everything to a child when asked to end, as some servers restart."""

        def leave_to_a_child(*_: object) -> None:
            if os.fork():
                os._exit(0)

        signal.signal(signal.SIGTERM, leave_to_a_child)

    def exec_when_asked(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self.exec("/bin/sleep", str(LONGEST_LIFE_S)))

    def suspend(self) -> None:
        """Suspend itself soon after the answer."""
        if os.fork() == 0:
            os.kill(os.getppid(), signal.SIGSTOP)
            os._exit(0)

    def trace(self, pid: str) -> None:
        """Hold another process as a debugger does (PTRACE_SEIZE, PTRACE_INTERRUPT)."""
        libc = ctypes.CDLL(None, use_errno=True)
        for request in (0x4206, 0x4207):
            if libc.ptrace(request, int(pid), None, None):
                raise OSError(ctypes.get_errno(), "ptrace")
        os.waitpid(int(pid), 0x40000000)

    def undumpable(self) -> None:
        """Keep others of this user from reading what the process has open."""
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)

    def sit_down(self, user_id: str) -> None:
        """Continue as another user."""
        os.setresuid(int(user_id), int(user_id), int(user_id))


def main() -> None:
    obey(Server())


def obey(server: Server) -> None:
    for line in sys.stdin:
        verb, *rest = line.split()
        if verb.startswith("exec"):
            answer({})
        said = getattr(server, verb)(*rest)
        answer(said or {})


def answer(said: dict[str, object]) -> None:
    sys.stdout.write(json.dumps({"pid": os.getpid(), **said}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
