"""Buttons of the tool bar that do what the menu bar does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QToolButton, QWidget

from portview.override import override
from portview.ui.style.icons import icon, set_button_icon
from portview.ui.widgets.plain_title import plain_title

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMenu


class ActionButton(QToolButton):
    """Shows an action as an icon in the palette's colour, with its title and keys as tooltip."""

    def __init__(self, action: QAction, icon_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self.setDefaultAction(action)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        title = plain_title(action.text())
        self.setAccessibleName(title)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.setToolTip(f"{title} ({keys})" if keys else title)
        action.setIconVisibleInMenu(False)
        self._colour()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _colour(self) -> None:
        # On the action: a button takes its action's icon again whenever the action changes.
        self.defaultAction().setIcon(icon(self._icon_name, self.palette()))


class MenuButton(QToolButton):
    """Opens a menu that stands in the menu bar as well."""

    def __init__(
        self, menu: QMenu, icon_name: str, title: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(title)
        self.setToolTip(title)
        self._colour()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _colour(self) -> None:
        set_button_icon(self, self._icon_name)
