"""From the bytes of one table to rows whose owner is checked, at the cost of what changed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, cast

from portview.domain.facts import known_or
from portview.domain.owners.attribution import judge_owner, likely_holders
from portview.domain.owners.system_owners import WINDOWS_IDLE_PID, WINDOWS_SYSTEM_PIDS
from portview.domain.sockets.socket_row import OwnerProblem, SocketKey, SocketRow
from portview.readers.windows.socket_tables import BOUND4, BOUND6, decode_row

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from portview.domain.owners.attribution import RunningProcess
    from portview.domain.owners.process import ProcessKey
    from portview.readers.services import WindowsServices
    from portview.readers.windows.socket_tables import RowLayout, TableRow


class Reading:
    """The processes of one reading, and what happened to them since the one before."""

    def __init__(
        self,
        before: Mapping[int, RunningProcess],
        processes: Mapping[int, RunningProcess],
        listed_at_ms: int,
    ) -> None:
        """Store the processes by PID, and when the sockets of this reading were listed."""
        self.processes = processes
        self.listed_at_ms = listed_at_ms
        self.moved_pids = {pid for pid, _unused in before.items() ^ processes.items()}
        self._before = before

    def key_of(self, pid: int) -> ProcessKey | None:
        """Return the process that has a PID now."""
        process = self.processes.get(pid)
        return process.key if process else None

    def ran_before(self, process: ProcessKey) -> bool:
        """Return whether this very process was there in the last reading, and had its PID since."""
        before = self._before.get(process.pid)
        return before is not None and before.key == process

    def children_of(self, pid: int) -> Collection[ProcessKey]:
        """Return the running processes whose parent has, or had, a PID."""
        return self._children.get(pid, ())

    @cached_property
    def _children(self) -> dict[int, list[ProcessKey]]:
        children: dict[int, list[ProcessKey]] = {}
        for process in self.processes.values():
            children.setdefault(process.parent_pid, []).append(process.key)
        return children


class _Orphaned(NamedTuple):
    """When a socket without an owner was first seen at all, and first seen so.

    ``has_ended`` says that its owner was seen before: whoever has the PID now is another process,
    whatever the clock says.
    """

    listed_at_ms: int
    orphaned_by_ms: int
    has_ended: bool


class OwnedRows:
    """The rows of one table, kept from reading to reading."""

    def __init__(self, layout: RowLayout, services: WindowsServices) -> None:
        """Start with no rows known."""
        self._layout = layout
        self._services = services
        self._rows: dict[bytes, SocketRow] = {}
        self._distinct: tuple[SocketRow, ...] = ()
        self._pids: set[int | None] = set()
        self._orphans: dict[bytes, _Orphaned] = {}
        self._listed_at_ms = 0

    def update(self, raws: list[bytes], reading: Reading) -> tuple[SocketRow, ...]:
        """Return the rows for a table's bytes; the same objects as before where nothing changed."""
        known = self._rows
        rows = {raw: known.get(raw) for raw in raws}
        fresh = [raw for raw, row in rows.items() if row is None]
        doubtful = self._doubtful(rows, reading)
        orphans: dict[bytes, _Orphaned] = {}
        for raw in fresh:
            rows[raw] = self._judge(raw, reading, reading.listed_at_ms, orphans, is_fresh=True)
        for raw in doubtful:
            row = self._judge(raw, reading, self._listed_at_ms, orphans)
            if row != rows[raw]:
                rows[raw] = row
        self._orphans = orphans
        self._listed_at_ms = reading.listed_at_ms
        self._rows = cast("dict[bytes, SocketRow]", rows)
        if fresh or doubtful or len(rows) != len(known):
            self._pids = {row.pid for row in self._rows.values()}
            # Sockets that share a port can differ in nothing but what a key does not hold.
            self._distinct = tuple({row.key: row for row in self._rows.values()}.values())
        return self._distinct

    def _doubtful(self, rows: Mapping[bytes, SocketRow | None], reading: Reading) -> set[bytes]:
        """Return the known rows whose owner must be judged again."""
        doubtful = rows.keys() & self._orphans.keys()
        moved = self._pids & reading.moved_pids
        if moved:
            doubtful |= {raw for raw, row in rows.items() if row is not None and row.pid in moved}
        return doubtful

    def _judge(
        self,
        raw: bytes,
        reading: Reading,
        listed_at_ms: int,
        orphans: dict[bytes, _Orphaned],
        *,
        is_fresh: bool = False,
    ) -> SocketRow:
        """Make the row of these bytes; note in ``orphans`` if its owner is not there any more."""
        said = decode_row(raw, self._layout)
        if said.pid == WINDOWS_IDLE_PID:
            key = SocketKey(said.protocol, said.family, said.local, said.remote, None, said.created)
            return SocketRow(key, said.state, said.pid, opened_at_ms=said.opened_at_ms)
        orphaned = self._orphans.get(raw)
        process = reading.key_of(said.pid)
        has_ended = orphaned.has_ended if orphaned else self._has_lost_owner(raw, process)
        owner, problem = judge_owner(
            process,
            opened_at_ms=said.opened_at_ms,
            listed_at_ms=orphaned.listed_at_ms if orphaned else listed_at_ms,
        )
        if has_ended and process:
            owner, problem = None, OwnerProblem.PID_REUSED
        if problem and is_fresh and process and self._opened_since(said, process, reading):
            owner, problem = process, None
        holders: tuple[ProcessKey, ...] = ()
        services: tuple[str, ...] = ()
        if problem:
            orphaned = orphaned or _Orphaned(listed_at_ms, reading.listed_at_ms, has_ended)
            orphans[raw] = orphaned
            holders = _holders(said.pid, said.opened_at_ms, orphaned, reading)
        elif owner and said.pid not in WINDOWS_SYSTEM_PIDS:
            # For showing only: whoever stops something asks for the services again.
            services = known_or(self._services.names_of_tag(owner, said.service_tag), ())
        return SocketRow(
            SocketKey(said.protocol, said.family, said.local, said.remote, owner, said.created),
            said.state,
            said.pid,
            problem,
            services=services,
            opened_at_ms=said.opened_at_ms,
            likely_holders=holders,
        )

    def _has_lost_owner(self, raw: bytes, process: ProcessKey | None) -> bool:
        """Return whether a socket had another owner in the last reading than has its PID now."""
        before = self._rows.get(raw)
        return before is not None and before.owner is not None and before.owner != process

    def _opened_since(self, said: TableRow, process: ProcessKey, reading: Reading) -> bool:
        """Return whether a socket opened after the last reading, when the process already ran.

        Then it is the process's own, whatever the start time says: that was taken from a clock
        which may have been set back since. A socket may be new to this table and old all the same,
        as one that was bound and listens now; its own time reports.
        """
        if not reading.ran_before(process) or reading.listed_at_ms < self._listed_at_ms:
            # If the clock was set back just now, no time can be compared.
            return False
        if said.opened_at_ms is not None:
            return said.opened_at_ms > self._listed_at_ms
        # The table of bound endpoints never reports a time, and what it did not have before is new:
        # its rows hold nothing that changes.
        return self._layout in {BOUND4, BOUND6}


def _holders(
    pid: int, opened_at_ms: int | None, orphaned: _Orphaned, reading: Reading
) -> tuple[ProcessKey, ...]:
    successor = reading.key_of(pid)
    by_ms = orphaned.orphaned_by_ms
    if successor:
        # What the successor started are its own children.
        by_ms = min(by_ms, successor.started_ms - 1)
    return likely_holders(reading.children_of(pid), opened_at_ms=opened_at_ms, orphaned_by_ms=by_ms)
