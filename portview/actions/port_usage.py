"""Which sockets keep a port from being taken, and which merely use its number. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.address_matching import is_in_the_way
from portview.domain.sockets.socket_row import Family, Protocol, State
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.sockets.socket_row import SocketRow

_HOLDING = frozenset({State.LISTEN, State.BOUND})
_CLOSING = frozenset(
    {State.TIME_WAIT, State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK}
)


@dataclass(frozen=True, slots=True)
class FreeRequest:
    """What a person wants freed.

    ``address`` is where they want to bind, in canonical form; None means everywhere. ``force``
    ends at once what could be asked to close first. ``tree`` ends the processes under each holder
    as well.
    """

    port: int
    protocol: Protocol = Protocol.TCP
    address: str | None = None
    force: bool = False
    tree: bool = False

    def __str__(self) -> str:
        """Return "TCP port 8080", for people."""
        protocol = self.protocol.value.upper()
        if self.address:
            return _("{protocol} port {port} at {address}").format(
                protocol=protocol, port=self.port, address=self.address
            )
        return _("{protocol} port {port}").format(protocol=protocol, port=self.port)


@dataclass(frozen=True, slots=True)
class PortUse:
    """The rows of one port: what holds it, what else has its number, and what is closing."""

    holding: tuple[SocketRow, ...] = ()
    others: tuple[SocketRow, ...] = ()
    closing: tuple[SocketRow, ...] = ()


def port_use(rows: Iterable[SocketRow], request: FreeRequest) -> PortUse:
    """Sort the rows of a port by what they are to somebody who wants to listen on it.

    A listener holds the port, as does a socket that is bound and does nothing yet, and for UDP
    everything without a peer. Connections are never meant: neither those of a server nor those of
    a client to which the system happened to give this number.
    """
    holding: list[SocketRow] = []
    others: list[SocketRow] = []
    closing: list[SocketRow] = []
    for row in rows:
        if row.local.port != request.port or row.protocol is not request.protocol:
            continue
        if not is_in_the_way(row.local.address, request.address, is_v6_only=row.is_v6_only):
            continue
        if row.owner is None and row.owner_problem is None and row.state in _CLOSING:
            closing.append(row)
        elif holds_port(row):
            holding.append(row)
        else:
            others.append(row)
    if request.address and ":" not in request.address:
        holding, spared = _without_needless_ipv6(holding)
        others += spared
    return PortUse(tuple(holding), tuple(others), tuple(closing))


def _without_needless_ipv6(holding: list[SocketRow]) -> tuple[list[SocketRow], list[SocketRow]]:
    """Spare the IPv6 wildcard where IPv4 itself is held: then it most likely is IPv6 only.

    Where the system reports, as Linux does, none is left here that is not in the way.
    """
    if all(row.is_v6_only is not None for row in holding if row.key.family is Family.IPV6):
        return holding, []
    narrow = [row for row in holding if row.key.family is Family.IPV4]
    if not narrow:
        return holding, []
    return narrow, [row for row in holding if row.key.family is not Family.IPV4]


def holds_port(row: SocketRow) -> bool:
    """Return whether a socket keeps its port: it listens, is bound, or is UDP without a peer."""
    if row.protocol is Protocol.UDP:
        return row.remote is None
    return row.state in _HOLDING
