"""Machines to probe: this one, and two that are network namespaces of the test's own."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.netns import joined_machines, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.netns import Namespace


@pytest.fixture
def listener() -> Iterator[Callable[..., socket.socket]]:
    """Open listening sockets that never accept; the backlog answers for them."""
    opened: list[socket.socket] = []

    def listen(address: str = "127.0.0.1", port: int = 0) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server = socket.socket(family, socket.SOCK_STREAM)
        opened.append(server)
        server.bind((address, port))
        server.listen()
        return server

    yield listen
    for server in opened:
        server.close()


@pytest.fixture
def free_port() -> Iterator[Callable[..., int]]:
    """Name ports that nobody listens on, kept from others by a bound socket."""
    held: list[socket.socket] = []

    def find(address: str = "127.0.0.1") -> int:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        holder = socket.socket(family, socket.SOCK_STREAM)
        held.append(holder)
        holder.bind((address, 0))
        return int(holder.getsockname()[1])

    yield find
    for holder in held:
        holder.close()


class Conversation:
    """A TCP server on 127.0.0.1 that handles each connection with one callable."""

    def __init__(self, talk: Callable[[socket.socket], None]) -> None:
        self._talk = talk
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._talkers: list[threading.Thread] = []
        self._is_closing = False
        self.port = int(self._server.getsockname()[1])
        self.accepted = threading.Event()
        self.connection_count = 0
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            if self._is_closing:
                connection.close()
                return
            self.connection_count += 1
            self._open.add(connection)
            self.accepted.set()
            talker = threading.Thread(target=self._handle, args=(connection,), daemon=True)
            self._talkers.append(talker)
            talker.start()

    def _handle(self, connection: socket.socket) -> None:
        try:
            self._talk(connection)
        except OSError:
            pass  # the prober is free to hang up
        finally:
            connection.close()

    def close(self) -> None:
        self._is_closing = True
        # Closing a listening socket does not wake its accept; a last visitor does.
        with socket.create_connection(("127.0.0.1", self.port)):
            self._thread.join()
        self._server.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for talker in self._talkers:
            talker.join()


@pytest.fixture
def conversation() -> Iterator[Callable[[Callable[[socket.socket], None]], Conversation]]:
    """Start TCP servers that talk as the test says."""
    servers: list[Conversation] = []

    def start(talk: Callable[[socket.socket], None]) -> Conversation:
        servers.append(Conversation(talk))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


_RULES = """
table inet doors {
  chain input {
    type filter hook input priority 0
    meta l4proto { tcp, udp } th dport 81 drop
    tcp dport 82 reject with tcp reset
    meta l4proto { tcp, udp } th dport 83 reject with icmpx type admin-prohibited
    meta l4proto { tcp, udp } th dport 84 reject with icmpx type port-unreachable
    meta l4proto { tcp, udp } th dport 85 reject with icmpx type host-unreachable
  }
}
"""


@pytest.fixture(scope="session")
def two_machines() -> Iterator[tuple[Namespace, Namespace]]:
    """Give two namespaces joined by a cable; the second filters ports 81 to 85, each its way."""
    with joined_machines() as (near, far):
        far.run("nft", "-f", "-", text=_RULES)
        yield near, far


@pytest.fixture(scope="session")
def far_servers(two_machines: tuple[Namespace, Namespace]) -> Iterator[None]:
    """Have the far machine listen on TCP 80 to 85 and answer UDP 53, on both families."""
    code = """
import selectors, socket
selector, kept = selectors.DefaultSelector(), []
for port in range(80, 86):
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    selector.register(server, selectors.EVENT_READ, "tcp")
for family, address in ((socket.AF_INET, "10.199.0.2"), (socket.AF_INET6, "fd99::2")):
    echo = socket.socket(family, socket.SOCK_DGRAM)
    echo.bind((address, 7))
    selector.register(echo, selectors.EVENT_READ, "udp")
print("ready")
while True:
    for key, _ in selector.select():
        if key.data == "tcp":
            kept.append(key.fileobj.accept())
        else:
            data, sender = key.fileobj.recvfrom(65535)
            key.fileobj.sendto(data, sender)
"""
    with serving(two_machines[1], code):
        yield
