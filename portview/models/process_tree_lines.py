"""The lines of a tree of processes, as Qt's views ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt

from portview.domain.table.columns import COLUMNS
from portview.models.group_roles import GroupRoles
from portview.models.table_order import TableOrder
from portview.override import override

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketKey
    from portview.models.cell_roles import PlainCell
    from portview.models.process_groups import Group, GroupKey
    from portview.models.socket_table_model import SocketTableModel

    Index = QModelIndex | QPersistentModelIndex

_NOWHERE = QModelIndex()
SOCKET = 1
"""The lowest bit of an internal id, whose others are the serial of a group: whether an index is
that of a socket of the group, or the group's own. So it stays what it is wherever a group goes."""

_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_FONT = int(Qt.ItemDataRole.FontRole)
_PROCESS_FLAGS = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
_SOCKET_FLAGS = _PROCESS_FLAGS | Qt.ItemFlag.ItemNeverHasChildren


class ProcessTreeLines(QAbstractItemModel):
    """Groups with their sockets and then other groups below them. UI thread only.

    Whoever edits ``_top`` and what stands below keeps to Qt's rules for doing so.
    """

    def __init__(self, source: SocketTableModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._top: list[Group] = []
        self._by_key: dict[GroupKey, Group] = {}
        self._by_serial: dict[int, Group] = {}
        self._order = TableOrder(is_descending=False)
        self._roles = GroupRoles(source)
        self._answers = self._roles.answers

    def _group_of(self, entry: SocketEntry) -> Group | None:
        """Return the group that shows an entry, None where none does."""
        raise NotImplementedError

    def entries_at(self, index: Index) -> list[SocketEntry]:
        """Return the entry of a socket, or all those of a process."""
        group = self._group_at(index)
        if group is None:
            return []
        is_socket = index.internalId() & SOCKET
        return [group.entries[index.row()]] if is_socket else list(group.entries)

    def entry_at(self, index: Index) -> SocketEntry | None:
        """Return the entry of a socket's line, None for a process with several."""
        entries = self.entries_at(index)
        return entries[0] if len(entries) == 1 else None

    def plain_cell(self, index: Index) -> PlainCell | None:
        """Return what a cell is drawn from; None where its font is special, or the line is gone."""
        row, inside, column = index.row(), index.internalId(), index.column()
        if row < 0:
            return None
        group = self._by_serial[inside >> 1]
        if inside & SOCKET:
            return self._source.plain_cell_of(group.entries[row], column)
        if not group.entries:
            return None
        if group.single is not None and self._font(group, column) is None:
            return self._source.plain_cell_of(group.single, column)
        return self._roles.plain(group, column)

    def owner_at(self, index: Index) -> ProcessKey | None:
        """Return the process that a line is, or is a socket of; None where there is none."""
        entries = self.entries_at(index)
        return entries[0].row.key.owner if entries else None

    def index_of(self, key: SocketKey) -> QModelIndex:
        """Return the index of a socket, invalid where it is not shown."""
        self._source.catch_up()
        number = self._source.row_number(key)
        if number is None:
            return QModelIndex()
        entry = self._source.entry_at(number)
        group = self._group_of(entry)
        if group is None:
            return QModelIndex()
        if group.single is not None:
            return self._index(group)
        place = self._order.number(group.entries, entry)
        return self.createIndex(place, 0, group.serial << 1 | SOCKET)

    def _group_at(self, index: Index) -> Group | None:
        """Return the group that a line is, or is a socket of."""
        return self._by_serial[index.internalId() >> 1] if index.isValid() else None

    def _index(self, group: Group | None, column: int = 0) -> QModelIndex:
        if group is None:
            return QModelIndex()
        return self.createIndex(row_of(group), column, group.serial << 1)

    def _siblings(self, parent: Group | None) -> list[Group]:
        return self._top if parent is None else parent.children

    @override
    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        # Not hasIndex and rowCount: a view asks for thousands of indexes.
        if row < 0 or not 0 <= column < len(COLUMNS):
            return QModelIndex()
        groups, sockets = self._top, 0
        if parent.isValid():
            if parent.internalId() & SOCKET or parent.column() != 0:
                return QModelIndex()
            group = self._by_serial[parent.internalId() >> 1]
            groups, sockets = group.children, group.line_count
            if row < sockets:
                return self.createIndex(row, column, group.serial << 1 | SOCKET)
        number = row - sockets
        if number < len(groups):
            return self.createIndex(row, column, groups[number].serial << 1)
        return QModelIndex()

    @override
    def sibling(self, row: int, column: int, idx: Index) -> QModelIndex:
        # What a painted line is asked for with each of its cells.
        if row == idx.row() and 0 <= column < len(COLUMNS):
            return self.createIndex(row, column, idx.internalId())
        return self.index(row, column, self.parent(idx))

    @override
    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override] # QObject.parent() as well
        if not index.isValid():
            return QModelIndex()
        group = self._by_serial[index.internalId() >> 1]
        return self._index(group if index.internalId() & SOCKET else group.parent)

    @override
    def rowCount(self, parent: Index = _NOWHERE) -> int:
        if not parent.isValid():
            return len(self._top)
        if parent.internalId() & SOCKET or parent.column() != 0:
            return 0
        group = self._by_serial[parent.internalId() >> 1]
        return group.line_count + len(group.children)

    @override
    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return len(COLUMNS)

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        # A view that opens all lines holds an index into each that could have others below it.
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return _SOCKET_FLAGS if index.internalId() & SOCKET else _PROCESS_FLAGS

    @override
    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        return not parent.isValid() or self.rowCount(parent) > 0

    @override
    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        row, inside = index.row(), index.internalId()
        if row < 0:
            return None
        group = self._by_serial[inside >> 1]
        if inside & SOCKET:
            return self._source.cell(group.entries[row], index.column(), role)
        if not group.entries:
            return None  # in the middle of an edit that exchanges all of them
        if group.single is not None:
            if role == _FONT and (font := self._font(group, index.column())):
                return font
            return self._source.cell(group.single, index.column(), role)
        answer = self._answers.get(role)
        return answer(group, index.column()) if answer else None

    def _font(self, group: Group, column: int) -> Any:
        """Return the font of a process that others stand below, or that has several sockets."""
        return self._answers[_FONT](group, column) if group.children or not group.single else None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        return self._source.headerData(section, orientation, role)

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._source.sort(column, order)


def row_of(group: Group) -> int:
    """Return the row of a group below its parent, whose sockets stand first."""
    return group.number + (group.parent.line_count if group.parent else 0)
