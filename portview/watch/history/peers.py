"""Which other machines connected to a port: kept only where a person wants that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.watch.history.owners import owner_number
from portview.watch.store.database import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from portview.watch.history.counting import PeerSeen

MOST_PEERS = 1000


class Peer(NamedTuple):
    """Another machine and a program here. Texts are untrusted."""

    port: int
    is_incoming: bool
    """Whether it connected to the port here; else the port is its own."""
    address: str
    process: str | None
    from_ms: int
    to_ms: int
    """When the last of its connections was first seen."""
    connections: int


def write_peers(connection: sqlite3.Connection, at_ms: int, peers: Iterable[PeerSeen]) -> None:
    """Keep connections that were seen for the first time. Raises sqlite3.Error."""
    with transaction(connection):
        for peer in peers:
            connection.execute(
                "INSERT INTO peers VALUES (?, ?, ?, ?, ?, ?, 1)"
                " ON CONFLICT (port, is_incoming, address, owner)"
                " DO UPDATE SET to_ms = excluded.to_ms, connections = connections + 1",
                (
                    peer.port,
                    peer.is_incoming,
                    peer.address,
                    owner_number(connection, peer.owner),
                    at_ms,
                    at_ms,
                ),
            )


def read_peers(
    connection: sqlite3.Connection, port: int | None, from_ms: int, to_ms: int
) -> tuple[Peer, ...]:
    """Return who was seen in a time, the last first. Raises sqlite3.Error."""
    rows = connection.execute(
        "SELECT port, is_incoming, address, process, from_ms, to_ms, connections"
        " FROM peers JOIN owners ON owner = owners.id"
        " WHERE (? IS NULL OR port = ?) AND to_ms >= ? AND from_ms <= ?"
        " ORDER BY to_ms DESC LIMIT ?",
        (port, port, from_ms, to_ms, MOST_PEERS),
    )
    return tuple(Peer(row[0], bool(row[1]), *row[2:]) for row in rows)
