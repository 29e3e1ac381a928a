"""One HTTP request and its answer, parsed by h11, on a connection that is bounded in everything."""

from __future__ import annotations

import re
import ssl
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import h11

from portview.domain.plain_text import quoted
from portview.domain.user_input.parsing import format_duration
from portview.i18n import _
from portview.probes.first_open import connect_first_open
from portview.probes.greeting import printable
from portview.probes.known_protocols import WireProtocol, protocol_of
from portview.probes.protocol_question import ask_for_protocol
from portview.probes.tls import probe_tls
from portview.probes.tls_handshake import HandshakeError, TlsStream
from portview.probes.tls_words import openssl_reason
from portview.probes.wire import TooMuchDataError, Wire

if TYPE_CHECKING:
    from portview.domain.cancellation import CancelToken
    from portview.domain.sockets.socket_row import Endpoint
    from portview.domain.user_input.targets import UrlTarget
    from portview.probes.deadline import Deadline
    from portview.probes.wire import ByteStream

_MAX_HEADER_BYTES = 512 * 1024
"""Browsers take 256 KiB (Chromium) to 384 KiB (Firefox) of headers."""

_MAX_INTERIM_ANSWERS = 50
_STREAM_MS = 300
"""How much of a stream of events is waited for: its status is final with its header."""

_STREAM_TYPES = ("text/event-stream", "multipart/x-mixed-replace")
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?\s+(\d{3})(?:\s+([^\r\n]*))?\r?\n")
_ACCEPT = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
"""As browsers ask: servers of single-page programs answer other paths for text/html only."""


