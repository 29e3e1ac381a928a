"""The menu in which people choose what the rows are sorted by, without a mouse on a header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

from portview.domain.table.columns import COLUMNS
from portview.i18n import N_

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from portview.ui.table.socket_views import SocketViews

_DIRECTIONS = ((N_("&Ascending"), False), (N_("&Descending"), True))


class SortMenu(QMenu):
    """Offers the columns that are shown, and both directions; filled when it opens."""

    def __init__(self, title: str, views: SocketViews, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._views = views
        self.aboutToShow.connect(self._fill)

    @Slot()
    def _fill(self) -> None:
        self.clear()
        for old in self.findChildren(QActionGroup):
            old.deleteLater()
        column, order = self._views.sorting()
        is_descending = order == Qt.SortOrder.DescendingOrder
        by, towards = QActionGroup(self), QActionGroup(self)
        for each in self._views.shown_columns.shown():
            number = COLUMNS.index(each)
            action = self._add(by, each.title, (number, is_descending))
            action.setToolTip(each.description)
            action.setChecked(number == column)
        self.addSeparator()
        for title, is_down in _DIRECTIONS:
            self._add(towards, title, (column, is_down)).setChecked(is_down == is_descending)
        for group in (by, towards):
            group.triggered.connect(self._on_chosen)

    def _add(self, group: QActionGroup, title: str, choice: tuple[int, bool]) -> QAction:
        action = self.addAction(title)
        action.setCheckable(True)
        action.setData(choice)
        group.addAction(action)
        return action

    @Slot(object)
    def _on_chosen(self, action: QAction) -> None:
        column, is_descending = action.data()
        self._views.sort_by(column, is_descending=is_descending)
