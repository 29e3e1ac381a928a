"""How the verdicts of the firewall look beside their words: each by its own shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QPalette

from portview.domain.severity import Severity
from portview.domain.table.cells import LOOPBACK_CODE
from portview.ui.style.icons import coloured_icon
from portview.ui.style.severity_style import severity_colour
from portview.ui.style.theme import caution_colour

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QIcon

_ICONS = {
    "allowed": "firewall_allowed",
    "blocked": "firewall_blocked",
    "partly": "firewall_partly",
    "unknown": "firewall_unknown",
    LOOPBACK_CODE: "loopback",
}
_SEVERITIES = {"allowed": Severity.GOOD, "blocked": Severity.BAD}


class VerdictIcons:
    """Gives the icon of what a cell of the firewall's column says. UI thread."""

    def __init__(self, palette: QPalette) -> None:
        self._palette = palette

    def set_palette(self, palette: QPalette) -> None:
        """Draw in other colours from now on."""
        self._palette = palette

    def icon_of(self, code: str) -> QIcon | None:
        """Return the icon for a ``firewall_code``; None for an empty cell."""
        name = _ICONS.get(code)
        if name is None:
            return None
        colour = self._colour(code).rgba()
        selected = self._palette.color(QPalette.ColorRole.HighlightedText).rgba()
        return coloured_icon(name, colour, colour, selected)

    def _colour(self, code: str) -> QColor:
        if code == "partly":
            return caution_colour(self._palette)
        return severity_colour(_SEVERITIES.get(code, Severity.NOTE), self._palette)