class BodyEnd(Enum):
    """How reading a body ended."""

    COMPLETE = "complete"
    CUT = "cut"
    """Longer than what is looked at."""
    STILL_COMING = "still coming"  # untranslated: a code
    """Time was over first."""
    BROKEN = "broken"
    """The connection ended in the middle, or what came is not a valid HTTP."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What to ask for, and whom to trust: ``ca_file`` (PEM) or else this machine's issuers."""

    url: UrlTarget
    ca_file: str | None = None
    is_certificate_checked: bool = True
    cookie: str = ""
    max_body_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; ``body`` is cut at the limit. Texts and body are untrusted.

    ``declared_bytes`` is the length that the header promises. ``mistake`` is what is wrong with
    the answer as HTTP, where its status can be read all the same.
    """

    address: Endpoint
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    body_end: BodyEnd
    elapsed_ms: float
    mistake: str = ""

    def header(self, name: str) -> str:
        """Return the first header of a name in small letters, empty where there is none."""
        return next((value for one, value in self.headers if one == name), "")

    @property
    def declared_bytes(self) -> int | None:
        """Return the length of the body that the header promises, None where it does not."""
        text = self.header("content-length").partition(",")[0].strip()
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None  # noqa: PLR2004


class ExchangeError(Exception):
    """A server that accepted the connection, but did not answer in HTTP."""

    def __init__(self, detail: str, hint: str = "", *, is_tls: bool = False) -> None:
        """Keep what to report people, and whether the server answered plain HTTP with TLS."""
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.is_tls = is_tls


def exchange(request: HttpRequest, deadline: Deadline, cancel: CancelToken) -> Answer:
    """Send GET and read the answer.

    Raises NotConnectedError, ExchangeError, and Cancelled at once.
    """
    started = time.perf_counter()
    target = request.url.target
    address, _ms, connection = connect_first_open(target, deadline.left_ms, cancel)
    wire = Wire(connection, deadline, cancel)
    try:
        with connection:
            stream = _stream(wire, request)
            answer = _Conversation(stream, wire, request).run(address, started)
    except (OSError, HandshakeError, EOFError, h11.RemoteProtocolError) as error:
        # After the connection is closed: a server that serves one at a time is asked once more.
        raise _explained(request, error, wire, cancel) from error
    return answer


def _stream(wire: Wire, request: HttpRequest) -> ByteStream:
    if not request.url.is_tls:
        return wire
    context = ssl.create_default_context(cafile=request.ca_file)
    if not request.is_certificate_checked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    stream = TlsStream(wire, context, request.url.target.host)
    stream.shake_hands()
    return stream


class _Conversation:
    """Sends one request and takes in what comes back."""

    def __init__(self, stream: ByteStream, wire: Wire, request: HttpRequest) -> None:
        self._stream, self._wire, self._request = stream, wire, request
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEADER_BYTES)
        self._head = b""
        self._is_ended = False

    def run(self, address: Endpoint, started: float) -> Answer:
        """Return the answer. Raises OSError, EOFError, RemoteProtocolError where there is none."""
        self._ask()
        mistake = ""
        try:
            response = self._response()
        except h11.RemoteProtocolError as error:
            status, reason = self._status_line(error)
            headers: tuple[tuple[str, str], ...] = ()
            mistake = _mistake(error)
            body, end = b"", BodyEnd.BROKEN
        else:
            status, reason = response.status_code, _text(response.reason)
            headers = tuple((_text(name), _text(value)) for name, value in response.headers)
            body, end, mistake = self._body(headers)
        elapsed_ms = (time.perf_counter() - started) * 1000
        return Answer(address, status, reason, headers, body, end, elapsed_ms, mistake)

    def _ask(self) -> None:
        request = self._request
        headers: list[tuple[bytes, bytes]] = [
            (b"Host", _host_header(request.url)),
            (b"Accept", _ACCEPT),
            # Not compressed: a small answer can't turn into a huge one, and text can be searched.
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", b"PortView"),
            (b"Connection", b"close"),
        ]
        if request.cookie:
            headers.append((b"Cookie", request.cookie.encode("latin-1", "replace")))
        event = h11.Request(method="GET", target=_ascii_path(request.url.path), headers=headers)
        self._stream.send(self._http.send(event) or b"")
        self._stream.send(self._http.send(h11.EndOfMessage()) or b"")

    def _response(self) -> h11.Response:
        """Return the final answer's head; interim ones (1xx, RFC 9110, 15.2) are passed over."""
        for _number in range(_MAX_INTERIM_ANSWERS):
            event = self._next_event()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                break
        raise h11.RemoteProtocolError(_("it sends interim answers without end"))

    def _body(self, headers: tuple[tuple[str, str], ...]) -> tuple[bytes, BodyEnd, str]:
        kind = dict(headers).get("content-type", "").lower()
        if kind.startswith(_STREAM_TYPES):
            self._wire.deadline = self._wire.deadline.within(_STREAM_MS)
        body = bytearray()
        most = self._request.max_body_bytes
        end, mistake = BodyEnd.COMPLETE, ""
        try:
            while len(body) <= most:
                event = self._next_event()
                if not isinstance(event, h11.Data):
                    break
                body += event.data
            else:
                end = BodyEnd.CUT
        except TimeoutError:
            end = BodyEnd.STILL_COMING
        except TooMuchDataError:
            end = BodyEnd.CUT
        except (OSError, EOFError, h11.RemoteProtocolError) as error:
            end, mistake = BodyEnd.BROKEN, _mistake(error)
        return bytes(body[:most]), end, mistake

    def _next_event(self) -> object:
        """Return h11's next event, receiving what it needs for it."""
        while True:
            self._wire.deadline.check()
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            received = self._stream.receive()
            self._is_ended = not received
            self._head = (self._head + received)[: _MAX_HEADER_BYTES // 64]
            if not received and not self._head:
                raise EOFError
            self._http.receive_data(received)

    def _status_line(self, error: h11.RemoteProtocolError) -> tuple[int, str]:
        """Return status and reason of an answer that is not a valid HTTP otherwise."""
        found = _STATUS_LINE.match(self._head)
        if found is None:
            raise error
        return int(found[1]), _text(found[2] or b"")


def _mistake(error: Exception) -> str:
    """Return what went wrong, without the notation of Python in which h11 quotes the bytes."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).partition(": bytearray(")[0]


def _host_header(url: UrlTarget) -> bytes:
    """Return the host as the header has it: a name of another script in its ASCII form."""
    authority = str(url).split("/")[2]
    try:
        return authority.encode("ascii")
    except UnicodeError:
        host, colon, port = authority.partition(":")
    try:
        return host.encode("idna") + (colon + port).encode("ascii")
    except UnicodeError:
        return authority.encode("utf-8")


def _ascii_path(path: str) -> bytes:
    """Return a path as it goes over the wire, without what is not ASCII (RFC 3987, 3.1)."""
    return "".join(
        one if one.isascii() else "".join(f"%{byte:02X}" for byte in one.encode()) for one in path
    ).encode("ascii")


def _text(data: bytes) -> str:
    return bytes(data).decode("utf-8", "replace")


def _silent(deadline: Deadline) -> ExchangeError:
    return ExchangeError(
        _("It accepts connections, but gave no complete HTTP response within {time}.").format(
            time=format_duration(deadline.limit_ms)
        ),
        _("The server may hang, be overloaded, or wait for another protocol."),
    )


def _explained(
    request: HttpRequest, error: Exception, wire: Wire, cancel: CancelToken
) -> ExchangeError:
    deadline = wire.deadline
    if isinstance(error, TimeoutError) or (isinstance(error, HandshakeError) and error.was_silent):
        return _silent(deadline)
    if isinstance(error, HandshakeError | ssl.SSLError):
        return _explained_tls(request, error, deadline, cancel)
    said = b"" if request.url.is_tls else wire.first_bytes
    if isinstance(error, TooMuchDataError) or _STATUS_LINE.match(said):
        return ExchangeError(
            _("The HTTP response is invalid: {reason}.").format(
                reason=printable(str(error).encode())
            )
        )
    protocol = protocol_of(said, request.url.target.port)
    if not said and not request.url.is_tls:
        spoken = ask_for_protocol(request.url.target, b"", deadline, cancel)
        protocol, said = spoken.protocol, spoken.said
    if protocol is not None and protocol is not WireProtocol.HTTP:
        return _another_protocol(protocol, said)
    if said and not isinstance(error, ConnectionError):
        return _not_http(said)
    return ExchangeError(
        _("It accepts connections, but closed the connection without responding."),
        _("The server may expect another protocol, or close connections from this address."),
    )


def _explained_tls(
    request: HttpRequest,
    error: HandshakeError | ssl.SSLError,
    deadline: Deadline,
    cancel: CancelToken,
) -> ExchangeError:
    found = probe_tls(
        request.url.target, ca_file=request.ca_file, timeout_ms=deadline.left_ms, cancel=cancel
    )
    if not found.verdict.is_good:
        return ExchangeError(found.detail, found.hint)
    if found.is_starttls:
        return ExchangeError(
            _("This is no web server: {words}").format(words=found.detail),
            _("Use a client for {protocol}.").format(protocol=found.protocol),
        )
    cause = error.cause if isinstance(error, HandshakeError) else error
    reason = openssl_reason(cause) if cause else _("the server closed the connection")
    return ExchangeError(_("TLS failed: {reason}.").format(reason=reason))


def _another_protocol(protocol: WireProtocol, said: bytes) -> ExchangeError:
    if protocol is WireProtocol.TLS:
        return ExchangeError(
            _("This port speaks TLS."), _("Use https:// instead of http://."), is_tls=True
        )
    words = printable(said)
    detail = _("It answers, but not in HTTP: it speaks {protocol}").format(protocol=protocol.value)
    if words and words.isascii():
        detail = _("{sentence}; it said {words}").format(sentence=detail, words=quoted(words))
    if protocol is WireProtocol.HTTP_2:
        hint = _("Use a client that begins with HTTP/2, such as curl --http2-prior-knowledge.")
    else:
        hint = _("Use a client for {protocol}, or ask another port.").format(
            protocol=protocol.value
        )
    return ExchangeError(f"{detail}.", hint)


def _not_http(said: bytes) -> ExchangeError:
    if said.lstrip()[:1] == b"<":
        return ExchangeError(
            _("It sent a page without an HTTP header (HTTP/0.9); it said {words}.").format(
                words=quoted(printable(said))
            ),
            _("Browsers refuse this. See how the server is set up."),
        )
    return ExchangeError(
        _("It answers, but not in HTTP; it said {words}.").format(words=quoted(printable(said))),
        _("Another kind of server uses this port."),
    )
