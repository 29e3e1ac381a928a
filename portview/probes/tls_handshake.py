"""TLS over a bounded connection: the handshake, what it showed, and the stream on top of it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portview.probes.tls_records import answers_certificate_request, has_certificate_request
from portview.probes.wire import TooMuchDataError

if TYPE_CHECKING:
    from portview.probes.wire import Wire

_MAX_HANDSHAKE_BYTES = 300_000
"""Three times what OpenSSL takes of certificates (SSL_CTX_set_max_cert_list)."""

_CHUNK = 65536
_TLS_1_3 = "TLSv1.3"


@dataclass(frozen=True, slots=True)
class Handshake:
    """What two sides agreed on.

    ``certificate`` is the server's, in DER, empty if it sent none; ``chain`` is all that it sent,
    its own first.
    """

    version: str
    cipher: str
    certificate: bytes
    chain: tuple[bytes, ...] = ()
    wants_client_certificate: bool = False


class HandshakeError(Exception):
    """A handshake that did not come about; ``received`` is what the server had said first.

    ``cause`` is the TLS library's error, None where the server fell silent or hung up.
    """

    def __init__(
        self,
        received: bytes,
        cause: ssl.SSLError | None,
        *,
        was_silent: bool,
        wants_client_certificate: bool = False,
    ) -> None:
        """Keep what is known about the failure."""
        super().__init__(str(cause) if cause else "")
        self.received = received
        self.cause = cause
        self.was_silent = was_silent
        self.wants_client_certificate = wants_client_certificate


class TlsStream:
    """A byte stream under TLS. ``shake_hands`` comes first.

    Calls raise what ``Wire`` raises, and ssl.SSLError.
    """

    def __init__(self, wire: Wire, context: ssl.SSLContext, server_name: str) -> None:
        """Prepare a session for a server called ``server_name``."""
        self._wire = wire
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._received = bytearray()
        self._last_flight = b""
        self._session = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name.partition("%")[0]
        )

    def shake_hands(self) -> Handshake:
        """Do the handshake. Raises HandshakeError, also where the server hangs up; Cancelled."""
        try:
            while not self._step():
                self._fill()
                if len(self._received) > _MAX_HANDSHAKE_BYTES:
                    raise self._failure(None, was_silent=False)
        except ssl.SSLError as error:
            raise self._failure(error, was_silent=False) from error
        except TimeoutError as error:
            raise self._failure(None, was_silent=True) from error
        except (ConnectionError, EOFError, TooMuchDataError) as error:
            raise self._failure(None, was_silent=False) from error
        return self._agreed()

    def hear_refusal(self, most_ms: float) -> ssl.SSLError | EOFError | None:
        """Return how the server refuses what the handshake of TLS 1.3 left open, None if it agrees.

        There the server checks the client's certificate after the client has finished, and says
        so with an alert (RFC 8446, 4.4.2.4). A server that agrees sends tickets, or waits.
        """
        if self._session.version() != _TLS_1_3:
            return None
        waiting_since = len(self._received)
        self._wire.deadline = self._wire.deadline.within(most_ms)
        try:
            while len(self._received) == waiting_since:
                self._fill()
                self._session.read(1)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError, TimeoutError, TooMuchDataError):
            return None
        except ssl.SSLError as error:
            return error
        except (ConnectionError, EOFError):
            return EOFError()
        return None

    def send(self, data: bytes) -> None:
        """Send everything."""
        self._session.write(data)
        self._flush()

    def receive(self) -> bytes:
        """Return what came next, nothing where the other side ended the stream."""
        while True:
            try:
                return self._session.read(_CHUNK)
            except ssl.SSLWantReadError:
                self._flush()
                try:
                    self._fill()
                except EOFError:
                    return b""
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def _step(self) -> bool:
        """Continue with the handshake and return whether it is done."""
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError:
            # The alert that reports the server why is still to be sent, if it can be.
            self._flush_quietly()
            raise
        self._flush()
        return True

    def _flush_quietly(self) -> None:
        try:
            self._flush()
        except OSError:
            return

    def _flush(self) -> None:
        unsent = self._outgoing.read()
        if unsent:
            self._last_flight = unsent
            self._wire.send(unsent)

    def _fill(self) -> None:
        chunk = self._wire.receive()
        if not chunk:
            raise EOFError
        if len(self._received) <= _MAX_HANDSHAKE_BYTES:
            self._received += chunk
        self._incoming.write(chunk)

    def _agreed(self) -> Handshake:
        session = self._session
        cipher = session.cipher()
        name = cipher[0] if cipher else ""
        version = session.version() or ""
        wants = (
            answers_certificate_request(self._last_flight, name)
            if version == _TLS_1_3
            else has_certificate_request(bytes(self._received))
        )
        certificate = session.getpeercert(binary_form=True) or b""
        return Handshake(version, name, certificate, _chain(session), wants)

    def _failure(self, cause: ssl.SSLError | None, *, was_silent: bool) -> HandshakeError:
        received = bytes(self._received)
        return HandshakeError(
            received[:512],
            cause,
            was_silent=was_silent,
            wants_client_certificate=has_certificate_request(received),
        )


def _chain(session: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return all certificates that the server sent, in DER.

    Public from Python 3.13 on; before, the C object behind the session has it since 3.10.
    """
    inner: Any = session if hasattr(session, "get_unverified_chain") else session._sslobj  # type: ignore[attr-defined]  # noqa: SLF001
    try:
        chain = inner.get_unverified_chain() or ()
    except (AttributeError, ssl.SSLError):
        return ()
    return tuple(one if isinstance(one, bytes) else _der(one) for one in chain)


def _der(certificate: Any) -> bytes:
    """Turn the C object's certificate into DER: ``_ssl.ENCODING_DER`` is 2."""
    return bytes(certificate.public_bytes(2))
