"""The machines at the other end of a server's connections that take most of its traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from portview.domain.formatting import format_rate
from portview.domain.plain_text import inert
from portview.i18n import N_, _
from portview.models.tooltips import plain_tooltip
from portview.ui.style.theme import tabular_font
from portview.ui.table.cell_delegates import set_cell_delegates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.sockets.connections import Client

MOST_CLIENTS = 8
_TITLES = (N_("Top clients"), N_("Connections"), N_("Down"), N_("Up"))
_SMALLEST_WIDTH = 300


class TopClients(QTableWidget):
    """A short table, most traffic first; what is chosen in it can be copied by nothing else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_TITLES), parent)
        self.setAccessibleName(_("Top clients"))
        first = QTableWidgetItem(_(_TITLES[0]))
        first.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setHorizontalHeaderLabels([_(title) for title in _TITLES])
        self.setHorizontalHeaderItem(0, first)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setCornerButtonEnabled(False)
        self.setFont(tabular_font(self.font()))
        set_cell_delegates(self, range(1, len(_TITLES)))
        self.setMinimumWidth(_SMALLEST_WIDTH)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def show_clients(self, clients: Sequence[Client]) -> None:
        """Show these, in their order."""
        self.setRowCount(len(clients))
        for number, client in enumerate(clients):
            texts = (
                inert(client.address),
                f"{client.connections:,}",
                format_rate(client.received_bytes_per_s),
                format_rate(client.sent_bytes_per_s),
            )
            for column, text in enumerate(texts):
                self._put(number, column, text)

    def _put(self, number: int, column: int, text: str) -> None:
        item = self.item(number, column)
        if item is None:
            item = QTableWidgetItem()
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(number, column, item)
        if item.text() != text:
            item.setText(text)
            item.setToolTip(plain_tooltip(text))
