"""One TLS handshake over a non-blocking socket, cancellable at every moment."""

from __future__ import annotations

import selectors
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.probes.waiting import wait_for_socket

if TYPE_CHECKING:
    import socket

    from portview.domain.cancellation import CancelToken

_CHUNK = 65536
_FIRST_WORDS = 64


@dataclass(frozen=True, slots=True)
class Handshake:
    """What two sides agreed on. ``certificate`` is the server's, in DER; empty if it sent none."""

    version: str
    cipher: str
    certificate: bytes


class HandshakeError(Exception):
    """A handshake that did not come about; ``received`` is what the server had said first.

    ``cause`` is the TLS library's error, None where the server fell silent or hung up.
    """

    def __init__(self, received: bytes, cause: ssl.SSLError | None, *, was_silent: bool) -> None:
        """Keep what is known about the failure."""
        super().__init__(str(cause) if cause else "")
        self.received = received
        self.cause = cause
        self.was_silent = was_silent


def shake_hands(
    connection: socket.socket,
    context: ssl.SSLContext,
    server_name: str,
    timeout_ms: float,
    cancel: CancelToken,
) -> Handshake:
    """Do the handshake on a connected, non-blocking socket.

    Raises HandshakeError, also where the server hangs up; Cancelled at once.
    """
    wire = _Wire(connection, timeout_ms, cancel)
    session = context.wrap_bio(wire.incoming, wire.outgoing, server_hostname=server_name)
    while True:
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            wire.flush()
            wire.fill()
        except ssl.SSLError as error:
            raise HandshakeError(wire.received, error, was_silent=False) from error
        else:
            wire.flush()
            return _agreed(session)


class _Wire:
    """Carries what the TLS library wants to send and to read, until a deadline."""

    def __init__(self, connection: socket.socket, timeout_ms: float, cancel: CancelToken) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + timeout_ms / 1000
        self._cancel = cancel
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.received = b""

    def flush(self) -> None:
        unsent = self.outgoing.read()
        while unsent:
            self._wait(selectors.EVENT_WRITE)
            try:
                unsent = unsent[self._connection.send(unsent) :]
            except ConnectionError as error:
                raise HandshakeError(self.received, None, was_silent=False) from error

    def fill(self) -> None:
        self._wait(selectors.EVENT_READ)
        try:
            chunk = self._connection.recv(_CHUNK)
        except ConnectionError:
            chunk = b""  # a reset is a rude way to hang up
        if not chunk:
            raise HandshakeError(self.received, None, was_silent=False)
        self.received = (self.received + chunk)[:_FIRST_WORDS]
        self.incoming.write(chunk)

    def _wait(self, event: int) -> None:
        left = self._deadline - time.monotonic()
        if not wait_for_socket(self._connection, event, left, self._cancel):
            raise HandshakeError(self.received, None, was_silent=True)


def _agreed(session: ssl.SSLObject) -> Handshake:
    cipher = session.cipher()
    certificate = session.getpeercert(binary_form=True)
    return Handshake(session.version() or "", cipher[0] if cipher else "", certificate or b"")
