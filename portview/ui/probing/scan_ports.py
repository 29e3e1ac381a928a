"""Which ports to scan, as people write it: ``common``, ``all`` or a list. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.parsing import MAX_PORT, BadInputError, parse_ports
from portview.i18n import N_, _

if TYPE_CHECKING:
    from portview.domain.sockets.port_names import PortNames

COMMON, WELL_KNOWN, ALL = "common", "1-1024", "all"
_HINT = N_("Write {common}, {all}, or a list such as 1-1024,8080.")


def parse_scan_ports(text: str, names: PortNames) -> tuple[int, ...]:
    """Read ports; ``common`` are those that have a usual name. Raises BadInputError."""
    word = text.strip().lower()
    if word == COMMON:
        return tuple(
            port for port in range(1, MAX_PORT + 1) if names.find(Protocol.TCP, port) is not None
        )
    if word == ALL:
        return tuple(range(1, MAX_PORT + 1))
    if word.isalpha():
        raise BadInputError(
            "bad_ports",
            _("{word} is not a list of ports.").format(word=quoted(word)),
            text,
            0,
            len(text),
            _(_HINT).format(common=COMMON, all=ALL),
        )
    return parse_ports(text)
