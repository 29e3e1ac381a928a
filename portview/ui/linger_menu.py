"""The menu in which people choose how long closed rows and marks of news stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from portview.models.liveness import DEFAULT_LINGER_MS

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from portview.models.socket_table_model import SocketTableModel
    from portview.settings import Settings

LINGER_MS = (0, 1000, 3000, 10_000, 30_000)


class LingerMenu(QMenu):
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
        for linger_ms in LINGER_MS:
            text = f"For {linger_ms // 1000} s" if linger_ms else "Not at all"
            action = QAction(text, self._group)
            action.setCheckable(True)
            action.setData(linger_ms)
            self._actions[linger_ms] = action
            self.addAction(action)
        self._group.triggered.connect(self._on_triggered)
        linger_ms = settings.get("linger_ms", int, DEFAULT_LINGER_MS)
        linger_ms = linger_ms if linger_ms in LINGER_MS else DEFAULT_LINGER_MS
        self._actions[linger_ms].setChecked(True)
        model.set_linger(linger_ms)

    def _on_triggered(self, action: QAction) -> None:
        self._settings.set("linger_ms", action.data())
        self._model.set_linger(action.data())
