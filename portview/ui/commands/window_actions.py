"""Every act of the window as a QAction: in the menu bar, with a shortcut and a plain tooltip."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QMainWindow, QWidget


class ActionSpec(NamedTuple):
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

    def add(
        self,
        name: str,
        spec: ActionSpec,
        on_triggered: Callable[..., object],
        *,
        within: Sequence[QWidget] = (),
    ) -> QAction:
        """Create an action; ``on_triggered`` gets the checked state of a checkable one.

        Its shortcut works in the whole window, or only ``within`` some widgets and their children.
        """
        action = QAction(spec.text, self._window)
        action.setObjectName(name)
        action.setShortcuts([QKeySequence(keys) for keys in spec.shortcuts])
        context = Qt.ShortcutContext
        action.setShortcutContext(
            context.WidgetWithChildrenShortcut if within else context.WindowShortcut
        )
        action.setCheckable(spec.is_checkable)
        if spec.tip:
            action.setToolTip(spec.tip)
            action.setStatusTip(spec.tip)
        if spec.is_checkable:
            action.toggled.connect(on_triggered)
        else:
            action.triggered.connect(lambda _checked=False: on_triggered())
        # Belongs to a widget itself, so that its shortcut works without any menu.
        for widget in within or (self._window,):
            widget.addAction(action)
        self._actions[name] = action
        return action

    def __getitem__(self, name: str) -> QAction:
        """Return an action by name."""
        return self._actions[name]

    def all(self) -> list[QAction]:
        """Return all actions in the order in which they were made."""
        return list(self._actions.values())
