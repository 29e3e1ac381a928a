"""Follows listening sockets from look to look: which came, which went, whose owner became known.

Pure. A span begins when its socket was first seen and ends when it was last seen: between two looks
nothing is claimed. A pause in which nobody looked, or a clock that was set, begins a new stretch of
looking; a socket that is still the same one afterwards (same inode, same process) was there all
along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.domain.owners.identity import container_name_of, what_of
from portview.domain.owners.owners import user_of
from portview.domain.owners.secrets import mask_secrets
from portview.domain.sockets.socket_row import Endpoint, Protocol, State

if TYPE_CHECKING:
    from collections.abc import Collection

    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import SocketKey, SocketRow
    from portview.watch.incidents.machine import Moment

LONGEST_PAUSE_S = 10.0
"""A longer time between two looks is a gap: nobody can say what happened in it."""

_CLOCK_STEP_MS = 2000


class Owner(NamedTuple):
    """Who held a socket, as far as it was known; texts are untrusted, secrets are masked."""

    process: str | None = None
    executable: str | None = None
    command_line: tuple[str, ...] | None = None
    user: str | None = None
    what: str | None = None
    container: str | None = None
    problem: str | None = None


class Opened(NamedTuple):
    """A socket that was seen for the first time."""

    key: SocketKey
    pid: int | None
    owner: Owner
    at_ms: int
    is_start_seen: bool
    """Whether somebody looked just before, so that it began then and not earlier."""


class Ended(NamedTuple):
    """A socket that is no longer there, and when it was last seen."""

    key: SocketKey
    at_ms: int


class Identified(NamedTuple):
    """A socket whose owner became known, or better known."""

    before: SocketKey
    key: SocketKey
    pid: int | None
    owner: Owner


class Look(NamedTuple):
    """What one reading found out."""

    at_ms: int
    begins_stretch: bool
    clock_step_ms: int
    """By how much the clock was set since the last reading; 0 if it was not."""
    opened: tuple[Opened, ...]
    ended: tuple[Ended, ...]
    identified: tuple[Identified, ...]

    @property
    def is_quiet(self) -> bool:
        """Return whether nothing changed since the last reading."""
        return not (self.begins_stretch or self.opened or self.ended or self.identified)


class _Open(NamedTuple):
    row: SocketRow
    info: ProcessInfo | None
    from_ms: int


class ListenerTracker:
    """Compares each snapshot with the one before it. One thread at a time."""

    def __init__(self) -> None:
        """Begin with nothing known: what the first reading shows was there before it."""
        self._open: dict[SocketKey, _Open] = {}
        self._rows: tuple[SocketRow, ...] = ()
        self._last: Moment | None = None
        self._again: frozenset[SocketKey] = frozenset()

    def tcp_ports(self) -> frozenset[int]:
        """Return the ports that listen on TCP, as of the last reading."""
        return frozenset(key.local.port for key in self._open if key.protocol is Protocol.TCP)

    def begin_again(self, keys: Collection[SocketKey]) -> None:
        """Have the next look open these sockets again: what was kept of them is gone."""
        for key in keys:
            self._open.pop(key, None)
        self._again, self._rows = frozenset(keys), ()

    def look(self, snapshot: Snapshot, at: Moment) -> Look:
        """Take in a snapshot and return what it changes."""
        last = self._last
        step_ms = 0
        is_pause = last is None or at.monotonic_s - last.monotonic_s > LONGEST_PAUSE_S
        if last is not None:
            passed_ms = round((at.monotonic_s - last.monotonic_s) * 1000)
            step_ms = at.wall_ms - last.wall_ms - passed_ms
            if abs(step_ms) <= _CLOCK_STEP_MS:
                step_ms = 0
        gone, come = self._changes(snapshot)
        identified = self._identify(gone, come, snapshot) + self._identified_again(gone, snapshot)
        ended = tuple(
            Ended(
                key, max(self._open.pop(key).from_ms, at.wall_ms if last is None else last.wall_ms)
            )
            for key in gone
        )
        opened = tuple(
            self._begin(
                row,
                snapshot,
                at,
                is_start_seen=not is_pause and not step_ms and row.key not in self._again,
            )
            for row in come.values()
        )
        self._last, self._rows, self._again = at, snapshot.rows, frozenset()
        return Look(at.wall_ms, is_pause or bool(step_ms), step_ms, opened, ended, identified)

    def _changes(self, snapshot: Snapshot) -> tuple[set[SocketKey], dict[SocketKey, SocketRow]]:
        """Return the keys of sockets that went and the rows of those that came."""
        step = snapshot.step
        if step is not None and step.before is self._rows:
            come = {row.key: row for row in step.come if is_listening(row)}
            gone = {row.key for row in step.gone if row.key in self._open} - come.keys()
            # Rows that only changed are in both; the open ones among them stay open.
            return gone, {key: row for key, row in come.items() if key not in self._open}
        listening = {row.key: row for row in snapshot.rows if is_listening(row)}
        gone = self._open.keys() - listening.keys()
        return gone, {key: row for key, row in listening.items() if key not in self._open}

    def _identify(
        self, gone: set[SocketKey], come: dict[SocketKey, SocketRow], snapshot: Snapshot
    ) -> tuple[Identified, ...]:
        """Find sockets that went without an owner and came with one: they are the same ones."""
        without = {_socket_of(key): key for key in gone if key.owner is None}
        found = []
        for key, row in list(come.items()) if without else ():
            before = without.pop(_socket_of(key), None)
            if before is None:
                continue
            gone.discard(before)
            del come[key]
            info = _info_of(row, snapshot)
            self._open[key] = self._open.pop(before)._replace(row=row, info=info)
            found.append(Identified(before, key, _pid_of(row), owner_of(row, info)))
        return tuple(found)

    def _identified_again(
        self, gone: Collection[SocketKey], snapshot: Snapshot
    ) -> tuple[Identified, ...]:
        """Find owners of which something else is known now: a name that was read later."""
        processes = snapshot.processes
        found = []
        for key, one in self._open.items():
            if key.owner is None or key in gone:
                continue
            info = processes.get(key.owner)
            if info is None or info is one.info:
                continue
            owner = owner_of(one.row, info)
            if owner != owner_of(one.row, one.info):
                found.append(Identified(key, key, _pid_of(one.row), owner))
            self._open[key] = one._replace(info=info)
        return tuple(found)

    def _begin(
        self, row: SocketRow, snapshot: Snapshot, at: Moment, *, is_start_seen: bool
    ) -> Opened:
        info = _info_of(row, snapshot)
        self._open[row.key] = _Open(row, info, at.wall_ms)
        return Opened(row.key, _pid_of(row), owner_of(row, info), at.wall_ms, is_start_seen)


def is_listening(row: SocketRow) -> bool:
    """Return whether a socket waits for clients: TCP that listens, UDP without a peer."""
    if row.key.protocol is Protocol.UDP:
        return row.key.remote is None
    return row.state is State.LISTEN


def owner_of(row: SocketRow, info: ProcessInfo | None) -> Owner:
    """Return what is kept about the owner of a socket."""
    problem = row.owner_problem.value if row.owner_problem else None
    if info is None:
        return Owner(user=row.user, what=what_of(row, None) or None, problem=problem)
    line = info.command_line
    return Owner(
        process=info.name,
        executable=info.executable,
        command_line=None if line is None else mask_secrets(line),
        user=user_of(row, info),
        what=what_of(row, info) or None,
        container=container_name_of(row, info) or None,
        problem=problem,
    )


def _pid_of(row: SocketRow) -> int | None:
    return row.key.owner.pid if row.key.owner else row.pid


def _info_of(row: SocketRow, snapshot: Snapshot) -> ProcessInfo | None:
    owner: ProcessKey | None = row.key.owner
    return snapshot.processes.get(owner) if owner else None


def _socket_of(key: SocketKey) -> tuple[Protocol, Endpoint, int]:
    return key.protocol, key.local, key.token
