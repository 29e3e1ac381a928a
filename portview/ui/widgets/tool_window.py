"""What windows for one task have in common: beside the main window, remembered, small."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPushButton, QWidget

from portview.domain.errors import PortViewError
from portview.i18n import _
from portview.override import override

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent, QShowEvent

    from portview.settings import Settings

logger = logging.getLogger(__name__)

_SMALLEST, _LARGEST = 200, 10_000


class ToolTraits:
    """What windows and pages for one task share: remembered values, buttons and copying.

    Mixed into a widget with a signal ``notified``; ``_name`` is the prefix of what it remembers.
    """

    _name: str
    _settings: Settings

    def save(self, key: str, value: object) -> None:
        """Remember one of this window's values."""
        self._settings.set(f"{self._name}_{key}", value)

    def saved_text(self, key: str, default: str) -> str:
        """Return a remembered text."""
        return str(self._settings.get(f"{self._name}_{key}", str, default))

    def saved_switch(self, key: str, *, default: bool) -> bool:
        """Return a remembered choice."""
        return bool(self._settings.get(f"{self._name}_{key}", bool, default))

    def button(self, text: str, on_clicked: Callable[[], object], tip: str = "") -> QPushButton:
        """Return a push button that Enter elsewhere in the window does not press."""
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setToolTip(tip)
        button.clicked.connect(lambda _checked=False: on_clicked())
        return button

    def copy(self, text: str, what: str) -> None:
        """Put a text on the clipboard and say so."""
        QGuiApplication.clipboard().setText(text)
        self._say(_("Copied: {what}.").format(what=what))

    def _say(self, message: str) -> None:
        self.notified.emit(message)  # type: ignore[attr-defined] # the widget's own

    def copy_document(self, document: object) -> None:
        """Put a JSON document on the clipboard."""
        self.copy(json.dumps(document, ensure_ascii=True, indent=2), _("the result as JSON"))


class ToolWindow(ToolTraits, QDialog):
    """A window that does not block the table. Esc first stops what runs, then closes.

    It lives as long as the main window; closing it hides it and stops what it runs.
    """

    notified = Signal(str)

    def __init__(
        self, name: str, title: str, size: tuple[int, int], settings: Settings, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._name = name
        self.starts_at: QWidget | None = None
        self._settings = settings
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.setModal(False)
        self.setWindowFlag(Qt.WindowType.WindowContextHelpButtonHint, on=False)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.setSizeGripEnabled(True)
        self.resize(*_size_from(settings.get(f"{name}_size", list, list(size)), size))

    def bring_up(self) -> None:
        """Show the window in front, wherever it was; the keyboard is where one starts typing."""
        if self.starts_at is not None and not self.isVisible():
            self.starts_at.setFocus()
        self.show()
        self.raise_()
        self.activateWindow()

    def stop(self) -> bool:
        """Stop what runs; say whether anything did."""
        return False

    def remember(self) -> None:
        """Put what was typed into the settings."""
        self.save("size", [self.width(), self.height()])

    @override
    def reject(self) -> None:
        if self.stop():
            return
        self.remember()
        super().reject()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)  # which rejects

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        room = self.screen().availableGeometry()
        self.resize(self.size().boundedTo(room.size() * 0.95))


def describe_failure(error: Exception) -> tuple[str, str]:
    """Return what an error says and the hint, for people."""
    if isinstance(error, PortViewError):
        return error.message, error.hint
    logger.error("a task failed", exc_info=error)
    return f"{type(error).__name__}: {error}", _("The log has the details.")


def _size_from(value: list[object], default: tuple[int, int]) -> tuple[int, int]:
    whole = [one for one in value if type(one) is int and _SMALLEST <= one <= _LARGEST]
    return (whole[0], whole[1]) if len(value) == len(whole) == len(default) else default
