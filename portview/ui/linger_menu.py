"""The menu in which people choose how long closed rows and marks of news stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

LINGER_MS = (0, 1000, 3000, 10_000, 30_000)


class LingerMenu(QMenu):
    """Offers the times, one of them checked; 0 lets closed rows go at once and marks nothing."""

    linger_chosen = Signal(int)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
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

    def show_linger(self, linger_ms: int) -> None:
        """Check a time without telling anybody."""
        self._actions[linger_ms].setChecked(True)

    def _on_triggered(self, action: QAction) -> None:
        self.linger_chosen.emit(action.data())
