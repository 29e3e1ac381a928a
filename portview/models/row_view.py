"""Which sockets are shown and in which order: scope, filter, sorting and standing still. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.scope import Scope, in_scope
from portview.domain.sockets.snapshot import Diff, DiffSum
from portview.domain.table.cells import CellContext
from portview.domain.table.columns import COLUMN_BY_ID
from portview.models.sorted_rows import SortedRows, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import Any

    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.port_names import PortNames
    from portview.domain.sockets.socket_row import SocketKey, SocketRow
    from portview.domain.table.columns import Column
    from portview.models.edits import Edit

MOST_SCATTERED = 500
"""Beyond this many rows that come and go, a new filter exchanges all rows at once."""

MOST_UNPLACED = 2000
"""So many entries that came in may stand out of the order that makes sorting cheap."""


class RowView:
    """The rows of one table. Every method that changes them returns the edits that do it.

    While it is held nothing changes: differences add up, and ``waiting`` counts those that the
    person would see. Filter and order can be changed all the same, over what is held.
    """

    def __init__(self, port_names: PortNames) -> None:
        """Start empty, sorted by port, with everything in scope."""
        self._port_names = port_names
        self._context = CellContext()
        self._column = COLUMN_BY_ID["port"]
        self._passes = _passes(Scope.ALL, None)
        self._all: dict[SocketKey, SocketEntry] = {}
        self._processes: Mapping[ProcessKey, ProcessInfo] = {}
        self._undescribed: set[ProcessKey] = set()
        self._unplaced = 0
        self._rows = SortedRows(self._values, is_descending=False)
        self._held: DiffSum | None = None
        self._processes_shown: Mapping[ProcessKey, ProcessInfo] = {}
        self._waiting: set[SocketKey] = set()

    @property
    def entries(self) -> Collection[SocketEntry]:
        """Return all entries, shown or not."""
        return self._all.values()

    @property
    def is_held(self) -> bool:
        """Return whether the rows are held."""
        return self._held is not None

    @property
    def is_descending(self) -> bool:
        """Return whether the rows are sorted in descending order."""
        return self._rows.is_descending

    @property
    def waiting(self) -> int:
        """Return how many shown rows would come, go or change if the view were let go now."""
        return len(self._waiting)

    def shown(self) -> list[SocketEntry]:
        """Return the shown entries from the top, as a list of the caller's own."""
        return self._rows.in_order()

    def find(self, key: SocketKey) -> SocketEntry | None:
        """Return the entry with this key, shown or not."""
        return self._all.get(key)

    def number(self, key: SocketKey) -> int | None:
        """Return the number of the shown row with this key, 0 at the top."""
        entry = self._all.get(key)
        return self._rows.number(entry) if entry is not None and entry.is_shown else None

    def reset(
        self,
        rows: Iterable[SocketRow],
        processes: Mapping[ProcessKey, ProcessInfo],
        now_ms: int,
    ) -> list[SocketEntry]:
        """Start over with other rows; return what is shown. Scope, filter and order stay."""
        if self.is_held:
            self._held = DiffSum()
            self._waiting.clear()
            self._processes_shown = processes
        self._processes = processes
        self._undescribed.clear()
        self._rows = SortedRows(self._values, is_descending=self._rows.is_descending)
        self._load(rows, now_ms)
        return self.shown()

    def edits(
        self, diff: Diff, processes: Mapping[ProcessKey, ProcessInfo], now_ms: int
    ) -> list[Edit]:
        """Take in a difference to the rows of the last call; no edits while held."""
        if self._held is not None:
            self._held.add(diff)
            self._processes = processes
            self._count_waiting(_keys_of(diff))
            return []
        stale = self._owners_updated(processes)
        self._processes = processes
        return self._take_in(diff, stale, now_ms)

    def hold(self) -> None:
        """Hold the rows from now on."""
        if self._held is None:
            self._held = DiffSum()
            self._processes_shown = self._processes

    def release(self) -> Diff:
        """Let the rows go; return what waited, for ``edits`` to take in, as a whole or in parts."""
        if self._held is None:
            return Diff()
        total, self._held = self._held.total(), None
        self._waiting.clear()
        self._processes = self._processes_shown
        return total

    def set_filter(self, scope: Scope, matches: Callable[[SocketEntry], bool] | None) -> list[Edit]:
        """Show what is in a scope and passes a compiled query, None for every row."""
        self._passes = _passes(scope, matches)
        wanted = list(filter(self._passes, self._by_place()))
        entering = [entry for entry in wanted if not entry.is_shown]
        leaving_count = len(self._rows) - (len(wanted) - len(entering))
        if leaving_count + len(entering) > MOST_SCATTERED:
            edits = self._rows.exchange(wanted)
        else:
            edits = self._rows.take_out(self._shown_beside(wanted) if leaving_count else [])
            edits += self._rows.put_in(entering)
        if self._held is not None:
            self._waiting.clear()
            self._count_waiting(self._held)
        return edits

    def set_sort(self, column: Column, *, is_descending: bool) -> list[Edit]:
        """Sort by a column. What the column does not know goes last in both directions."""
        if column is self._column and not column.is_volatile:
            return self._rows.turn(is_descending=is_descending)
        self._column = column
        return self._rows.sort(self._by_place(), is_descending=is_descending)

    def set_context(self, context: CellContext) -> list[Edit]:
        """Take what cells depend on beyond their rows; rows may change places by it."""
        self._context = context
        if not self._column.is_volatile or self.is_held:
            return []
        return self._rows.sort(self._by_place(), is_descending=self._rows.is_descending)

    def _values(self, entries: Iterable[SocketEntry]) -> list[Any]:
        # In one go, because asking 30,000 rows one by one costs as much as sorting them.
        value_of, context = self._column.value, self._context
        return [value_of(entry, context) for entry in entries]

    def _by_place(self) -> list[SocketEntry]:
        """Return all entries by their places, in which order they are nearly kept as well."""
        if not self._unplaced:
            return list(self._all.values())
        entries = sorted(self._all.values(), key=place_of)
        if self._unplaced > MOST_UNPLACED:
            self._unplaced = 0
            self._all = {entry.row.key: entry for entry in entries}
        return entries

    def _shown_beside(self, wanted: Iterable[SocketEntry]) -> list[SocketEntry]:
        stays = set(map(id, wanted))
        return [entry for entry in self._rows.in_order() if id(entry) not in stays]

    def _entry(self, row: SocketRow, now_ms: int, old: SocketEntry | None = None) -> SocketEntry:
        key = row.key
        owner = key.owner
        info = None if owner is None else self._processes.get(owner)
        if owner is not None and info is None:
            self._undescribed.add(owner)
        if old is not None:
            # A row that lingers after its process ended keeps that process's name.
            return old.succeeded_by(row, info or old.info)
        name = self._port_names.name(key.protocol, key.local.port)
        return SocketEntry(row, info, name, now_ms)

    def _load(self, rows: Iterable[SocketRow], now_ms: int) -> list[Edit]:
        """Take the first rows, which are put into the order of their places from the start."""
        entries = sorted((self._entry(row, now_ms) for row in rows), key=place_of)
        self._all = {entry.row.key: entry for entry in entries}
        self._unplaced = 0
        return self._rows.exchange(list(filter(self._passes, entries)))

    def _take_in(self, diff: Diff, stale: set[ProcessKey], now_ms: int) -> list[Edit]:
        if not self._all:
            return self._load((*(change.new for change in diff.changed), *diff.added), now_ms)
        leaving: list[SocketEntry] = []
        entering: list[SocketEntry] = []
        staying: list[tuple[SocketEntry, SocketEntry]] = []
        for row in diff.removed:
            gone = self._all.pop(row.key, None)
            if gone is not None and gone.is_shown:
                leaving.append(gone)
        replaced = [(self._all.get(change.new.key), change.new) for change in diff.changed]
        replaced += [(self._all.get(row.key), row) for row in diff.added]
        if stale:
            reported = {row.key for _, row in replaced}
            replaced += [
                (entry, entry.row)
                for entry in self._all.values()
                if entry.row.key.owner in stale and entry.row.key not in reported
            ]
        for old, row in replaced:
            new = self._entry(row, now_ms, old)
            self._all[row.key] = new
            passes = self._passes(new)
            if old is None:
                self._unplaced += 1
            if old is not None and old.is_shown:
                if passes:
                    staying.append((old, new))
                else:
                    leaving.append(old)
            elif passes:
                entering.append(new)
        return [
            *self._rows.take_out(leaving),
            *self._rows.replace(staying),
            *self._rows.put_in(entering),
        ]

    def _owners_updated(self, processes: Mapping[ProcessKey, ProcessInfo]) -> set[ProcessKey]:
        # A process that runs another program keeps its key and gets another name.
        before = self._processes
        reported: set[ProcessKey] = set()
        # The parts of one snapshot come with one mapping, which may be of tens of thousands.
        if processes is not before:
            reported.update(
                key
                for key, info in processes.items()
                if key in before and before[key] is not info and _differs(before[key], info)
            )
        reported |= self._undescribed & processes.keys()
        self._undescribed -= reported
        return reported

    def _count_waiting(self, keys: Iterable[SocketKey]) -> None:
        if self._held is None:
            return
        for key in keys:
            shown = self._all.get(key)
            is_seen = shown is not None and shown.is_shown
            if key in self._held and (is_seen or self._would_show(self._held.row_after(key))):
                self._waiting.add(key)
            else:
                self._waiting.discard(key)

    def _would_show(self, row: SocketRow | None) -> bool:
        return row is not None and self._passes(self._entry(row, 0))


def _keys_of(diff: Diff) -> list[SocketKey]:
    return [
        *(row.key for row in diff.removed),
        *(row.key for row in diff.added),
        *(change.new.key for change in diff.changed),
    ]


def _passes(
    scope: Scope, matches: Callable[[SocketEntry], bool] | None
) -> Callable[[SocketEntry], bool]:
    if scope is Scope.ALL:
        return matches or (lambda _entry: True)
    if matches is None:
        return lambda entry: in_scope(entry.row, scope)
    return lambda entry: in_scope(entry.row, scope) and matches(entry)


def _differs(before: ProcessInfo, now: ProcessInfo) -> bool:
    """Return whether a process is described differently; what it is counts, unlike in ``==``."""
    return before != now or before.identity is not now.identity
