"""The shown sockets by process, as a tree that follows the table by small edits, never a reset."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)

from portview.domain.table.columns import COLUMNS
from portview.models.edits import runs
from portview.models.group_roles import GroupRoles
from portview.models.process_groups import Group, by_group, group_key
from portview.models.row_changes import RowChanges
from portview.models.table_order import TableOrder
from portview.override import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtCore import QObject

    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketKey
    from portview.models.cell_roles import PlainCell
    from portview.models.process_groups import Grouped, GroupKey
    from portview.models.socket_table_model import SocketTableModel

    Index = QModelIndex | QPersistentModelIndex

MOST_MOVES = 32
"""Beyond this many lines that change places at once, one new layout is cheaper for everyone."""

MOST_PENDING = 300
"""So many entries may have left and come before the tree follows."""

MOST_EDITED, MOST_HELD = 8, 64
"""Beyond so many groups to edit, while so many indexes are held, likewise."""

_NOWHERE = QModelIndex()
_TOP = 0
"""The internal id of a group's index; a socket's index has the serial of its group."""

_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_PROCESS_FLAGS = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
_SOCKET_FLAGS = _PROCESS_FLAGS | Qt.ItemFlag.ItemNeverHasChildren


class ProcessTreeModel(QAbstractItemModel):
    """Processes with their sockets below them, over a ``SocketTableModel``. UI thread only.

    Scope, filter, sorting, marks and holding are the table's. A process stands where its first
    socket stands in the table, or after those with more sockets. It follows the table while it is
    active, and catches up when it becomes so. ``edits_starting`` tells how many sockets left and
    came since the last edits.
    """

    edits_starting = Signal(int)
    edits_finished = Signal()

    def __init__(self, source: SocketTableModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._serials = count(_TOP + 1)
        self._groups: list[Group] = []
        self._by_key: dict[GroupKey, Group] = {}
        self._by_serial: dict[int, Group] = {}
        self._order = TableOrder(is_descending=False)
        self._is_active = False
        self._is_by_count = False
        self._is_by_project = False
        self._roles = GroupRoles(source)
        self._answers = self._roles.answers
        source.edits_finished.connect(self._on_edits_finished)

    def set_active(self, is_active: bool) -> None:  # noqa: FBT001 - one switch, as Qt's setters
        """Follow the table from now on, or let it go its way."""
        self._is_active = is_active
        self._source.record_changes(is_active)
        if is_active:
            self._source.catch_up()
            self._source.take_changes()
            before = [entry for group in self._groups for entry in group.entries]
            self._follow(RowChanges.between(before, self._source.shown_entries))

    def set_by_count(self, is_by_count: bool) -> None:  # noqa: FBT001 - one switch
        """Let processes with most sockets stand first, or go by the table's own order."""
        self._is_by_count = is_by_count
        if self._is_active:
            self._source.catch_up()
            changes = self._source.take_changes()
            changes.is_reordered = True
            self._follow(changes)

    def set_by_project(self, is_by_project: bool) -> None:  # noqa: FBT001 - one switch
        """Make one line of all processes of a project, or one of each process."""
        if is_by_project == self._is_by_project:
            return
        # All lines leave by the old grouping before any come by the new one.
        if self._is_active:
            self._source.catch_up()
            self._source.take_changes()
        shown = [entry for group in self._groups for entry in group.entries]
        self._follow(RowChanges.between(shown, ()))
        self._is_by_project = is_by_project
        if self._is_active:
            self._follow(RowChanges.between((), self._source.shown_entries))

    def entries_at(self, index: Index) -> list[SocketEntry]:
        """Return the entry of a socket, or all those of a process."""
        if not index.isValid():
            return []
        if index.internalId() == _TOP:
            return list(self._groups[index.row()].entries)
        return [self._by_serial[index.internalId()].entries[index.row()]]

    def entry_at(self, index: Index) -> SocketEntry | None:
        """Return the entry of a socket's index, None for a process."""
        is_socket = index.isValid() and index.internalId() != _TOP
        return self.entries_at(index)[0] if is_socket else None

    def plain_cell(self, index: Index) -> PlainCell | None:
        """Return what a cell is drawn from; None where its font is special, or the line is gone."""
        row, inside = index.row(), index.internalId()
        if row < 0:
            return None
        if inside != _TOP:
            return self._source.plain_cell_of(self._by_serial[inside].entries[row], index.column())
        group = self._groups[row]
        return self._roles.plain(group, index.column()) if group.entries else None

    def owner_at(self, index: Index) -> ProcessKey | None:
        """Return the process that a line is, or is a socket of; None where there is none."""
        entries = self.entries_at(index)
        return entries[0].row.key.owner if entries else None

    def index_of(self, key: SocketKey) -> QModelIndex:
        """Return the index of a socket, invalid where it is not shown."""
        self._source.catch_up()
        number = self._source.row_number(key)
        if number is None or not self._is_active:
            return QModelIndex()
        entry = self._source.entry_at(number)
        group = self._by_key[group_key(entry, by_project=self._is_by_project)]
        return self.createIndex(self._order.number(group.entries, entry), 0, group.serial)

    @override
    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        # Not hasIndex and rowCount: a view asks for thousands of indexes.
        inside, lines = _TOP, len(self._groups)
        if parent.isValid():
            if parent.internalId() != _TOP or parent.column() != 0:
                return QModelIndex()
            group = self._groups[parent.row()]
            inside, lines = group.serial, len(group.entries)
        if 0 <= row < lines and 0 <= column < len(COLUMNS):
            return self.createIndex(row, column, inside)
        return QModelIndex()

    @override
    def sibling(self, row: int, column: int, idx: Index) -> QModelIndex:
        # What a painted line is asked for with each of its cells.
        if row == idx.row() and 0 <= column < len(COLUMNS):
            return self.createIndex(row, column, idx.internalId())
        return self.index(row, column, self.parent(idx))

    @override
    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override] # QObject.parent() as well
        if not index.isValid() or index.internalId() == _TOP:
            return QModelIndex()
        return self.createIndex(self._by_serial[index.internalId()].number, 0, _TOP)

    @override
    def rowCount(self, parent: Index = _NOWHERE) -> int:
        if not parent.isValid():
            return len(self._groups)
        is_group = parent.internalId() == _TOP and parent.column() == 0
        return len(self._groups[parent.row()].entries) if is_group else 0

    @override
    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return len(COLUMNS)

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        # A view that opens all lines holds an index into each that could have others below it.
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return _SOCKET_FLAGS if index.internalId() != _TOP else _PROCESS_FLAGS

    @override
    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        return not parent.isValid() or parent.internalId() == _TOP

    @override
    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        row, inside = index.row(), index.internalId()
        if row < 0:
            return None
        if inside != _TOP:
            return self._source.cell(self._by_serial[inside].entries[row], index.column(), role)
        answer = self._answers.get(role)
        group = self._groups[row]
        # Without entries in the middle of an edit that exchanges all of them.
        return answer(group, index.column()) if answer and group.entries else None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        return self._source.headerData(section, orientation, role)

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._source.sort(column, order)

    @Slot()
    def _on_edits_finished(self) -> None:
        # Not after each of the parts in which a large change comes: views lay out all lines again.
        is_much = self._source.recorded_count >= MOST_PENDING
        if self._is_active and (is_much or not self._source.is_behind):
            self._follow(self._source.take_changes())

    def _follow(self, changes: RowChanges) -> None:
        """Do to the groups what was done to the table's rows, at the cost of what changed."""
        if not changes:
            return
        self.edits_starting.emit(len(changes))
        self._order = TableOrder(is_descending=self._source.is_descending)
        by_project = self._is_by_project
        leaving = by_group(changes.left, by_project=by_project)
        entering = by_group(changes.came, by_project=by_project)
        self._remove_groups(leaving, entering)
        touched = [self._by_key[key] for key in {**leaving, **entering} if key in self._by_key]
        crowd = self._crowd(touched)
        if crowd:
            self._exchange(crowd, leaving, entering)
        for group in touched:
            group.forget_texts()
            if group not in crowd:
                self._edit_group(group, leaving, entering, is_reordered=changes.is_reordered)
        if changes.is_reordered:
            self._sort()
        self._move_lines(_NOWHERE, self._groups, self._in_order(self._groups), touched)
        self._insert_groups(entering)
        for first, last in runs(sorted(group.number for group in touched)):
            end = self.index(last, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(first, 0), end)
        self.edits_finished.emit()

    def _rank(self, group: Group) -> tuple[Any, ...]:
        # Read in the direction of the table, so that most sockets come first in both.
        key = self._order.key(group.entries[0])
        if not self._is_by_count:
            return key
        size = len(group.entries)
        return (size if self._order.is_descending else -size, *key)

    def _in_order(self, groups: Iterable[Group]) -> list[Group]:
        return sorted(groups, key=self._rank, reverse=self._order.is_descending)

    def _remove_groups(self, leaving: Grouped, entering: Grouped) -> None:
        empty = [
            group.number
            for key, entries in leaving.items()
            if key not in entering and len(entries) == len((group := self._by_key[key]).entries)
        ]
        for first, last in reversed(list(runs(sorted(empty)))):
            self.beginRemoveRows(_NOWHERE, first, last)
            for group in self._groups[first : last + 1]:
                del self._by_key[group.key], self._by_serial[group.serial]
            del self._groups[first : last + 1]
            self._number_groups()
            self.endRemoveRows()

    def _insert_groups(self, entering: Grouped) -> None:
        coming = [
            Group(key, next(self._serials), self._order.sorted(entries))
            for key, entries in entering.items()
            if key not in self._by_key
        ]
        if not coming:
            return
        target = self._in_order([*self._groups, *coming])
        self._by_key |= {group.key: group for group in coming}
        self._by_serial |= {group.serial: group for group in coming}
        is_new = {group.serial for group in coming}
        for first, last in runs(n for n, group in enumerate(target) if group.serial in is_new):
            self.beginInsertRows(_NOWHERE, first, last)
            self._groups[first:first] = target[first : last + 1]
            self._number_groups()
            self.endInsertRows()

    def _crowd(self, touched: list[Group]) -> set[Group]:
        """Return groups that are better edited at once, which nobody holds an index into.

        Qt asks for the parent of each index that someone holds, once per edit. An open process is
        held by the view, so that many edits below many open processes would take seconds.
        """
        if len(touched) <= MOST_EDITED:
            return set()
        kept = self.persistentIndexList()
        if len(kept) <= MOST_HELD:
            return set()
        held = {index.internalId() for index in kept}
        return {group for group in touched if group.serial not in held}

    def _exchange(self, groups: Iterable[Group], leaving: Grouped, entering: Grouped) -> None:
        self.layoutAboutToBeChanged.emit()
        for group in groups:
            gone = set(map(id, leaving.get(group.key, ())))
            staying = (entry for entry in group.entries if id(entry) not in gone)
            group.entries[:] = self._order.sorted([*staying, *entering.get(group.key, ())])
        self.layoutChanged.emit()

    def _edit_group(
        self, group: Group, leaving: Grouped, entering: Grouped, *, is_reordered: bool
    ) -> None:
        entries, order = group.entries, self._order
        parent = self.createIndex(group.number, 0, _TOP)
        gone = {entry.row.key: entry for entry in leaving.get(group.key, ())}
        changed: list[SocketEntry] = []
        coming: list[SocketEntry] = []
        for entry in entering.get(group.key, ()):
            old = gone.pop(entry.row.key, None)
            if old is None:
                coming.append(entry)
            else:
                entries[order.number(entries, old)] = entry
                changed.append(entry)
        numbers = sorted(order.number(entries, entry) for entry in gone.values())
        for first, last in reversed(list(runs(numbers))):
            self.beginRemoveRows(parent, first, last)
            del entries[first : last + 1]
            self.endRemoveRows()
        if is_reordered:
            # They are put into their places later, together with all others.
            places = [(len(entries), coming)] if coming else []
        else:
            if not all(order.stands_well(entries, entries.index(entry)) for entry in changed):
                self._move_lines(parent, entries, order.sorted(entries), changed)
            places = list(order.insertions(entries, coming))
        for at, run in places:
            self.beginInsertRows(parent, at, at + len(run) - 1)
            entries[at:at] = run
            self.endInsertRows()
        for first, last in runs(sorted(map(entries.index, changed))):
            start = self.createIndex(first, 0, group.serial)
            self.dataChanged.emit(start, self.createIndex(last, len(COLUMNS) - 1, group.serial))

    def _move_lines(
        self, parent: QModelIndex, lines: list[Any], target: list[Any], movers: list[Any]
    ) -> None:
        """Bring lines below a parent into their order; only ``movers`` may stand wrong."""
        if lines == target:
            return
        if len(movers) > MOST_MOVES:
            self._lay_out(lambda: lines.__setitem__(slice(None), target))
            return
        numbers = {id(line): number for number, line in enumerate(target)}
        for line in sorted(movers, key=lambda each: numbers[id(each)]):
            before = numbers[id(line)] - 1
            source = lines.index(line)
            # Counted as Qt does, before the line is taken out: right after what precedes it.
            goal = lines.index(target[before]) + 1 if before >= 0 else 0
            if goal in {source, source + 1}:
                continue
            self.beginMoveRows(parent, source, source, parent, goal)
            lines.insert(goal - 1 if goal > source else goal, lines.pop(source))
            self._number_groups()
            self.endMoveRows()

    def _sort(self) -> None:
        """Bring everything into the order of the table, in one new layout."""
        targets = [self._order.sorted(group.entries) for group in self._groups]

        def arrange() -> None:
            for group, target in zip(self._groups, targets, strict=True):
                group.entries[:] = target
            self._groups[:] = self._in_order(self._groups)

        self._lay_out(arrange)

    def _lay_out(self, arrange: Callable[[], object]) -> None:
        # PySide offers the form without parents only, which stands for the whole tree.
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        lines = [self._line(index) for index in kept]
        arrange()
        self._number_groups()
        moved = [
            self.createIndex(self._number(line, index), index.column(), index.internalId())
            for line, index in zip(lines, kept, strict=True)
        ]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def _line(self, index: Index) -> Group | SocketEntry:
        return self.entry_at(index) or self._groups[index.row()]

    def _number(self, line: Group | SocketEntry, index: Index) -> int:
        if isinstance(line, Group):
            return line.number
        return self._order.number(self._by_serial[index.internalId()].entries, line)

    def _number_groups(self) -> None:
        for number, group in enumerate(self._groups):
            group.number = number
