"""One HTTP request and its answer, through urllib3 on a connection of our own."""

from __future__ import annotations

import http.client
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.util.ssltransport import SSLTransport

from portview.domain.plain_text import quoted
from portview.domain.user_input.parsing import format_duration
from portview.probes.bounded_socket import BoundedSocket
from portview.probes.first_open import connect_first_open
from portview.probes.greeting import printable
from portview.probes.tls import openssl_reason, probe_tls

if TYPE_CHECKING:
    import socket

    from portview.domain.cancellation import CancelToken
    from portview.domain.sockets.socket_row import Endpoint
    from portview.domain.user_input.targets import UrlTarget

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
    with BoundedSocket(raw, timeout_ms - connect_ms, cancel) as bounded:
        try:
            context = _tls_context(ca_file, is_checked=is_certificate_checked)
            talker = _secured(bounded, context, url.target.host) if url.is_tls else bounded
            answer = _converse(talker, url, max_body_bytes)
            failure = None
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            failure = error
    if failure is not None:
        # After the connection is closed: a server that serves one at a time is asked once more.
        raise _explained(url, failure, ca_file, timeout_ms, cancel) from failure
    status, reason, server, location, body = answer
    elapsed_ms = (time.perf_counter() - started) * 1000
    cut = body[:max_body_bytes]
    return Answer(address, status, reason, server, location, cut, len(body) > len(cut), elapsed_ms)


def _secured(bounded: BoundedSocket, context: ssl.SSLContext, host: str) -> socket.socket:
    # The ssl module would take the handle out of the bounded socket; this one talks through it.
    transport: Any = SSLTransport(bounded, context, server_hostname=host.partition("%")[0])
    secured: socket.socket = transport
    return secured


def _tls_context(ca_file: str | None, *, is_checked: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    if not is_checked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _converse(
    talker: socket.socket, url: UrlTarget, max_body_bytes: int
) -> tuple[int, str, str, str, bytes]:
    connection = HTTPConnection(url.target.host, url.target.port)
    connection.sock = talker
    headers = {
        "Host": str(url).split("/")[2],
        # Not compressed: a small answer can't turn into a huge one, and text can be searched.
        "Accept-Encoding": "identity",
        "User-Agent": "PortView",
        "Connection": "close",
    }
    try:
        connection.request("GET", url.path, headers=headers, preload_content=False)
        response = connection.getresponse()
        return _read(response, max_body_bytes)
    finally:
        connection.close()


def _read(response: urllib3.HTTPResponse, max_body_bytes: int) -> tuple[int, str, str, str, bytes]:
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
    if isinstance(reason, TimeoutError):
        return _silent(timeout_ms)
    if isinstance(reason, ssl.SSLError):
        found = probe_tls(url.target, ca_file=ca_file, timeout_ms=timeout_ms, cancel=cancel)
        if not found.verdict.is_good:
            return ExchangeError(found.detail, found.hint)
        return ExchangeError(f"TLS failed: {openssl_reason(reason)}.")
    if isinstance(reason, http.client.RemoteDisconnected):
        return ExchangeError(
            "It accepts connections, but hung up without an answer.",
            "The server may expect another protocol, or close connections from this address.",
        )
    if isinstance(reason, http.client.BadStatusLine):
        return _not_http(str(reason.args[0] if reason.args else "").strip("'\""))
    return ExchangeError(f"The HTTP answer broke off: {printable(str(reason).encode())}.")


def _not_http(said: str) -> ExchangeError:
    if said.encode("latin-1", "replace").startswith(_TLS_ALERT):
        return ExchangeError("This port speaks TLS.", "Use https:// instead of http://.")
    return ExchangeError(
        f"It answers, but not in HTTP; it said {quoted(printable(said.encode()))}.",
        "Another kind of server has this port.",
    )


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
