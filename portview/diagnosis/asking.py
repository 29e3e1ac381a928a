"""From what a person types or pastes to the question of a diagnosis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.facts import DiagnosisQuestion
from portview.domain.pasted_error import parse_pasted_error
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.port_query import PortQueryError, parse_port_query

if TYPE_CHECKING:
    from portview.domain.pasted_error import PastedError

_LONGEST_QUESTION = 60
_LOCALHOST = "localhost"


def parse_question(
    text: str, protocol: Protocol | None = None, address: str | None = None
) -> DiagnosisQuestion:
    """Read ``8080``, ``udp 53``, ``127.0.0.1:8080``, or any error message.

    ``protocol`` and ``address`` win over what the text says. The port is 0 where the text has
    none. Raises PortQuestionError for what looks like a port and is none.
    """
    stripped = text.strip()
    if len(stripped) <= _LONGEST_QUESTION:
        try:
            asked = parse_port_query(stripped)
        except PortQueryError:
            if stripped.lstrip("-").isdecimal():
                raise
        else:
            own = None if asked.address == _LOCALHOST else asked.address
            return DiagnosisQuestion(
                asked.port, protocol or asked.protocol or Protocol.TCP, address or own
            )
    return _of_message(parse_pasted_error(stripped), protocol, address)


def _of_message(
    error: PastedError, protocol: Protocol | None, address: str | None
) -> DiagnosisQuestion:
    # A client's message names the machine it called, which is no place to bind.
    own = None if error.is_about_connecting else error.address
    return DiagnosisQuestion(
        error.port or 0, protocol or error.protocol or Protocol.TCP, address or own, error
    )
