"""The menu in which people choose how long closed rows and marks of news stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from portview.i18n import _
from portview.preferences import HIGHLIGHTS_MS

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from portview.models.socket_table_model import SocketTableModel
    from portview.settings import Settings


class HighlightMenu(QMenu):
    """Offers the times, one of them checked; 0 lets closed rows go at once and marks nothing.

    The chosen one is used at once and remembered.
    """

    def __init__(
        self,
        title: str,
        settings: Settings,
        model: SocketTableModel,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, parent)
        self._settings = settings
        self._model = model
        self._group = QActionGroup(self)
        self._actions: dict[int, QAction] = {}
        for highlight_ms in HIGHLIGHTS_MS:
            text = (
                _("For {highlight_ms} s").format(highlight_ms=highlight_ms // 1000)
                if highlight_ms
                else _("Not at all")
            )
            action = QAction(text, self._group)
            action.setCheckable(True)
            action.setData(highlight_ms)
            self._actions[highlight_ms] = action
            self.addAction(action)
        self._group.triggered.connect(self._on_triggered)
        highlight_ms = settings.preferences.linger_ms
        self._actions[highlight_ms].setChecked(True)
        model.set_highlight(highlight_ms)

    def _on_triggered(self, action: QAction) -> None:
        self._settings.update(linger_ms=action.data())
        self._model.set_highlight(action.data())
