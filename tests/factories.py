"""Rows and snapshots that a test makes up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.snapshot import Snapshot
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def row(
    port: int, state: State | None = State.LISTEN, protocol: Protocol = Protocol.TCP, pid: int = 1
) -> SocketRow:
    key = SocketKey(
        protocol, Family.IPV4, Endpoint("127.0.0.1", port), None, ProcessKey(pid, 5), port
    )
    return SocketRow(key, state, pid)


def describe(rows: Iterable[SocketRow]) -> dict[ProcessKey, ProcessInfo]:
    owners = {row.key.owner for row in rows if row.key.owner}
    return {owner: ProcessInfo(owner, name=f"p{owner.pid % 4}") for owner in owners}


def snapshot(rows: Iterable[SocketRow]) -> Snapshot:
    rows = tuple(rows)
    return Snapshot(rows, describe(rows))
