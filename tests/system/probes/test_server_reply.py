"""What becomes of a connection to a server of this machine."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from portview.probes.server_reply import ReplyKind, call_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def server(serve: Callable[[socket.socket], None], port: int = 0) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", port)) as listener:

        def run() -> None:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                serve(client)

        thread = threading.Thread(target=run)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(timeout=10)


@pytest.mark.parametrize(
    ("said", "speaks"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "ssh"),
        (b"220 mail.example ESMTP\r\n", "smtp"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "tls"),
        (b"hello\r\n", ""),
    ],
)
def test_a_greeting_tells_what_is_spoken(said: bytes, speaks: str) -> None:
    def greet(client: socket.socket) -> None:
        client.sendall(said)
        with suppress(ConnectionError):  # the probe hangs up with a reset
            client.recv(10)

    with server(greet) as port:
        reply = call_server("127.0.0.1", port)
    assert (reply.kind, reply.speaks) == (ReplyKind.SPOKE, speaks)


def test_nothing_is_sent_to_a_printer() -> None:
    got: list[bytes] = []

    def read(client: socket.socket) -> None:
        try:
            got.append(client.recv(100))
        except ConnectionError:
            got.append(b"")

    for port in range(9100, 9108):
        try:
            with server(read, port):
                reply = call_server("127.0.0.1", port)
        except OSError:
            continue  # somebody has it
        break
    else:
        pytest.skip("every port of printers is taken here")
    assert reply.kind is ReplyKind.SILENT
    assert got == [b""]


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert call_server("127.0.0.1", port).kind is ReplyKind.REFUSED


def test_whether_it_was_taken_is_asked_of_a_silent_one_alone() -> None:
    asked: list[int] = []

    def wait(client: socket.socket) -> None:
        with suppress(ConnectionError):
            while client.recv(1000):
                pass

    with server(wait) as port:
        reply = call_server("127.0.0.1", port, lambda own: asked.append(own) or True)
    assert reply.kind is ReplyKind.SILENT
    assert reply.was_accepted is True
    assert len(asked) == 1
