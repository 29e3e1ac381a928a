"""All sockets of one process, beside what is known about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from portview.domain.sockets.snapshot import Snapshot
from portview.domain.table.columns import COLUMNS
from portview.i18n import _
from portview.models.socket_table_model import SocketTableModel
from portview.ui.table.column_layout import ColumnLayout
from portview.ui.table.socket_table import SocketTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.port_names import PortNames
    from portview.domain.sockets.socket_row import SocketKey
    from portview.domain.table.cells import CellContext
    from portview.ui.details.details_page import Subject

_SHOWN = ("protocol", "local_address", "port", "remote_address", "state", "age")


class ProcessSockets(QWidget):
    """A small table of the same kind as the main one; a double-click or Enter chooses a socket."""

    socket_chosen = Signal(object)

    def __init__(
        self,
        describe: Callable[[], CellContext],
        port_names: PortNames,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._owner: ProcessKey | None = None
        self.model = SocketTableModel(describe, port_names, self)
        self.model.set_highlight(0)
        self.table = SocketTable(self.model)
        self.table.setAccessibleName(_("Sockets of this process"))
        self.table.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setSortingEnabled(True)
        self._title = QLabel()
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setContentsMargins(8, 8, 8, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._title)
        layout.addWidget(self.table)
        header = self.table.horizontalHeader()
        self._columns = ColumnLayout(header, COLUMNS)
        self._columns.reset()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        for number, column in enumerate(COLUMNS):
            header.setSectionHidden(number, column.id not in _SHOWN)
            width = self._columns.first_width(column.id)
            is_address = column.id.endswith("_address")
            header.resizeSection(number, width * 3 // 4 if is_address else width)
        self.table.sortByColumn(_number("port"), Qt.SortOrder.AscendingOrder)
        self.table.doubleClicked.connect(self._on_double_clicked)
        self.table.activated_row.connect(self._on_activated)

    def show_subject(self, subject: Subject) -> None:
        """Show the sockets of the subject's owner."""
        owner = subject.entry.row.key.owner
        if owner != self._owner:
            self._owner = owner
            self.model.set_held(is_held=False)
            self.table.scrollToTop()
        rows = subject.owner_rows
        self.model.show_snapshot(Snapshot(rows, subject.snapshot.processes))
        self.model.pass_time()
        if owner is None:
            self._title.setText(_("Sockets of the same process: unknown without an owner"))
        else:
            sockets = "1 socket" if len(rows) == 1 else f"{len(rows):,} sockets"
            self._title.setText(_("{sockets} of this process").format(sockets=sockets))

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
