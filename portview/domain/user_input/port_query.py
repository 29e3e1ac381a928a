"""Who is on this port? The question as people type it, and its answer from the socket table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from portview.domain.address_matching import is_in_the_way, takes_clients_of
from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import Protocol, State, canonical_address, is_loopback
from portview.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.sockets.socket_row import SocketRow

_MAX_PORT = 65535
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21, "ssh": 22}
_HINT = N_("Write a port, 8080, with an address, 127.0.0.1:8080, or with a protocol, udp 53.")
_EDGE_PROTOCOL = re.compile(r"(?:(tcp|udp)\b[\s:/]*)?(.*?)(?:[\s/]*\b(tcp|udp))?", re.DOTALL)
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://(?:[^/?#@]*@)?([^/?#]*).*", re.DOTALL)
_PORT_AT_END = re.compile(r":[^:\]]*\Z")
_DIGITS = re.compile(r"[0-9]+")
_LOCALHOST = "localhost"
_LOOPBACKS = ("127.0.0.1", "::1")


class PortQueryError(PortViewError):
    """A text that asks for no port."""

    def __init__(self, message: str) -> None:
        """Create an error with one sentence."""
        super().__init__("bad_port", message, _(_HINT), Outcome.BAD_INPUT)


@dataclass(frozen=True, slots=True)
class PortQuery:
    """A port, over one protocol or any (None), at one address of this machine or any (None).

    ``address`` is in canonical form, or "localhost" for any loopback address.
    """

    port: int
    protocol: Protocol | None = None
    address: str | None = None

    def __str__(self) -> str:
        """Return a form that ``parse_port_query`` reads."""
        address = f"[{self.address}]" if self.address and ":" in self.address else self.address
        place = f"{address}:{self.port}" if address else str(self.port)
        return f"{self.protocol} {place}" if self.protocol else place


def parse_port_query(text: str) -> PortQuery:
    """Read ``8080``, ``:8080``, ``127.0.0.1:8080``, ``[::1]:80``, ``udp 53``, ``53/udp`` or a URL.

    Raises PortQuestionError.
    """
    asked = text.strip().lower()
    url = _URL.fullmatch(asked)
    if url is not None:
        return _of_url(url[1], url[2])
    edges = _EDGE_PROTOCOL.fullmatch(asked)
    before, rest, after = edges.groups() if edges else (None, asked, None)
    if before and after and before != after:
        raise PortQueryError(_("One protocol at a time: tcp or udp."))
    name = before or after
    address, port = _split(rest.removeprefix("port").strip())
    return PortQuery(
        _port(port), Protocol(name) if name else None, _address(address) if address else None
    )


def _of_url(scheme: str, authority: str) -> PortQuery:
    address, port = _split(authority) if _PORT_AT_END.search(authority) else (authority, "")
    port = port or str(_DEFAULT_PORTS.get(scheme, ""))
    return PortQuery(_port(port), Protocol.TCP, _address(address.strip("[]")))


def _split(text: str) -> tuple[str, str]:
    """Split an address, if there is one, from its port; the last colon is between them."""
    if text.endswith("]"):
        return text, ""
    address, _unused, port = text.rpartition(":")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    return address, port.strip()


def _port(text: str) -> int:
    if not text:
        raise PortQueryError(_("The port is missing."))
    if not _DIGITS.fullmatch(text):
        shown = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
        raise PortQueryError(_("“{shown}” is not a port.").format(shown=shown))
    # Compared by length first: thousands of digits are refused without being read.
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(_MAX_PORT)) or not 1 <= int(digits) <= _MAX_PORT:
        raise PortQueryError(_("Ports go from 1 to {max_port}.").format(max_port=_MAX_PORT))
    return int(digits)


_MAX_SHOWN = 40


def _address(text: str) -> str:
    if text == _LOCALHOST:
        return text
    if text == "*":
        return "0.0.0.0"  # noqa: S104 - what netstat means, no bind
    try:
        ip_address(text)
    except ValueError:
        raise PortQueryError(
            _("Only addresses of this machine are accepted here, and no names except localhost.")
        ) from None
    return canonical_address(text)


@dataclass(frozen=True, slots=True)
class PortAnswer:
    """What the socket table knows of a port.

    ``holders`` keep others from binding it: listening or bound TCP sockets, and UDP sockets.
    ``users`` have it as local port of a connection; ``waiting`` are connections in TIME_WAIT,
    which no program holds any more. ``peers`` are connections to that port somewhere else.
    """

    question: PortQuery
    holders: tuple[SocketRow, ...] = ()
    users: tuple[SocketRow, ...] = ()
    waiting: tuple[SocketRow, ...] = ()
    peers: tuple[SocketRow, ...] = ()

    @property
    def found(self) -> tuple[SocketRow, ...]:
        """Return all sockets with that local port, the most significant first."""
        return (*self.holders, *self.users, *self.waiting)

    @property
    def is_free(self) -> bool:
        """Return whether no socket has the port as its local one."""
        return not self.found


def answer_port_query(question: PortQuery, rows: Iterable[SocketRow]) -> PortAnswer:
    """Look a port up in the socket table."""
    holders: list[SocketRow] = []
    users: list[SocketRow] = []
    waiting: list[SocketRow] = []
    peers: list[SocketRow] = []
    port = question.port
    for row in rows:
        key = row.key
        is_protocol = question.protocol is None or key.protocol is question.protocol
        if key.local.port == port and is_protocol and _is_at(row, question.address):
            if row.state is State.TIME_WAIT:
                waiting.append(row)
            elif row.state in _HOLDS_A_PORT or key.protocol is Protocol.UDP:
                holders.append(row)
            else:
                users.append(row)
        elif key.remote is not None and key.remote.port == port and is_protocol:
            peers.append(row)
    # TCP before UDP: it is what most people mean.
    holders.sort(key=lambda row: row.protocol is Protocol.UDP)
    return PortAnswer(question, tuple(holders), tuple(users), tuple(waiting), tuple(peers))


_HOLDS_A_PORT = frozenset({State.LISTEN, State.BOUND})


def _is_at(row: SocketRow, asked: str | None) -> bool:
    """Return whether a socket concerns who asks for an address.

    A socket on all addresses concerns everybody; one on all IPv6 addresses takes IPv4 too, unless
    the system says that it does not.
    """
    bound, only = row.local.address, row.is_v6_only
    if asked == _LOCALHOST:
        return any(takes_clients_of(bound, one, is_v6_only=only) for one in _LOOPBACKS) or (
            is_loopback(bound)
        )
    return is_in_the_way(bound, asked, is_v6_only=only)
