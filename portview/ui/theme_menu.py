"""The menu in which people choose light, dark or the system's colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from portview.ui.theme import Theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_TITLES = {
    Theme.SYSTEM: "As the &system",
    Theme.LIGHT: "&Light",
    Theme.DARK: "&Dark",
}


class ThemeMenu(QMenu):
    """Offers the themes, one of them checked."""

    theme_chosen = Signal(object)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._group = QActionGroup(self)
        self._actions: dict[str, QAction] = {}
        for theme, text in _TITLES.items():
            action = QAction(text, self._group)
            action.setCheckable(True)
            action.setData(theme.value)
            self._actions[theme.value] = action
            self.addAction(action)
        self._group.triggered.connect(self._on_triggered)

    def show_theme(self, name: str) -> None:
        """Check the theme with this name; an unknown one counts as the system's."""
        self._actions.get(name, self._actions[Theme.SYSTEM.value]).setChecked(True)

    def _on_triggered(self, action: QAction) -> None:
        self.theme_chosen.emit(Theme(action.data()))
