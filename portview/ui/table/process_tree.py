"""The sockets by process: a tree that stands as still as the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QPersistentModelIndex, QPoint, Qt, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractItemView, QTreeView, QWidget

from portview.domain.table.columns import COLUMNS
from portview.i18n import _
from portview.models.socket_table_model import NUMBER_COLUMNS
from portview.ui.style.theme import tabular_font
from portview.ui.table.cell_delegates import set_cell_delegates
from portview.ui.table.row_gestures import RowGestures

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtCore import QModelIndex

    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketKey
    from portview.models.process_tree_model import ProcessTreeModel
    from portview.models.socket_table_model import SocketTableModel


_BRANCH_COLUMNS = [[column.id for column in COLUMNS].index(name) for name in ("what", "process")]
_MOST_OPENED = 8
"""A process with more sockets is not opened by itself."""
_MOST_LOOKED_FOR = 8
"""Beyond this many changed sockets, laying out all lines again is cheaper."""


class ProcessTree(QTreeView):
    """Shows a ``ProcessTreeModel`` over the table's model, which it holds as the table does."""

    def __init__(
        self, model: ProcessTreeModel, source: SocketTableModel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._processes = model
        self._anchor: tuple[QPersistentModelIndex, int] | None = None
        self._current_key: SocketKey | None = None
        self._set_up_looks()
        self.setModel(model)
        self._place_branches()
        set_cell_delegates(self, NUMBER_COLUMNS, model.plain_cell)
        model.edits_starting.connect(self._on_edits_starting)
        model.edits_finished.connect(self._on_edits_finished)
        model.parents_came.connect(self._on_parents_came)
        # Marks and ages pass: repainting what is in sight is cheaper than significant every group.
        source.dataChanged.connect(self._on_time_passed)
        self.gestures = RowGestures(self, source)
        self.setAccessibleName(_("Sockets by process"))

    @property
    def processes(self) -> ProcessTreeModel:
        """Return the model."""
        return self._processes

    def selected_entries(self) -> list[SocketEntry]:
        """Return the selected sockets and those of the selected processes, each once."""
        indexes = self.selectionModel().selectedRows()
        entries = (entry for index in indexes for entry in self._processes.entries_at(index))
        return list(dict.fromkeys(entries))

    def entries_of(self, index: QModelIndex) -> list[SocketEntry]:
        """Return the socket of a line, or all those of a process."""
        return self._processes.entries_at(index)

    def current_cell(self) -> tuple[SocketEntry | None, int]:
        """Return the current socket, None where a process is current, and the current column."""
        index = self.currentIndex()
        return self._processes.entry_at(index), index.column()

    def visible_entries(self) -> list[SocketEntry]:
        """Return the sockets whose lines can be seen at the moment, topmost first."""
        entries = []
        bottom = self.viewport().height()
        index = self.indexAt(QPoint(0, 0))
        while index.isValid() and self.visualRect(index).top() < bottom:
            if entry := self._processes.entry_at(index):
                entries.append(entry)
            index = self.indexBelow(index)
        return entries

    def visible_owners(self) -> Iterable[ProcessKey | None]:
        """Return whose lines can be seen at the moment, open or not."""
        bottom = self.viewport().height()
        index = self.indexAt(QPoint(0, 0))
        while index.isValid() and self.visualRect(index).top() < bottom:
            yield self._processes.owner_at(index)
            index = self.indexBelow(index)

    def select_key(self, key: SocketKey) -> bool:
        """Select a socket and open what it stands below; False where it is not shown."""
        index = self._processes.index_of(key)
        if not index.isValid():
            return False
        above = index.parent()
        while above.isValid():
            self.expand(above)
            above = above.parent()
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
        return True

    def _set_up_looks(self) -> None:
        self.setFont(tabular_font(self.font()))
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setAllColumnsShowFocus(True)
        self.setExpandsOnDoubleClick(True)
        self.setTreePosition(-1)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        header = self.header()
        header.setSectionsMovable(True)
        header.setFirstSectionMovable(True)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(36)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.sectionResized.connect(self._on_section_resized)
        bold = QFont(header.font())
        bold.setWeight(QFont.Weight.DemiBold)
        header.setFont(bold)

    @Slot(int, int, int)
    def _on_section_resized(self, _number: int, before: int, after: int) -> None:
        # Of a column that comes or goes Qt reports this alone.
        if not before or not after:
            self._place_branches()

    def _place_branches(self) -> None:
        """Draw the branches where texts begin, since numbers on the right hide what is below."""
        hidden = self.header().isSectionHidden
        shown = (number for number in _BRANCH_COLUMNS if not hidden(number))
        self.setTreePosition(next(shown, -1))

    @Slot()
    def _on_time_passed(self) -> None:
        if self.isVisible():
            self.viewport().update()

    @Slot(int)
    def _on_edits_starting(self, count: int) -> None:
        self._find_anchor()
        current = self._processes.entry_at(self.currentIndex())
        self._current_key = current.row.key if current else None
        if count > _MOST_LOOKED_FOR:
            # Else each changed line would be looked for among all lines, cell by cell.
            self.scheduleDelayedItemsLayout()

    def _find_anchor(self) -> None:
        top = self.indexAt(QPoint(0, 0))
        current = self.currentIndex()
        is_row_visible = current.isValid() and self.viewport().rect().intersects(
            self.visualRect(current)
        )
        # A tree that stands at its very top stays there, so that new rows come into sight.
        if not top.isValid() or not (is_row_visible or self.verticalScrollBar().value()):
            self._anchor = None
            return
        anchor = current if is_row_visible else top
        self._anchor = (QPersistentModelIndex(anchor), self.visualRect(anchor).top())

    @Slot(object)
    def _on_parents_came(self, indexes: list[QModelIndex]) -> None:
        # Who comes from another process is not to be hidden by it; many sockets would hide more.
        for index in indexes:
            if len(self._processes.entries_at(index)) <= _MOST_OPENED:
                self.expand(index)

    def _keep_selected(self) -> None:
        """Go on with the line of a process where its last socket lost its own."""
        key, self._current_key = self._current_key, None
        if key is not None and self._processes.entry_at(self.currentIndex()) is None:
            index = self._processes.index_of(key)
            if index.isValid():
                flags = QItemSelectionModel.SelectionFlag
                self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)

    @Slot()
    def _on_edits_finished(self) -> None:
        self._keep_selected()
        if self._anchor is None:
            return
        kept, old_top = self._anchor
        self._anchor = None
        if not kept.isValid():
            return
        index = self._processes.index(kept.row(), 0, kept.parent())
        shift = self.visualRect(index).top() - old_top
        bar = self.verticalScrollBar()
        rows = round(shift / max(self.rowHeight(index), 1))
        if rows:
            bar.setValue(bar.value() + rows)
