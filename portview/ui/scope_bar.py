"""The four scopes with their counts, as a row of buttons of which one is down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from portview.domain.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

_TITLES = {
    Scope.LISTENING: ("Listening", "TCP sockets that hold a port: listening, or bound to it"),
    Scope.CONNECTIONS: ("Connections", "TCP connections, also those that are closing"),
    Scope.UDP: ("UDP", "UDP sockets; UDP knows no connections and no states"),
    Scope.ALL: ("All", "Every socket of this machine"),
}


def scope_title(scope: Scope) -> str:
    """Return the name of a scope as the window shows it."""
    return _TITLES[scope][0]


class ScopeBar(QWidget):
    """Knows which scope is shown and lets people choose one."""

    scope_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Scope")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self._group = QButtonGroup(self)
        self._buttons: dict[Scope, QToolButton] = {}
        for number, scope in enumerate(Scope, start=1):
            button = QToolButton(self)
            button.setCheckable(True)
            button.toggled.connect(self._on_toggled)
            button.setAutoRaise(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setToolTip(f"{_TITLES[scope][1]} (Alt+{number})")
            self._group.addButton(button, number)
            self._buttons[scope] = button
            layout.addWidget(button)
        self._group.idClicked.connect(self._on_clicked)
        self._scope = Scope.LISTENING
        self.show_counts(dict.fromkeys(Scope, None))

    @property
    def scope(self) -> Scope:
        """Return the scope that is shown."""
        return self._scope

    @property
    def buttons(self) -> list[QToolButton]:
        """Return the buttons from left to right."""
        return list(self._buttons.values())

    def set_scope(self, scope: Scope) -> None:
        """Press the button of a scope and tell, also where it was pressed before."""
        self._scope = scope
        self._buttons[scope].setChecked(True)
        self.scope_changed.emit(scope)

    def show_counts(self, counts: Mapping[Scope, int | None]) -> None:
        """Show how many sockets each scope has; None before the first snapshot."""
        for scope, button in self._buttons.items():
            count = counts.get(scope)
            title = scope_title(scope)
            text = title if count is None else f"{title}  {count:,}"
            if button.text() != text:
                button.setText(text)
                button.setAccessibleName(title if count is None else f"{title}, {count} sockets")

    def _on_toggled(self, is_checked: bool) -> None:  # noqa: FBT001 - a Qt signal's form
        # Bold as well as pressed: some dark styles press a button hardly visibly.
        button = self.sender()
        if isinstance(button, QToolButton):
            font = button.font()
            font.setBold(is_checked)
            button.setFont(font)

    def _on_clicked(self, number: int) -> None:
        self.set_scope(list(Scope)[number - 1])
