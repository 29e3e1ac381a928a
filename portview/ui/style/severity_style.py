"""How good news, problems and notes look: an icon each, in a colour that reads on the palette."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QIcon, QPalette

from portview.domain.severity import Severity
from portview.ui.style.contrast import is_high_contrast
from portview.ui.style.icons import coloured_icon
from portview.ui.style.theme import is_dark, mistake_colour, muted_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_ICONS = {Severity.GOOD: "check", Severity.BAD: "warning", Severity.NOTE: "info"}
_GOOD, _GOOD_DARK = QColor("#1b7a43"), QColor("#5fd897")


def severity_colour(severity: Severity, palette: QPalette) -> QColor:
    """Return the colour of a tone; with high contrast that of text."""
    if is_high_contrast(palette):
        return palette.color(QPalette.ColorRole.WindowText)
    if severity is Severity.GOOD:
        return _GOOD_DARK if is_dark(palette) else _GOOD
    return mistake_colour(palette) if severity is Severity.BAD else muted_text(palette)


def severity_icon(severity: Severity, widget: QWidget) -> QIcon:
    """Return the icon of a tone for a widget."""
    palette = widget.palette()
    normal = severity_colour(severity, palette)
    # Windows 11's style marks a selection by a faint tint, on which text keeps its own colour.
    is_tint = widget.style().name().lower() == "windows11"
    selected = normal if is_tint else palette.color(QPalette.ColorRole.HighlightedText)
    return _icon(_ICONS[severity], normal.rgba(), selected.rgba())


@lru_cache(maxsize=64)
def _icon(name: str, normal: int, selected: int) -> QIcon:
    result = QIcon(coloured_icon(name, normal, normal))
    light = coloured_icon(name, selected, selected)
    for size in light.availableSizes():
        result.addPixmap(light.pixmap(size), QIcon.Mode.Selected)
    return result
