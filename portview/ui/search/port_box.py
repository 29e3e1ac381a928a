"""The box that takes a port; what it leads to is shown on the port card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QLineEdit

from portview.i18n import _
from portview.override import override
from portview.ui.style.icons import icon

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QWidget


class PortBox(QLineEdit):
    """Takes ``8080``, ``127.0.0.1:8080`` or ``udp 53``; Enter does the card's first step.

    ``steps_requested`` asks for the other steps of the card.
    """

    going_requested = Signal()
    steps_requested = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card_keys: set[str] = set()
        self.setPlaceholderText(_("Go to port"))
        self.setAccessibleName(_("Go to port"))
        self.setToolTip(
            _("A port, such as 8080, 127.0.0.1:8080 or udp 53: who has it, and what to do (Ctrl+L)")
        )
        self.setMaxLength(200)
        self.setClearButtonEnabled(True)
        self._icon_action = QAction(self)
        self.addAction(self._icon_action, QLineEdit.ActionPosition.LeadingPosition)
        self._colour()
        digit = self.fontMetrics().horizontalAdvance("0")
        self.setMaximumWidth(9 * digit + 48)
        self.setMinimumWidth(8 * digit + 44)

    @Slot()
    def enter(self) -> None:
        """Take the keyboard; what is typed next replaces the text."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def add_card_keys(self, keys: str) -> None:
        """Leave a shortcut to the card that the box itself would use to edit its text."""
        self._card_keys.add(QKeySequence(keys).toString())

    def take_over(self, text: str) -> None:
        """Take the keyboard and continue with what was typed or pasted elsewhere."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.setText(text)

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            key: QKeyEvent = event  # type: ignore[assignment] # reported by its type
            if QKeySequence(key.keyCombination()).toString() in self._card_keys:
                event.ignore()
                return False
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.going_requested.emit()
            return
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
            return
        if event.key() == Qt.Key.Key_Down:
            self.steps_requested.emit()
            return
        super().keyPressEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _colour(self) -> None:
        self._icon_action.setIcon(icon("target", self.palette()))
