"""The table of sockets: what a person points at stays where it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelectionModel, Qt, Signal, Slot
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableView,
    QWidget,
)

from portview.domain.table.columns import COLUMNS
from portview.i18n import _
from portview.models.socket_table_model import NUMBER_COLUMNS
from portview.override import override
from portview.ui.style.theme import tabular_font
from portview.ui.table.cell_delegates import set_cell_delegates
from portview.ui.table.row_gestures import RowGestures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint

    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.series import Series
    from portview.domain.sockets.socket_row import SocketKey
    from portview.models.socket_table_model import SocketTableModel


_MOST_MEASURED = 60
_TRAFFIC_COLUMN = [column.id for column in COLUMNS].index("traffic")
_CELL_MARGIN_PX, _ICON_PX = 14, 24
_WITH_ICON = frozenset({"process", "firewall"})
_LONGEST_UNPAINTED_S = 0.1
"""How long the rows in sight may stay as they were while a large change comes in by parts."""


class SocketTable(QTableView):
    """Shows a ``SocketTableModel``.

    While a person points, has a menu open or moves through the rows, the model is held: rows keep
    their places. At other times the row that matters (the current one if it is in sight, else the
    topmost) keeps its place on the screen when rows come and go above it.
    """

    pause_requested = Signal()
    menu_requested = Signal(object)
    activated_row = Signal()
    port_typed = Signal(str)

    def __init__(self, model: SocketTableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sockets = model
        self._anchor: tuple[SocketKey, int] | None = None
        self._unpainted_since: float | None = None
        self._set_up_looks()
        self.setModel(model)
        set_cell_delegates(self, NUMBER_COLUMNS, model.plain_cell)
        model.edits_starting.connect(self._on_edits_starting)
        model.edits_finished.connect(self._on_edits_finished)
        self.gestures = RowGestures(self, model)
        self.gestures.pause_requested.connect(self.pause_requested)
        self.gestures.port_typed.connect(self.port_typed)
        self.gestures.activated.connect(self.activated_row)
        self.gestures.menu_requested.connect(self.menu_requested)
        self.setAccessibleName(_("Sockets"))

    def show_sparklines(
        self, series_of: Callable[[SocketKey], Series], now_s: Callable[[], float]
    ) -> None:
        """Draw the past of a row's traffic in its column, from what ``series_of`` returns."""
        from portview.ui.table.sparkline_delegate import SparklineDelegate  # noqa: PLC0415 - wanted

        def series_at(index: QModelIndex | QPersistentModelIndex) -> Series:
            return series_of(self._sockets.entry_at(index.row()).row.key)

        inner = self.itemDelegateForColumn(_TRAFFIC_COLUMN)
        delegate = SparklineDelegate(self, inner, series_at, now_s)
        self.setItemDelegateForColumn(_TRAFFIC_COLUMN, delegate)

    def open_menu(self, position: QPoint) -> None:
        """Report that a menu is wanted at a global position; rows are held until it closes."""
        self.gestures.open_menu(position)

    def current_key(self) -> SocketKey | None:
        """Return the key of the current row."""
        index = self.currentIndex()
        return self._sockets.entry_at(index.row()).row.key if index.isValid() else None

    def selected_rows(self) -> list[int]:
        """Return the numbers of the selected rows, topmost first."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def visible_entries(self) -> list[SocketEntry]:
        """Return the entries whose rows can be seen at the moment, topmost first."""
        top = self.rowAt(0)
        if top < 0:
            return []
        bottom = self.rowAt(self.viewport().height() - 1)
        last = bottom if bottom >= 0 else self._sockets.rowCount() - 1
        return [self._sockets.entry_at(number) for number in range(top, last + 1)]

    def content_width(self, column: int) -> int:
        """Return how wide the cells in sight are in a column, in pixels; 0 where there are none."""
        metrics, widest = QFontMetrics(self.font()), 0
        for entry in self.visible_entries()[:_MOST_MEASURED]:
            text = self._sockets.cell(entry, column)
            widest = max(widest, metrics.horizontalAdvance(str(text)) if text else 0)
        if not widest:
            return 0
        has_icon = COLUMNS[column].id in _WITH_ICON
        return widest + _CELL_MARGIN_PX + (_ICON_PX if has_icon else 0)

    def visible_owners(self) -> Iterable[ProcessKey | None]:
        """Return whose rows can be seen at the moment; one more than once, where it has more."""
        return (entry.row.key.owner for entry in self.visible_entries())

    def selected_entries(self) -> list[SocketEntry]:
        """Return the selected entries, topmost first."""
        return [self._sockets.entry_at(number) for number in self.selected_rows()]

    def entries_of(self, index: QModelIndex) -> list[SocketEntry]:
        """Return the socket of a row, as a list of one."""
        return [self._sockets.entry_at(index.row())]

    def current_cell(self) -> tuple[SocketEntry | None, int]:
        """Return the current row's entry, None where there is none, and the current column."""
        index = self.currentIndex()
        return (self._sockets.entry_at(index.row()) if index.isValid() else None, index.column())

    def select_key(self, key: SocketKey) -> bool:
        """Select a row by its key and bring it into sight; False where it is not shown."""
        number = self._sockets.row_number(key)
        if number is None:
            return False
        column = self.currentIndex().column() if self.currentIndex().isValid() else 0
        index = self._sockets.index(number, max(column, 0))
        self.selectionModel().setCurrentIndex(
            index,
            QItemSelectionModel.SelectionFlag.ClearAndSelect
            | QItemSelectionModel.SelectionFlag.Rows,
        )
        self.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
        return True

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._fit_row_height()

    def _set_up_looks(self) -> None:
        self.setFont(tabular_font(self.font()))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._fit_row_height()
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(36)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        bold = QFont(header.font())
        bold.setWeight(QFont.Weight.DemiBold)
        header.setFont(bold)

    def _fit_row_height(self) -> None:
        self.verticalHeader().setDefaultSectionSize(QFontMetrics(self.font()).height() + 8)

    @Slot()
    def _on_edits_starting(self) -> None:
        top = self.rowAt(0)
        if top < 0:
            self._anchor = None
            return
        current = self.currentIndex()
        bottom = self.rowAt(self.viewport().height() - 1)
        is_row_visible = current.isValid() and top <= current.row() <= max(bottom, top)
        # A table that stands at its very top stays there, so that new rows come into sight.
        if not is_row_visible and self.verticalScrollBar().value() == 0:
            self._anchor = None
            return
        row = current.row() if is_row_visible else top
        self._anchor = (self._sockets.entry_at(row).row.key, row - top)

    @Slot()
    def _on_edits_finished(self) -> None:
        self._keep_place()
        self._paint_when_whole()

    def _paint_when_whole(self) -> None:
        # Each part that comes in moves rows, and painting them takes longer than the part itself.
        now = time.monotonic()
        is_patient = self._sockets.is_behind
        if not is_patient:
            self._unpainted_since = None
        elif self._unpainted_since is None:
            self._unpainted_since = now
        elif now - self._unpainted_since > _LONGEST_UNPAINTED_S:
            self._unpainted_since = None
            is_patient = False
        if self.viewport().updatesEnabled() == is_patient:
            self.viewport().setUpdatesEnabled(not is_patient)

    def _keep_place(self) -> None:
        if self._anchor is None:
            return
        key, offset = self._anchor
        row = self._sockets.row_number(key)
        if row is not None and row - offset != self.rowAt(0):
            self.verticalScrollBar().setValue(max(row - offset, 0))
