"""Some sockets as a small table of the same kind as the main one, for a tab of the details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from portview.domain.sockets.snapshot import Snapshot
from portview.domain.table.columns import COLUMNS
from portview.models.socket_table_model import SocketTableModel
from portview.ui.table.column_layout import ColumnLayout
from portview.ui.table.socket_table import SocketTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.domain.sockets.port_names import PortNames
    from portview.domain.sockets.socket_row import SocketKey, SocketRow
    from portview.domain.table.cells import CellContext


class SocketList(QWidget):
    """Shows ``columns`` of some sockets; a double-click or Enter chooses one.

    ``name`` is for screen readers, ``sorted_by`` the column of the first order.
    """

    socket_chosen = Signal(object)

    def __init__(
        self,
        describe: Callable[[], CellContext],
        port_names: PortNames,
        columns: Sequence[str],
        *,
        name: str,
        sorted_by: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._subject: object = None
        self.model = SocketTableModel(describe, port_names, self)
        self.model.set_highlight(0)
        self.table = SocketTable(self.model)
        self.table.setAccessibleName(name)
        self.table.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setSortingEnabled(True)
        self.title = QLabel()
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setContentsMargins(8, 8, 8, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.title)
        layout.addWidget(self.table)
        header = self.table.horizontalHeader()
        self._columns = ColumnLayout(header, COLUMNS)
        self._columns.reset()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        for number, column in enumerate(COLUMNS):
            header.setSectionHidden(number, column.id not in columns)
            width = self._columns.first_width(column.id)
            is_address = column.id.endswith("_address")
            header.resizeSection(number, width * 3 // 4 if is_address else width)
        for place, identity in enumerate(columns):
            header.moveSection(header.visualIndex(_number(identity)), place)
        self.table.sortByColumn(_number(sorted_by), Qt.SortOrder.AscendingOrder)
        self.table.doubleClicked.connect(self._on_double_clicked)
        self.table.activated_row.connect(self._on_activated)

    def show_rows(
        self, subject: object, rows: Sequence[SocketRow], snapshot: Snapshot, title: str
    ) -> None:
        """Show sockets of a snapshot; the list begins at its top for another subject."""
        if subject != self._subject:
            self._subject = subject
            self.model.set_held(is_held=False)
            self.table.scrollToTop()
        self.model.show_snapshot(Snapshot(tuple(rows), snapshot.processes))
        self.model.pass_time()
        self.title.setText(title)

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.socket_chosen.emit(self.model.entry_at(index.row()).row.key)

    @Slot()
    def _on_activated(self) -> None:
        key: SocketKey | None = self.table.current_key()
        if key is not None:
            self.socket_chosen.emit(key)


def _number(identity: str) -> int:
    return [column.id for column in COLUMNS].index(identity)
