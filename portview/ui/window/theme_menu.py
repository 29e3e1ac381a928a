"""The menu in which people choose light, dark or the system's colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from portview.i18n import N_, _
from portview.ui.style.theme import Theme, apply_theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from portview.settings import Settings

_TITLES = {
    Theme.SYSTEM: N_("As the &system"),
    Theme.LIGHT: N_("&Light"),
    Theme.DARK: N_("&Dark"),
    Theme.HIGH_CONTRAST: N_("&High contrast"),
}


class ThemeMenu(QMenu):
    """Offers the themes, one of them checked; the chosen one is used at once and remembered."""

    def __init__(self, title: str, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._settings = settings
        self._group = QActionGroup(self)
        self._actions: dict[str, QAction] = {}
        for theme, text in _TITLES.items():
            action = QAction(_(text), self._group)
            action.setCheckable(True)
            action.setData(theme.value)
            self._actions[theme.value] = action
            self.addAction(action)
        self._group.triggered.connect(self._on_triggered)
        self._actions[settings.preferences.theme].setChecked(True)

    def _on_triggered(self, action: QAction) -> None:
        self._settings.update(theme=action.data())
        apply_theme(Theme(action.data()))
