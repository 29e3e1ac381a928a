"""How the verdicts of the firewall look beside their words: each by its own shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QPalette

from portview.domain.table.cells import LOOPBACK
from portview.ui.style.icons import coloured_icon
from portview.ui.style.severity import Severity
from portview.ui.style.severity_style import severity_colour
from portview.ui.style.theme import caution_colour

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QIcon

_ICONS = {
    "Allowed": "firewall_allowed",
    "Blocked": "firewall_blocked",
    "Partly": "firewall_partly",
    "Unknown": "firewall_unknown",
    LOOPBACK: "loopback",
}
_SEVERITIES = {"Allowed": Severity.GOOD, "Blocked": Severity.BAD}


class VerdictIcons:
    """Gives the icon of what a cell of the firewall's column says. UI thread."""

    def __init__(self, palette: QPalette) -> None:
        self._palette = palette

    def set_palette(self, palette: QPalette) -> None:
        """Draw in other colours from now on."""
        self._palette = palette

    def icon_of(self, word: str) -> QIcon | None:
        """Return the icon of a cell's word; None for an empty cell."""
        name = _ICONS.get(word)
        if name is None:
            return None
        colour = self._colour(word).rgba()
        selected = self._palette.color(QPalette.ColorRole.HighlightedText).rgba()
        return coloured_icon(name, colour, colour, selected)

    def _colour(self, word: str) -> QColor:
        if word == "Partly":
            return caution_colour(self._palette)
        return severity_colour(_SEVERITIES.get(word, Severity.NOTE), self._palette)
