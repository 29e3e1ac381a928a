"""The shown sockets by process, as a tree that follows the table by small edits, never a reset."""

from __future__ import annotations

from bisect import bisect_left
from itertools import compress, count
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont
from typing_extensions import override

from portview.domain.columns import COLUMNS
from portview.domain.plain_text import inert
from portview.models.edits import runs
from portview.models.process_groups import Group, group_key
from portview.models.tooltips import plain_tooltip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtCore import QObject

    from portview.domain.entry import Entry
    from portview.domain.sockets import SocketKey
    from portview.models.process_groups import GroupKey
    from portview.models.socket_table_model import SocketTableModel

    Index = QModelIndex | QPersistentModelIndex

MOST_MOVES = 32
"""Beyond this many lines that change places at once, one new layout is cheaper for everyone."""

_NOWHERE = QModelIndex()
_TOP = 0
"""The internal id of a group's index; a socket's index has the serial of its group."""

_DISPLAY = int(Qt.ItemDataRole.DisplayRole)


class ProcessTreeModel(QAbstractItemModel):
    """Processes with their sockets below them, over a ``SocketTableModel``. UI thread only.

    Scope, filter, sorting, marks and holding are the table's. A process stands where its first
    socket stands in the table, or after those with more sockets. It follows the table while it is
    active, and catches up when it becomes so.
    """

    edits_starting = Signal()
    edits_finished = Signal()

    def __init__(self, source: SocketTableModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._serials = count(_TOP + 1)
        self._groups: list[Group] = []
        self._by_key: dict[GroupKey, Group] = {}
        self._by_serial: dict[int, Group] = {}
        self._shown: list[Entry] = []
        self._places: dict[int, int] = {}
        self._is_active = False
        self._is_by_count = False
        self._is_reordered = False
        self._bold = QFont()
        self._bold.setWeight(QFont.Weight.DemiBold)
        source.layoutChanged.connect(self._on_reordered)
        source.edits_finished.connect(self._on_edits_finished)

    def set_active(self, is_active: bool) -> None:  # noqa: FBT001 - one switch, as Qt's setters
        """Follow the table from now on, or let it go its way."""
        self._is_active = is_active
        if is_active:
            self._source.catch_up()
            # What was reordered meanwhile is not known.
            self._is_reordered = True
            self._follow()

    def set_by_count(self, is_by_count: bool) -> None:  # noqa: FBT001 - one switch
        """Let processes with most sockets stand first, or go by the table's own order."""
        self._is_by_count = is_by_count
        self._is_reordered = True
        if self._is_active:
            self._follow()

    def entries_at(self, index: Index) -> list[Entry]:
        """Return the entry of a socket, or all those of a process."""
        if not index.isValid():
            return []
        if index.internalId() == _TOP:
            return list(self._groups[index.row()].entries)
        return [self._by_serial[index.internalId()].entries[index.row()]]

    def entry_at(self, index: Index) -> Entry | None:
        """Return the entry of a socket's index, None for a process."""
        is_socket = index.isValid() and index.internalId() != _TOP
        return self.entries_at(index)[0] if is_socket else None

    def index_of(self, key: SocketKey) -> QModelIndex:
        """Return the index of a socket, invalid where it is not shown."""
        self._source.catch_up()
        number = self._source.row_number(key)
        if number is None or not self._is_active:
            return QModelIndex()
        entry = self._source.entry_at(number)
        group = self._by_key[group_key(entry)]
        return self.createIndex(group.entries.index(entry), 0, group.serial)

    @override
    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        # Not hasIndex: a view asks for thousands of indexes, and each would cost two calls more.
        if not (0 <= row < self.rowCount(parent) and 0 <= column < len(COLUMNS)):
            return QModelIndex()
        group_id = self._groups[parent.row()].serial if parent.isValid() else _TOP
        return self.createIndex(row, column, group_id)

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
    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        return not parent.isValid() or parent.internalId() == _TOP

    @override
    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        if not index.isValid():
            return None
        if index.internalId() != _TOP:
            entry = self._by_serial[index.internalId()].entries[index.row()]
            return self._source.cell(entry, index.column(), role)
        return self._group_cell(self._groups[index.row()], index.column(), role)

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        return self._source.headerData(section, orientation, role)

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._source.sort(column, order)

    def _group_cell(self, group: Group, column: int, role: int) -> Any:
        if not group.entries:  # in the middle of an edit that exchanges all of them
            return None
        context = self._source.context
        identity = COLUMNS[column].id
        answer: Any = None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                answer = inert(group.text(identity, context))
            case Qt.ItemDataRole.ToolTipRole:
                answer = plain_tooltip(group.tooltip(identity, context))
            case Qt.ItemDataRole.FontRole if identity == "process":
                answer = self._bold
            case Qt.ItemDataRole.AccessibleTextRole:
                text = inert(group.text(identity, context))
                answer = f"{COLUMNS[column].title} {text or 'empty'}"
            case Qt.ItemDataRole.DecorationRole if identity == "firewall":
                pass  # its sockets may have different ones
            case Qt.ItemDataRole.TextAlignmentRole | Qt.ItemDataRole.DecorationRole:
                answer = self._source.cell(group.entries[0], column, role)
        return answer

    @Slot()
    def _on_reordered(self) -> None:
        self._is_reordered = True

    @Slot()
    def _on_edits_finished(self) -> None:
        # A large change comes in parts: the tree takes all of them at once, after the last.
        if self._is_active and not self._source.is_behind:
            self._follow()

    def _follow(self) -> None:
        """Compare the table's rows with those of the last time, and edit what differs.

        An entry that did not change is the same object, so that comparing is done by ``id``.
        """
        self.edits_starting.emit()
        before, self._shown = self._shown, self._source.shown_entries
        old_places = self._places
        self._places = places = dict(zip(map(id, self._shown), count(), strict=False))
        gone = old_places.keys() - places.keys()
        come = places.keys() - old_places.keys()
        leaving = _by_group(compress(before, map(gone.__contains__, map(id, before))))
        entering = _by_group(compress(self._shown, map(come.__contains__, map(id, self._shown))))
        is_reordered, self._is_reordered = self._is_reordered, False
        self._remove_groups(leaving, entering)
        touched = [self._by_key[key] for key in {**leaving, **entering} if key in self._by_key]
        for group in touched:
            self._edit_group(
                group,
                leaving.get(group.key, []),
                entering.get(group.key, []),
                is_reordered=is_reordered,
            )
        if is_reordered:
            for group in self._groups:
                target = self._in_order(group.entries)
                self._put_in_order(self._group_index(group), group.entries, target, None)
        target_groups = sorted(self._groups, key=self._group_place)
        self._put_in_order(_NOWHERE, self._groups, target_groups, None if is_reordered else touched)
        self._insert_groups(entering)
        for first, last in runs(sorted(group.number for group in touched)):
            end = self.index(last, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(first, 0), end)
        self.edits_finished.emit()

    def _place(self, entry: Entry) -> int:
        return self._places[id(entry)]

    def _group_place(self, group: Group) -> tuple[int, int]:
        place = self._place(group.entries[0])
        return (-len(group.entries) if self._is_by_count else 0, place)

    def _group_index(self, group: Group) -> QModelIndex:
        return self.createIndex(group.number, 0, _TOP)

    def _remove_groups(
        self, leaving: dict[GroupKey, list[Entry]], entering: dict[GroupKey, list[Entry]]
    ) -> None:
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

    def _insert_groups(self, entering: dict[GroupKey, list[Entry]]) -> None:
        coming = [
            Group(key, next(self._serials), entries)  # which are in the order of the table
            for key, entries in entering.items()
            if key not in self._by_key
        ]
        target = sorted([*self._groups, *coming], key=self._group_place)
        self._by_key |= {group.key: group for group in coming}
        self._by_serial |= {group.serial: group for group in coming}
        is_new = {group.serial for group in coming}
        for first, last in runs(n for n, group in enumerate(target) if group.serial in is_new):
            self.beginInsertRows(_NOWHERE, first, last)
            self._groups[first:first] = target[first : last + 1]
            self._number_groups()
            self.endInsertRows()

    def _edit_group(
        self, group: Group, leaving: list[Entry], entering: list[Entry], *, is_reordered: bool
    ) -> None:
        group.forget_texts()
        parent = self._group_index(group)
        entries = group.entries
        gone = {entry.row.key: entry for entry in leaving}
        changed: list[Entry] = []
        coming: list[Entry] = []
        for entry in entering:
            old = gone.pop(entry.row.key, None)
            if old is None:
                coming.append(entry)
            else:
                entries[entries.index(old)] = entry
                changed.append(entry)
        for first, last in reversed(list(runs(sorted(map(entries.index, gone.values()))))):
            self.beginRemoveRows(parent, first, last)
            del entries[first : last + 1]
            self.endRemoveRows()
        if changed or is_reordered:
            target = self._in_order(entries)
            self._put_in_order(parent, entries, target, None if is_reordered else changed)
        self._insert_entries(parent, group, coming)
        places = self._places_of(entries)
        for first, last in runs(sorted(bisect_left(places, self._place(e)) for e in changed)):
            start = self.createIndex(first, 0, group.serial)
            end = self.createIndex(last, len(COLUMNS) - 1, group.serial)
            self.dataChanged.emit(start, end)

    def _insert_entries(self, parent: QModelIndex, group: Group, coming: list[Entry]) -> None:
        if not coming:
            return
        entries = group.entries
        target = self._in_order([*entries, *coming])
        places = self._places_of(target)
        for first, last in runs(sorted(bisect_left(places, self._place(e)) for e in coming)):
            self.beginInsertRows(parent, first, last)
            entries[first:first] = target[first : last + 1]
            self.endInsertRows()

    def _places_of(self, entries: list[Entry]) -> list[int]:
        return list(map(self._places.__getitem__, map(id, entries)))

    def _in_order(self, entries: list[Entry]) -> list[Entry]:
        return list(map(self._shown.__getitem__, sorted(self._places_of(entries))))

    def _put_in_order(
        self, parent: QModelIndex, lines: list[Any], target: list[Any], movers: list[Any] | None
    ) -> None:
        """Bring lines below a parent into their order; only ``movers`` may stand wrong, or all."""
        if lines == target:
            return
        if movers is None or len(movers) > MOST_MOVES:
            self._lay_out(parent, lines, target)
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

    def _lay_out(self, parent: QModelIndex, lines: list[Any], target: list[Any]) -> None:
        # PySide offers the form without parents only, which stands for the whole tree.
        self.layoutAboutToBeChanged.emit()
        inside = self._groups[parent.row()].serial if parent.isValid() else _TOP
        kept = [index for index in self.persistentIndexList() if index.internalId() == inside]
        numbers = {id(line): number for number, line in enumerate(target)}
        moved = [
            self.createIndex(numbers[id(lines[index.row()])], index.column(), inside)
            for index in kept
        ]
        lines[:] = target
        self._number_groups()
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def _number_groups(self) -> None:
        for number, group in enumerate(self._groups):
            group.number = number


def _by_group(entries: Iterable[Entry]) -> dict[GroupKey, list[Entry]]:
    groups: dict[GroupKey, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(group_key(entry), []).append(entry)
    return groups
