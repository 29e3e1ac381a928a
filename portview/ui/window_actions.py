"""Every act of the window as a QAction: in the menu bar, with a shortcut and a plain tooltip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMainWindow


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """What an action is called, how it is reached and what it says about itself."""

    text: str
    shortcuts: tuple[str, ...] = ()
    tip: str = ""
    is_checkable: bool = False


class WindowActions(QObject):
    """Makes the window's actions by name, so that menus, toolbar and tests share them."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._actions: dict[str, QAction] = {}

    def add(self, name: str, spec: ActionSpec, on_triggered: Callable[..., object]) -> QAction:
        """Create an action; ``on_triggered`` gets the checked state of a checkable one."""
        action = QAction(spec.text, self._window)
        action.setObjectName(name)
        action.setShortcuts([QKeySequence(keys) for keys in spec.shortcuts])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setCheckable(spec.is_checkable)
        if spec.tip:
            action.setToolTip(spec.tip)
            action.setStatusTip(spec.tip)
        if spec.is_checkable:
            action.toggled.connect(on_triggered)
        else:
            action.triggered.connect(lambda _checked=False: on_triggered())
        # Belongs to the window itself, so that its shortcut works without any menu.
        self._window.addAction(action)
        self._actions[name] = action
        return action

    def __getitem__(self, name: str) -> QAction:
        """Return an action by name."""
        return self._actions[name]

    def all(self) -> list[QAction]:
        """Return all actions in the order in which they were made."""
        return list(self._actions.values())
