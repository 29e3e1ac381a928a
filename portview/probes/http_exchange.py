"""One HTTP request and its answer, through urllib3 on a connection of our own."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3
from typing_extensions import override
from urllib3.connection import HTTPConnection, HTTPSConnection

from portview.domain.typed_input import format_duration
from portview.probes.first_open import connect_first_open
from portview.probes.greeting import printable
from portview.probes.tls import openssl_reason, probe_tls
from portview.probes.waiting import breaking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.cancellation import CancelToken
    from portview.domain.sockets import Endpoint
    from portview.domain.targets import UrlTarget

_CHUNK = 65536
_TLS_ALERT = b"\x15\x03"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; ``body`` is cut at the limit. Texts and body are untrusted."""

    address: Endpoint
    status: int
    reason: str
    server: str
    location: str
    body: bytes
    is_body_cut: bool
    elapsed_ms: float


class ExchangeError(Exception):
    """A server that accepted the connection, but did not answer in HTTP."""

    def __init__(self, detail: str, hint: str = "") -> None:
        """Keep what to tell people."""
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


def exchange(
    url: UrlTarget,
    ca_file: str | None,
    timeout_ms: float,
    max_body_bytes: int,
    cancel: CancelToken,
    *,
    is_certificate_checked: bool = True,
) -> Answer:
    """Send GET and read the answer.

    Raises NotConnectedError, ExchangeError, and Cancelled at once.
    """
    started = time.perf_counter()
    address, connect_ms, raw = connect_first_open(url.target, timeout_ms, cancel)
    left_ms = max(1.0, timeout_ms - connect_ms)
    raw.settimeout(left_ms / 1000)
    # Wrapping in TLS takes the socket over, but a duplicate still shuts down the connection.
    with raw, raw.dup() as handle, _deadline(handle, left_ms) as expired:
        connection = _connection(url, raw, ca_file, is_certificate_checked=is_certificate_checked)
        try:
            with breaking(handle, cancel):
                answer = _converse(connection, url, max_body_bytes)
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            cancel.raise_if_cancelled()
            if expired.is_set() or isinstance(error, TimeoutError):
                raise _silent(timeout_ms) from error
            raise _explained(url, error, ca_file, timeout_ms, cancel) from error
        finally:
            connection.close()
    cancel.raise_if_cancelled()
    if expired.is_set():
        raise _silent(timeout_ms)
    status, reason, server, location, body = answer
    elapsed_ms = (time.perf_counter() - started) * 1000
    cut = body[:max_body_bytes]
    return Answer(address, status, reason, server, location, cut, len(body) > len(cut), elapsed_ms)


@contextmanager
def _deadline(handle: socket.socket, left_ms: float) -> Iterator[threading.Event]:
    """Break the connection in time: a socket's timeout counts anew with each byte that drips in."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        with suppress(OSError):  # the server was quicker
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(left_ms / 1000, expire)
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()
        timer.join()


def _connection(
    url: UrlTarget, raw: socket.socket, ca_file: str | None, *, is_certificate_checked: bool
) -> HTTPConnection:
    """Make urllib3's connection, which is to use the one that is there already."""
    host, port = url.target.host, url.target.port
    if not url.is_tls:
        plain = _Plain(host, port)
        plain.ready = raw
        return plain
    context = ssl.create_default_context(cafile=ca_file)
    if not is_certificate_checked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    secure = _Secure(host, port, ssl_context=context, cert_reqs=context.verify_mode)
    secure.ready = raw
    return secure


class _Plain(HTTPConnection):
    ready: socket.socket

    @override
    def _new_conn(self) -> socket.socket:
        return self.ready


class _Secure(HTTPSConnection):
    ready: socket.socket

    @override
    def _new_conn(self) -> socket.socket:
        return self.ready


def _converse(
    connection: HTTPConnection, url: UrlTarget, max_body_bytes: int
) -> tuple[int, str, str, str, bytes]:
    # Not compressed: a small answer can't turn into a huge one, and the text can be searched.
    headers = {"Accept-Encoding": "identity", "User-Agent": "PortView", "Connection": "close"}
    connection.request("GET", url.path, headers=headers, preload_content=False)
    response = connection.getresponse()
    try:
        body = b""
        while len(body) <= max_body_bytes:
            chunk = response.read(_CHUNK, decode_content=False)
            if not chunk:
                break
            body += chunk
    finally:
        response.close()
    return (
        response.status,
        response.reason or "",
        response.headers.get("Server", ""),
        response.headers.get("Location", ""),
        body,
    )


def _silent(timeout_ms: float) -> ExchangeError:
    return ExchangeError(
        "It accepts connections, but gave no complete HTTP answer within "
        f"{format_duration(timeout_ms)}.",
        "The server may hang, be overloaded, or wait for another protocol.",
    )


def _explained(
    url: UrlTarget,
    error: Exception,
    ca_file: str | None,
    timeout_ms: float,
    cancel: CancelToken,
) -> ExchangeError:
    reason = _innermost(error)
    if isinstance(reason, ssl.SSLError):
        found = probe_tls(url.target, ca_file=ca_file, timeout_ms=timeout_ms, cancel=cancel)
        if not found.verdict.is_good:
            return ExchangeError(found.detail, found.hint)
        return ExchangeError(f"TLS failed: {openssl_reason(reason)}.")
    if isinstance(reason, http.client.BadStatusLine):
        said = str(reason.args[0] if reason.args else "").strip("'\"")
        if said.encode("latin-1", "replace").startswith(_TLS_ALERT):
            return ExchangeError("This port speaks TLS.", "Use https:// instead of http://.")
        if isinstance(reason, http.client.RemoteDisconnected):
            return ExchangeError(
                "It accepts connections, but hung up without an answer.",
                "The server may expect another protocol, or close connections from this address.",
            )
        return ExchangeError(
            f"It answers, but not in HTTP; it said {printable(said.encode())!r}.",
            "Another kind of server has this port.",
        )
    return ExchangeError(f"The HTTP answer broke off: {printable(str(reason).encode())}.")


def _innermost(error: Exception) -> BaseException:
    """Dig out what urllib3 wraps."""
    current: BaseException = error
    while True:
        inner = next((one for one in current.args if isinstance(one, BaseException)), None)
        if inner is None:
            inner = getattr(current, "reason", None)
        if not isinstance(inner, BaseException):
            return current
        current = inner
