"""Find out which protocol a port speaks: listen for its greeting, then ask short questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.probes.connecting import close_at_once
from portview.probes.first_open import NotConnectedError, connect_first_open
from portview.probes.known_protocols import WireProtocol, protocol_of
from portview.probes.starttls import LDAP_START_TLS, POSTGRESQL_SSL_REQUEST
from portview.probes.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.cancellation import CancelToken
    from portview.domain.user_input.targets import Target
    from portview.probes.deadline import Deadline

_WAIT_MS = 700
_MAX_BYTES = 4096
_LDAP_PORT, _POSTGRESQL_PORT = 389, 5432


@dataclass(frozen=True, slots=True)
class SpokenProtocol:
    """The protocol of a server, None where it is not known, and its first bytes (untrusted)."""

    protocol: WireProtocol | None
    said: bytes = b""


def _is_http(said: bytes) -> WireProtocol | None:
    if said.lstrip()[:1] == b"<":
        return WireProtocol.HTTP  # An error page without a header, as HTTP/0.9 has it.
    return None


def _is_postgresql(said: bytes) -> WireProtocol | None:
    return WireProtocol.POSTGRESQL if said in {b"S", b"N"} else None


def _is_ldap(said: bytes) -> WireProtocol | None:
    return WireProtocol.LDAP if said[:1] == b"\x30" and b"\x78" in said[:16] else None


@dataclass(frozen=True, slots=True)
class _Question:
    sent: bytes
    recognize: Callable[[bytes], WireProtocol | None]
    usual_port: int = 0


_QUESTIONS = (
    _Question(b"", lambda _: None),
    _Question(b"HEAD / HTTP/1.0\r\n\r\n", _is_http),
    _Question(POSTGRESQL_SSL_REQUEST, _is_postgresql, _POSTGRESQL_PORT),
    _Question(LDAP_START_TLS, _is_ldap, _LDAP_PORT),
)


def ask_for_protocol(
    target: Target, said: bytes, deadline: Deadline, cancel: CancelToken
) -> SpokenProtocol:
    """Return what a server speaks; ``said`` is what it said to another question before.

    Connects up to four times, each for at most 0.7 s, and ends with the deadline. Sends nothing
    that changes anything there. Raises Cancelled.
    """
    known = protocol_of(said, target.port)
    if known is not None:
        return SpokenProtocol(known, said)
    heard = said
    for question in sorted(_QUESTIONS, key=lambda one: one.usual_port != target.port):
        if deadline.is_over:
            break
        answer = _ask(target, question.sent, deadline.within(_WAIT_MS), cancel)
        protocol = protocol_of(answer, target.port) or question.recognize(answer)
        if protocol is not None:
            return SpokenProtocol(protocol, answer)
        heard = heard or answer
    return SpokenProtocol(None, heard)


def _ask(target: Target, question: bytes, deadline: Deadline, cancel: CancelToken) -> bytes:
    """Return what a server says within a moment, nothing where it is silent or hangs up."""
    try:
        _, _, connection = connect_first_open(target, deadline.left_ms, cancel)
    except NotConnectedError:
        return b""
    wire = Wire(connection, deadline, cancel, _MAX_BYTES)
    try:
        if question:
            wire.send(question)
        wire.receive()
    except OSError:
        pass  # What came until then counts.
    finally:
        close_at_once(connection)
    return wire.first_bytes
