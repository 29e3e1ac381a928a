"""The sockets as a Qt table model: updated by small edits, never by a reset."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)

from portview.domain.sockets.scope import Scope, scope_of
from portview.domain.sockets.snapshot import Diff, diff, split
from portview.domain.sockets.socket_row import State
from portview.domain.table.columns import COLUMNS
from portview.i18n import _
from portview.models.cell_roles import ALIGN_NUMBER, ALIGN_TEXT, CellRoles
from portview.models.edits import Insertion, Move, Removal, Reorder, Update, apply_edit
from portview.models.liveness import Liveness
from portview.models.row_changes import RowChanges
from portview.models.row_view import RowView
from portview.models.tooltips import plain_tooltip
from portview.override import override

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.port_names import PortNames
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import OwnerProblem, SocketKey, SocketRow
    from portview.domain.table.cells import CellContext
    from portview.models.cell_roles import PlainCell, RowColours
    from portview.models.edits import Edit
    from portview.models.liveness import Mark

Index = QModelIndex | QPersistentModelIndex
"""What Qt hands over where it says index."""

_NOWHERE = QModelIndex()
_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_COLUMN_NUMBERS = {column.id: number for number, column in enumerate(COLUMNS)}
_PASSING_COLUMNS = [
    number for number, column in enumerate(COLUMNS) if column.is_volatile or column.id == "age"
]
"""The columns that change while their rows stay the same."""

NUMBER_COLUMNS = [number for number, column in enumerate(COLUMNS) if column.is_numeric]
"""The columns whose cells are numbers."""

_FEW = 20
"""So many rows are looked for one by one."""

_PART_SIZE = 60
_MOST_PARTS = 50
_TURN_S = 0.003
"""How many changed rows are taken in at once, and for how long in one turn of the event loop."""


_MOST_COUNTED = 5000
"""Entries of which it is counted with each tick how many pass the filter, in every scope."""


class SocketTableModel(QAbstractTableModel):
    """The entries of the last snapshot in one scope, filtered and sorted. UI thread only.

    While it is held nothing moves and changes add up. ``edits_starting`` and ``edits_finished``
    surround everything that can move rows.
    """

    edits_starting = Signal()
    edits_finished = Signal()
    counts_changed = Signal(object)
    waiting_changed = Signal(int)

    def __init__(
        self,
        describe: Callable[[], CellContext],
        port_names: PortNames,
        parent: QObject | None = None,
    ) -> None:
        """Store ``describe`` for what cells depend on beside their entry, such as the time."""
        super().__init__(parent)
        self._describe = describe
        self._context = describe()
        self._scope = Scope.ALL
        self._matches: Callable[[SocketEntry], bool] | None = None
        self._shows_time_wait = True
        self._view = RowView(port_names)
        self._shown: list[SocketEntry] = []
        self._changes: RowChanges | None = None
        self._parts: deque[Diff] = deque()
        self._next_turn = QTimer(self)
        self._next_turn.setSingleShot(True)
        self._next_turn.setInterval(0)
        self._next_turn.timeout.connect(self._work_off)
        self._liveness = Liveness()
        self._rows: tuple[SocketRow, ...] | None = None
        self._processes: Mapping[ProcessKey, ProcessInfo] = {}
        self._counts: Counter[Scope] = Counter()
        self._states: Counter[State | None] = Counter()
        self._problems: Counter[OwnerProblem | None] = Counter()
        self._roles = CellRoles(self._liveness, self._context)
        self._answers = self._roles.answers

    @property
    def states(self) -> Mapping[State | None, int]:
        """Return how many sockets are in each state, in all scopes, closed ones not counted."""
        return self._states

    @property
    def owner_problems(self) -> Mapping[OwnerProblem | None, int]:
        """Return of how many sockets the owner is not known, by the reason."""
        return self._problems

    @property
    def context(self) -> CellContext:
        """Return what cells depend on beside their entry, as of the last tick."""
        return self._context

    @property
    def shown_entries(self) -> list[SocketEntry]:
        """Return the shown entries from the top."""
        return list(self._shown)

    def all_entries(self) -> Collection[SocketEntry]:
        """Return all entries, whatever the scope and the filter."""
        return self._view.entries

    def find_entry(self, key: SocketKey) -> SocketEntry | None:
        """Return the entry with this key, whatever the scope and the filter."""
        return self._view.find(key)

    def entry_at(self, number: int) -> SocketEntry:
        """Return the entry of a shown row."""
        return self._shown[number]

    def cell(self, entry: SocketEntry, column: int, role: int = _DISPLAY) -> Any:
        """Return what a view of the sockets shows of an entry in a column, by Qt's roles."""
        answer = self._answers.get(role)
        return None if answer is None else answer(entry, column)

    def plain_cell(self, index: Index) -> PlainCell | None:
        """Return what a cell is drawn from; None where its font is special, or the row is gone."""
        row = index.row()
        is_there = 0 <= row < len(self._shown)
        return self._roles.plain(self._shown[row], index.column()) if is_there else None

    def plain_cell_of(self, entry: SocketEntry, column: int) -> PlainCell | None:
        """Return what an entry's cell is drawn from; None where its font is special."""
        return self._roles.plain(entry, column)

    def row_number(self, key: SocketKey) -> int | None:
        """Return the number of the row with this key, None where it is not shown."""
        return self._view.number(key)

    def mark_of(self, key: SocketKey) -> Mark | None:
        """Return what happened to a row a moment ago."""
        news = self._liveness.news_of(key)
        return news.mark if news else None

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Take the next snapshot; a held table keeps its changes back until it is let go."""
        self._update_context()
        is_first = self._rows is None
        machine = diff(self._rows or (), snapshot.rows, snapshot.step)
        self._rows = snapshot.rows
        self._processes = snapshot.processes
        self._count(machine)
        self._take_in(self._liveness.advance(machine, _now_ms()))
        if machine or is_first:
            self._report_counts()

    def set_held(self, is_held: bool) -> None:  # noqa: FBT001 - one switch, as Qt's setters
        """Keep all rows where they are, or catch up with what waits."""
        if is_held:
            self._view.hold()
        elif self._view.is_held:
            self.catch_up()  # what is older than the waiting difference's end goes into it
            self._take_in(self._view.release())

    @property
    def is_descending(self) -> bool:
        """Return whether the rows are sorted in descending order."""
        return self._view.is_descending

    def record_changes(self, is_recorded: bool) -> None:  # noqa: FBT001 - one switch
        """Add up what edits do to the shown entries from now on, for ``take_changes``, or stop."""
        self._changes = RowChanges() if is_recorded else None

    @property
    def recorded_count(self) -> int:
        """Return how many entries left and came since changes were last taken."""
        return len(self._changes) if self._changes is not None else 0

    def take_changes(self) -> RowChanges:
        """Return what edits did to the shown entries since the last call; nothing unrecorded."""
        taken = self._changes or RowChanges()
        self.record_changes(self._changes is not None)
        return taken

    @property
    def is_behind(self) -> bool:
        """Return whether later turns of the event loop have something left to take in."""
        return bool(self._parts)

    def catch_up(self) -> None:
        """Take in at once what was left for later turns of the event loop."""
        while self._parts:
            self._work_off()
        self._next_turn.stop()

    def stop(self) -> None:
        """Leave what is left for later turns where it is: nobody looks any more."""
        self._next_turn.stop()

    def write_again(self) -> None:
        """Have every cell and title written again: in another language, from the same rows."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)
        self._touch_columns(0, len(COLUMNS) - 1)

    def set_scope(self, scope: Scope) -> None:
        """Show one scope's rows."""
        if scope is not self._scope:
            self._scope = scope
            self._filter_rows()

    def set_filter(self, matches: Callable[[SocketEntry], bool] | None) -> None:
        """Show the rows of the scope that match; None for all."""
        self._matches = matches
        self._filter_rows()
        if self._rows is not None:
            self._report_counts()

    @property
    def shows_time_wait(self) -> bool:
        """Return whether Connections shows closed connections in TIME_WAIT without a filter."""
        return self._shows_time_wait

    @property
    def hidden_time_wait(self) -> int:
        """Return how many connections in TIME_WAIT the scope leaves out now."""
        is_hiding = self._scope is Scope.CONNECTIONS and not self._shows_time_wait
        return self._states[State.TIME_WAIT] if is_hiding and self._matches is None else 0

    def set_shows_time_wait(self, is_shown: bool) -> None:  # noqa: FBT001 - a switch
        """Show connections in TIME_WAIT among the others, or only where a filter is asked for."""
        if is_shown != self._shows_time_wait:
            self._shows_time_wait = is_shown
            self._filter_rows()
            self._report_counts()

    def _filter_rows(self) -> None:
        matches = self._matches
        is_hiding = self._scope is Scope.CONNECTIONS and not self._shows_time_wait
        if matches is None and is_hiding:
            matches = _is_not_over
        self._edit(self._view.set_filter(self._scope, matches))

    def _report_counts(self) -> None:
        counts = {**dict.fromkeys(Scope, 0), **self._counts}
        if self._matches is not None and len(self._view.entries) <= _MOST_COUNTED:
            matching = self.count_matches()
            counts = {**dict.fromkeys(Scope, 0), **matching, Scope.ALL: sum(matching.values())}
        elif not self._shows_time_wait:
            counts[Scope.CONNECTIONS] -= self._states[State.TIME_WAIT]
        self.counts_changed.emit(counts)

    def count_matches(self) -> dict[Scope, int]:
        """Return how many entries of each narrow scope pass the filter; looks at every entry."""
        matches = self._matches
        counts = Counter(
            scope_of(entry.row) for entry in self._view.entries if matches is None or matches(entry)
        )
        return dict(counts)

    @property
    def is_filtered(self) -> bool:
        """Return whether a filter decides which rows of the scope are shown."""
        return self._matches is not None

    def set_highlight(self, highlight_ms: int) -> None:
        """Keep closed rows and marks for a time from now on; 0 for not at all."""
        self._liveness.highlight_ms = highlight_ms

    def set_colours(self, colours: RowColours) -> None:
        """Use colours that fit the palette."""
        self._roles.colours = colours
        self._touch_columns(0, len(COLUMNS) - 1)

    def set_icons(self, column_id: str, icon_of: Callable[[SocketEntry], object]) -> None:
        """Ask ``icon_of`` for what stands before a column's text, now and whenever it is shown."""
        number = _COLUMN_NUMBERS[column_id]
        self._roles.icons[number] = icon_of
        self._touch_columns(number, number)

    def pass_time(self) -> None:
        """Let marks and closed rows go whose time is over, and count ages on."""
        self._update_context()
        leaving, unmarked = self._liveness.expire(_now_ms())
        if leaving:
            self._take_in(leaving)
        self._edit(self._view.set_context(self._context))
        if unmarked:
            self._touch_columns(0, len(COLUMNS) - 1)
            return
        for number in _PASSING_COLUMNS:
            self._touch_columns(number, number)

    def show_context(self, column_id: str) -> None:
        """Take what cells depend on again, for a column that says it."""
        self._update_context()
        number = _COLUMN_NUMBERS[column_id]
        self._touch_columns(number, number)

    @override
    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._shown)

    @override
    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    @override
    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        # Asked some thousand times for each painting: what is not answered leaves early.
        answer = self._answers.get(role)
        if answer is None:
            return None
        row = index.row()
        return answer(self._shown[row], index.column()) if 0 <= row < len(self._shown) else None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        column = COLUMNS[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                # The space that NumberDelegate leaves at the right of the cells.
                title = _(column.title)
                return f"{title}\u2002" if column.is_numeric else title
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(_(column.description))
            case Qt.ItemDataRole.TextAlignmentRole:
                return ALIGN_NUMBER if column.is_numeric else ALIGN_TEXT
        return None

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not 0 <= column < len(COLUMNS):
            return
        is_descending = order == Qt.SortOrder.DescendingOrder
        self._edit(self._view.set_sort(COLUMNS[column], is_descending=is_descending))

    def _update_context(self) -> None:
        self._context = self._describe()
        self._roles.describe(self._context)

    def _count(self, machine: Diff) -> None:
        gone = [*machine.removed, *(change.old for change in machine.changed)]
        come = [*machine.added, *(change.new for change in machine.changed)]
        for rows, sign in ((gone, -1), (come, 1)):
            for row in rows:
                self._counts[scope_of(row)] += sign
                self._states[row.state] += sign
                if row.owner_problem is not None:
                    self._problems[row.owner_problem] += sign
            self._counts[Scope.ALL] += sign * len(rows)

    def _take_in(self, difference: Diff) -> None:
        # In parts, so that thousands of changes never keep a click or a key waiting; a few are
        # taken in at once. An empty part still takes in processes that are reported again.
        changes = len(difference.removed) + len(difference.added) + len(difference.changed)
        if self._shown and changes > _PART_SIZE:
            size = max(_PART_SIZE, changes // _MOST_PARTS)
            self._parts.extend(split(difference, size))
        else:
            # Nobody waits longer for the first rows than for all of them.
            self._parts.append(difference)
        if len(self._parts) == 1:
            self._work_off()
        else:
            self._next_turn.start()

    @Slot()
    def _work_off(self) -> None:
        until = time.perf_counter() + _TURN_S
        self.edits_starting.emit()
        while self._parts:
            part = self._parts.popleft()
            for edit in self._view.edits(part, self._processes, self._context.now_ms):
                self._do(edit)
            if time.perf_counter() > until:
                break
        self.edits_finished.emit()
        self.waiting_changed.emit(self._view.waiting)
        if self._parts:
            self._next_turn.start()

    def _edit(self, edits: list[Edit]) -> None:
        self.waiting_changed.emit(self._view.waiting)
        if not edits:
            return
        self.edits_starting.emit()
        for edit in edits:
            self._do(edit)
        self.edits_finished.emit()

    def _do(self, edit: Edit) -> None:
        if self._changes is not None:
            self._changes.note(self._shown, edit)
        match edit:
            case Removal(first, last):
                self.beginRemoveRows(_NOWHERE, first, last)
                apply_edit(self._shown, edit)
                self.endRemoveRows()
            case Insertion(first, entries):
                self.beginInsertRows(_NOWHERE, first, first + len(entries) - 1)
                apply_edit(self._shown, edit)
                self.endInsertRows()
            case Move(source, target):
                before = target if target < source else target + 1
                self.beginMoveRows(_NOWHERE, source, source, _NOWHERE, before)
                apply_edit(self._shown, edit)
                self.endMoveRows()
            case Update(first, entries):
                apply_edit(self._shown, edit)
                last = first + len(entries) - 1
                self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))
            case Reorder():
                self._reorder(edit)

    def _reorder(self, edit: Reorder) -> None:
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        entries = [self._shown[index.row()] for index in kept]
        apply_edit(self._shown, edit)
        if kept:
            numbers = self._numbers({id(entry): entry for entry in entries})
            moved = [
                self.index(numbers[id(entry)], index.column())
                for entry, index in zip(entries, kept, strict=True)
            ]
            self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def _numbers(self, wanted: Mapping[int, SocketEntry]) -> dict[int, int]:
        if len(wanted) <= _FEW:
            # Looked for one by one, without a line of Python for each of 30,000 rows.
            return {each: self._shown.index(entry) for each, entry in wanted.items()}
        return {id(e): number for number, e in enumerate(self._shown) if id(e) in wanted}

    def _touch_columns(self, first: int, last: int) -> None:
        if self._shown:
            bottom = len(self._shown) - 1
            self.dataChanged.emit(self.index(0, first), self.index(bottom, last))


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _is_not_over(entry: SocketEntry) -> bool:
    return entry.row.state is not State.TIME_WAIT
