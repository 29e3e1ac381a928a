"""What the tabs of the Test window have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from portview.i18n import _
from portview.ui.widgets.tool_window import ToolTraits

if TYPE_CHECKING:
    from PySide6.QtWidgets import QPushButton

    from portview.settings import Settings
    from portview.ui.probing.row_targets import RowTargets


class ToolPage(ToolTraits, QWidget):
    """One way to test: what is asked above, what came of it below, the buttons at the end.

    ``shown_wanted`` asks the window to show this page, ``closed_wanted`` to close;
    ``notified`` carries messages for the status bar.
    """

    notified = Signal(str)
    shown_wanted = Signal()
    closed_wanted = Signal()

    def __init__(self, name: str, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._settings = settings
        self.starts_at: QWidget | None = None
        self.default_button: QPushButton | None = None
        self.close_button = self.button(_("Close"), self.closed_wanted.emit)

    def bring_up(self) -> None:
        """Show this page, wherever its window was."""
        self.shown_wanted.emit()

    def fill(self, targets: RowTargets) -> None:
        """Fill in what is asked from the row that is chosen in the table."""
        raise NotImplementedError

    def stop(self) -> bool:
        """Stop what runs; return whether anything did."""
        return False

    def remember(self) -> None:
        """Put what was typed into the settings."""
