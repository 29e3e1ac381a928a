"""Which connections belong to a socket, and which clients take most of its traffic. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.domain.address_matching import takes_clients_of
from portview.domain.sockets.socket_row import Protocol, State, awaits_clients
from portview.domain.sockets.traffic import TrafficRate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portview.domain.sockets.socket_row import SocketKey, SocketRow


class Client(NamedTuple):
    """One machine at the other end, with what goes through all its connections per second."""

    address: str
    connections: int
    received_bytes_per_s: float
    sent_bytes_per_s: float


def is_server(row: SocketRow) -> bool:
    """Return whether a socket is one that takes connections over TCP."""
    return row.protocol is Protocol.TCP and awaits_clients(row)


def connections_of(row: SocketRow, rows: Iterable[SocketRow]) -> tuple[SocketRow, ...]:
    """Return the open connections of a server, or those of a client to the same server.

    Connections in TIME_WAIT are closed and nobody's. UDP has none.
    """
    if row.protocol is not Protocol.TCP:
        return ()
    if is_server(row):
        port, bound, is_v6_only = row.local.port, row.local.address, row.is_v6_only
        return tuple(
            one
            for one in rows
            if one.local.port == port
            and one.remote is not None
            and one.protocol is Protocol.TCP
            and one.state is not State.TIME_WAIT
            and takes_clients_of(bound, one.local.address, is_v6_only=is_v6_only)
        )
    remote, owner = row.remote, row.owner
    if remote is None:
        return ()
    return tuple(
        one
        for one in rows
        if one.remote == remote
        and one.owner == owner
        and one.protocol is Protocol.TCP
        and one.state is not State.TIME_WAIT
    )


def connections_by_server(
    servers: Iterable[SocketRow], rows: Iterable[SocketRow]
) -> dict[SocketKey, list[SocketKey]]:
    """Return the open connections of several servers, in one pass over ``rows``."""
    by_port: dict[int, list[SocketRow]] = {}
    for server in servers:
        by_port.setdefault(server.local.port, []).append(server)
    found: dict[SocketKey, list[SocketKey]] = {}
    for row in rows:
        key = row.key
        if key.remote is None or key.local.port not in by_port or key.protocol is not Protocol.TCP:
            continue
        if row.state is State.TIME_WAIT:
            continue
        for server in by_port[key.local.port]:
            bound = server.local.address
            if takes_clients_of(bound, key.local.address, is_v6_only=server.is_v6_only):
                found.setdefault(server.key, []).append(key)
    return found


def total_rate(
    keys: Iterable[SocketKey], rates: Mapping[SocketKey, TrafficRate]
) -> TrafficRate | None:
    """Return what goes through several sockets together; None where of none it is known."""
    known = [rate for key in keys if (rate := rates.get(key)) is not None]
    if not known:
        return None
    return TrafficRate(
        sum(rate.received_bytes_per_s for rate in known),
        sum(rate.sent_bytes_per_s for rate in known),
    )


def top_clients(
    connections: Iterable[SocketRow], rates: Mapping[SocketKey, TrafficRate], most: int
) -> list[Client]:
    """Return the machines at the other ends, those with most traffic first, then by connections."""
    by_address: dict[str, list[SocketRow]] = {}
    for row in connections:
        if row.remote is not None:
            by_address.setdefault(row.remote.address, []).append(row)
    clients = []
    for address, rows in by_address.items():
        total = total_rate((row.key for row in rows), rates) or TrafficRate(0.0, 0.0)
        clients.append(
            Client(address, len(rows), total.received_bytes_per_s, total.sent_bytes_per_s)
        )
    clients.sort(
        key=lambda one: (
            -(one.received_bytes_per_s + one.sent_bytes_per_s),
            -one.connections,
            one.address,
        )
    )
    return clients[:most]
