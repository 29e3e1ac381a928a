"""Counts the connections of listening ports from one reading to the next. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.sockets.snapshot import diff
from portview.domain.sockets.socket_row import Protocol, State, is_loopback
from portview.watch.history.tracker import Owner, owner_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import Endpoint, SocketKey, SocketRow

_NOT_COUNTED = frozenset({State.LISTEN, State.BOUND, State.SYN_SENT, State.TIME_WAIT, State.CLOSED})
MOST_KEYS = 1000
"""Of how many connections the traffic is read at most."""


class PeerSeen(NamedTuple):
    """A connection to or from another machine that was not there at the last reading."""

    port: int
    """The local port that the other machine connected to, or its port that was connected to."""
    is_incoming: bool
    address: str
    owner: Owner


class Counted(NamedTuple):
    """What changed since the last reading: connections of a port, and who came."""

    counts: tuple[tuple[int, int], ...]
    peers: tuple[PeerSeen, ...]


class ConnectionCounter:
    """Compares each snapshot with the one before it. One thread at a time.

    A connection that several processes hold counts once. Connections in TIME_WAIT and those that
    are still being opened don't count.
    """

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._rows: tuple[SocketRow, ...] = ()
        self._holders: Counter[tuple[Endpoint, Endpoint]] = Counter()
        self._counts: Counter[int] = Counter()
        self._said: dict[int, int] = {}
        self._keys: dict[SocketKey, None] = {}

    def look(
        self, snapshot: Snapshot, listening: Collection[int], *, with_peers: bool = False
    ) -> Counted:
        """Take in a snapshot and return what it changes for the ports that listen."""
        changes = diff(self._rows, snapshot.rows, snapshot.step)
        self._rows = snapshot.rows
        known = {change.old.key for change in changes.changed if _counts(change.old)}
        for row in (*changes.removed, *(change.old for change in changes.changed)):
            if _counts(row):
                self._take_out(row)
        came = []
        for row in (*changes.added, *(change.new for change in changes.changed)):
            if _counts(row):
                self._take_in(row)
                if row.key not in known:
                    came.append(row)
        wanted = {port: self._counts[port] for port in listening if self._counts[port]}
        counts = [(port, count) for port, count in wanted.items() if self._said.get(port) != count]
        counts += [(port, 0) for port in self._said if port not in wanted]
        self._said = wanted
        peers = self._peers(came, snapshot, listening) if with_peers and came else ()
        return Counted(tuple(counts), tuple(peers))

    def keys(self) -> list[SocketKey]:
        """Return the connections of ports that listen, at most ``MOST_KEYS``."""
        found: list[SocketKey] = []
        for key in self._keys:
            if key.local.port in self._said:
                found.append(key)
                if len(found) == MOST_KEYS:
                    break
        return found

    def _take_in(self, row: SocketRow) -> None:
        key = row.key
        pair = (key.local, key.remote)
        self._holders[pair] += 1  # type: ignore[index] # one that counts has a peer
        if self._holders[pair] == 1:  # type: ignore[index]
            self._counts[key.local.port] += 1
        self._keys[key] = None

    def _take_out(self, row: SocketRow) -> None:
        key = row.key
        pair = (key.local, key.remote)
        self._holders[pair] -= 1  # type: ignore[index]
        if not self._holders[pair]:  # type: ignore[index]
            del self._holders[pair]
            self._counts[key.local.port] -= 1
            if not self._counts[key.local.port]:
                del self._counts[key.local.port]
        self._keys.pop(key, None)

    @staticmethod
    def _peers(
        rows: Collection[SocketRow], snapshot: Snapshot, listening: Collection[int]
    ) -> Iterator[PeerSeen]:
        for row in rows:
            remote = row.key.remote
            if remote is None or is_loopback(remote.address):
                continue
            is_incoming = row.key.local.port in listening
            info = snapshot.processes.get(row.key.owner) if row.key.owner else None
            port = row.key.local.port if is_incoming else remote.port
            yield PeerSeen(port, is_incoming, remote.address, owner_of(row, info))


def _counts(row: SocketRow) -> bool:
    key = row.key
    return key.protocol is Protocol.TCP and key.remote is not None and row.state not in _NOT_COUNTED
