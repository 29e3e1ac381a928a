"""Servers that never end what they send: whatever they do, a probe ends, and says something.

None of these servers stops by itself, so a probe that waits for its end runs into the time limit
of the test. What they send is bounded in bytes as well: some send as fast as the machine can.
"""

from __future__ import annotations

import itertools
import ssl
import struct
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from portview.domain.cancellation import CancelToken
from portview.domain.user_input.targets import Target, UrlTarget
from portview.domain.verdicts import Verdict
from portview.probes.connecting import close_at_once
from portview.probes.first_open import connect_first_open
from portview.probes.greeting import GREETING_BYTES, read_greeting
from portview.probes.http import probe_http
from portview.probes.ladder import climb
from portview.probes.scan import ScanOptions, scan
from portview.probes.tls import probe_tls
from portview.probes.wait import serves, wait_for

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable

LIMIT_MS = 250
pytestmark = pytest.mark.timeout(60)


def endless(beginning: bytes, again: bytes, *, listens: bool = True) -> Any:
    """Say something first and then the same thing for ever, as fast as the other side reads."""

    def talk(connection: socket.socket) -> None:
        if listens:
            connection.recv(65536)
        connection.sendall(beginning)
        block = again * max(1, 4096 // len(again))
        while True:
            connection.sendall(block)

    return talk


def dripping(beginning: bytes, drop: bytes, *, listens: bool = True) -> Any:
    """Say something first and then one drop after the other, so that no single wait is long."""

    def talk(connection: socket.socket) -> None:
        if listens:
            connection.recv(65536)
        connection.sendall(beginning)
        connection.settimeout(0.01)
        while True:
            connection.sendall(drop)
            try:
                if not connection.recv(65536):
                    return
            except TimeoutError:
                continue

    return talk


def once(words: bytes) -> Any:
    """Say something, and nothing more, but hold the connection."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(words)
        while connection.recv(65536):
            pass

    return talk


def hanging_up(connection: socket.socket) -> None:
    connection.recv(65536)


def resetting(connection: socket.socket) -> None:
    close_at_once(connection)


def redirecting(headers: Callable[[int], bytes]) -> Any:
    numbers = itertools.count()

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + headers(next(numbers))
        connection.sendall(head + b"\r\n")

    return talk


def record(kind: int, payload: bytes) -> bytes:
    """Make one record of TLS 1.2."""
    return struct.pack(">BHH", kind, 0x0303, len(payload)) + payload


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
WEB_SERVERS: dict[str, Any] = {
    "100 Continue": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103 Early Hints, slowly": dripping(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "interim answers with huge headers": endless(
        b"", b"HTTP/1.1 102 Processing\r\nX: " + b"x" * 60000 + b"\r\n\r\n"
    ),
    "header lines": endless(OK, b"X-Header: value\r\n"),
    "one header line": endless(OK + b"X-Header: ", b"x"),
    "a folded header": endless(OK + b"X-Header: a\r\n", b" b\r\n"),
    "a status line": endless(b"HTTP/1.1 200 ", b"OK "),
    "a header, slowly": dripping(OK + b"X: ", b"x"),
    "body": endless(OK + b"\r\n", b"x"),
    "body, slowly": dripping(OK + b"\r\n", b"x"),
    "a long body, slowly": dripping(OK + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "a body of an impossible length": dripping(
        OK + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n", b"x"
    ),
    "a negative length": once(OK + b"Content-Length: -5\r\n\r\n"),
    "two lengths": once(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    "chunks": endless(CHUNKED, b"1\r\nx\r\n"),
    "chunks, slowly": dripping(CHUNKED, b"1\r\nx\r\n"),
    "trailers": endless(CHUNKED + b"0\r\n", b"X-Trailer: value\r\n"),
    "trailers, slowly": dripping(CHUNKED + b"0\r\n", b"X-Trailer: value\r\n"),
    "a chunk extension": endless(CHUNKED + b"1;x=", b"y"),
    "a chunk size": endless(CHUNKED, b"0"),
    "a negative chunk size": once(CHUNKED + b"-5\r\nhello\r\n"),
    "an event stream": dripping(OK + b"Content-Type: text/event-stream\r\n\r\n", b"data: x\n\n"),
    "an error page": endless(b"HTTP/1.1 500 No\r\nContent-Type: text/html\r\n\r\n", b"<title>"),
    "redirects to ever new places": redirecting(lambda n: b"Location: /%d\r\n" % n),
    "redirects with ever new cookies": redirecting(
        lambda n: b"Location: /\r\n" + b"Set-Cookie: a%d=b\r\n" % n * 200
    ),
    "a redirect to a huge place": redirecting(lambda _: b"Location: /" + b"x" * 60000 + b"\r\n"),
    "a redirect place": endless(b"HTTP/1.1 302 Found\r\nLocation: /", b"x"),
    "a page without a header": endless(b"<html>", b"<p>"),
    "101 Switching Protocols": endless(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"x"
    ),
    "garbage": endless(b"", b"\xde\xad"),
    "zeros": endless(b"", b"\0"),
    "empty lines": endless(b"", b"\r\n"),
    "nothing": once(b""),
    "hanging up": hanging_up,
    "resetting": resetting,
}
TLS_SERVERS: dict[str, Any] = {
    "HelloRequest": endless(b"", record(22, b"\0\0\0\0")),
    "HelloRequest, slowly": dripping(b"", record(22, b"\0\0\0\0")),
    "warnings": endless(b"", record(21, b"\x01\x5a")),
    "warnings, slowly": dripping(b"", record(21, b"\x01\x5a")),
    "empty records": endless(b"", record(22, b"")),
    "ChangeCipherSpec": endless(b"", record(20, b"\x01")),
    "a handshake message": endless(record(22, b"\x02\xff\xff\xff"), record(22, b"x" * 1000)),
    "a handshake message, slowly": dripping(b"\x16\x03\x03\x40\x00\x02\xff\xff\xff", b"x"),
    "application data": endless(b"", record(23, b"x" * 1000)),
}
PLAIN_SERVERS: dict[str, Any] = {
    "a greeting": endless(b"220 ", b"x", listens=False),
    "a greeting, slowly": dripping(b"220 ", b"x", listens=False),
    "greeting lines": endless(b"", b"220-mail.example ESMTP\r\n", listens=False),
    "SMTP features": endless(b"220 ESMTP\r\n250-a\r\n", b"250-STARTTLS\r\n", listens=False),
    "IMAP remarks": endless(b"* OK IMAP4\r\n", b"* OK still here\r\n", listens=False),
    "IMAP remarks, slowly": dripping(b"* OK IMAP4\r\n", b"* OK still here\r\n", listens=False),
    "POP3": endless(b"+OK POP3\r\n+", b"OK", listens=False),
    "MySQL": endless(b"\xff\xff\xff\x00\x0a8.0\x00", b"x", listens=False),
    "LDAP": endless(b"\x30\x84\xff\xff\xff\xff\x02\x01\x01\x78", b"x"),
    "PostgreSQL that never continues": once(b"S"),
}
EVERYBODY = {**WEB_SERVERS, **TLS_SERVERS, **PLAIN_SERVERS}


def every(servers: Iterable[str]) -> Any:
    return pytest.mark.parametrize("name", list(servers))


@every(EVERYBODY)
def test_an_http_probe_ends(conversation: Any, name: str) -> None:
    port = conversation(EVERYBODY[name]).port
    url = UrlTarget(is_tls=False, target=Target("127.0.0.1", port), path="/")
    report = probe_http(url, timeout_ms=LIMIT_MS)
    assert report.detail.endswith(".")
    assert len(report.detail) < 2000
    assert "bytearray" not in report.detail
    assert "[Errno" not in report.detail
    assert report.body_bytes <= 1_000_000
    if name not in WEB_SERVERS:
        assert report.verdict is Verdict.FAILED


@every({**TLS_SERVERS, **PLAIN_SERVERS, "header lines": None, "nothing": None, "resetting": None})
def test_an_https_probe_ends(conversation: Any, name: str) -> None:
    port = conversation(EVERYBODY[name]).port
    url = UrlTarget(is_tls=True, target=Target("127.0.0.1", port), path="/")
    report = probe_http(url, timeout_ms=LIMIT_MS)
    assert report.verdict is Verdict.FAILED
    assert report.detail.endswith(".")


@every(EVERYBODY)
def test_a_tls_probe_ends(conversation: Any, name: str) -> None:
    port = conversation(EVERYBODY[name]).port
    report = probe_tls(Target("127.0.0.1", port), timeout_ms=LIMIT_MS)
    assert report.verdict is Verdict.FAILED
    assert report.detail.endswith(".")
    assert len(report.detail) < 2000
    assert "ssl.c" not in report.detail
    assert "bytearray" not in report.detail


@every(["a greeting", "a greeting, slowly", "nothing", "resetting", "100 Continue", "garbage"])
def test_ladder_scan_and_wait_end(conversation: Any, name: str) -> None:
    port = conversation(EVERYBODY[name]).port
    report = climb(port, (), timeout_ms=LIMIT_MS)
    assert report.steps
    found = scan("127.0.0.1", (port,), options=ScanOptions(timeout_ms=LIMIT_MS, wants_banner=True))
    assert [one.port for one in found.open] == [port]
    assert len(found.open[0].banner) <= GREETING_BYTES
    url = UrlTarget(is_tls=False, target=Target("127.0.0.1", port), path="/")
    assert not wait_for([serves(url)], timeout_ms=LIMIT_MS).is_met


@every(["a greeting", "a greeting, slowly", "greeting lines", "zeros"])
def test_a_greeting_is_short(conversation: Any, name: str) -> None:
    target = Target("127.0.0.1", conversation(EVERYBODY[name]).port)
    _, _, connection = connect_first_open(target, 5000, CancelToken())
    with connection:
        assert len(read_greeting(connection, LIMIT_MS, CancelToken())) <= GREETING_BYTES


class TlsServer:
    """Speaks TLS for real on one connection, and then continues for ever."""

    def __init__(self, again: bytes) -> None:
        self._again = again
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(self._context)
        self.handshakes = threading.Semaphore(0)

    def __call__(self, connection: socket.socket) -> None:
        try:
            with self._context.wrap_socket(connection, server_side=True) as secure:
                self.handshakes.release()
                while True:
                    secure.sendall(self._again * 1000)
        except ssl.SSLError:
            pass


@pytest.mark.parametrize("again", [b"x", OK, b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_what_never_ends_within_tls_ends(conversation: Any, again: bytes) -> None:
    talk = TlsServer(again)
    port = conversation(talk).port
    url = UrlTarget(is_tls=True, target=Target("127.0.0.1", port), path="/")
    report = probe_http(url, timeout_ms=2000, is_certificate_checked=False)
    assert talk.handshakes.acquire(timeout=0)
    assert report.verdict is Verdict.FAILED
    assert probe_tls(Target("127.0.0.1", port), timeout_ms=2000).version


def test_a_chunk_of_negative_size_breaks_the_answer_off(conversation: Any) -> None:
    port = conversation(WEB_SERVERS["a negative chunk size"]).port
    report = probe_http(
        UrlTarget(is_tls=False, target=Target("127.0.0.1", port), path="/"), timeout_ms=5000
    )
    assert (report.verdict, report.status) == (Verdict.FAILED, 200)
    assert report.detail.endswith("But the response was cut off: illegal chunk header.")
