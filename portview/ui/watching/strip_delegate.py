"""Draws the last day of a watch in a cell: a line that is low where it fired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from portview.domain.severity import Severity
from portview.override import override
from portview.ui.style.severity_style import severity_colour
from portview.ui.style.theme import muted_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QModelIndex, QPersistentModelIndex
    from PySide6.QtGui import QPainter, QPalette
    from PySide6.QtWidgets import QWidget

    from portview.watch.running.strip import WatchStrip

_MARGIN = 6.0
_HIGH, _LOW = 0.3, 0.75
_LEAST = 2.0


class StripDelegate(QStyledItemDelegate):
    """Paints strips, which it asks for by the number of the row.

    The text of the cell is for copying, and for those who don't see the strip.
    """

    def __init__(self, strip_of: Callable[[int], WatchStrip | None], parent: QWidget) -> None:
        super().__init__(parent)
        self._strip_of = strip_of

    @override
    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        strip = self._strip_of(index.row())
        if strip is None:
            super().paint(painter, option, index)
            return
        own = QStyleOptionViewItem(option)
        self.initStyleOption(own, index)
        own.text = ""
        style = own.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, own, painter, own.widget)
        area = QRectF(own.rect).adjusted(_MARGIN, 2, -_MARGIN, -2)
        painter.save()
        paint_strip(painter, area, strip, own.palette)
        painter.restore()


def paint_strip(painter: QPainter, area: QRectF, strip: WatchStrip, palette: QPalette) -> None:
    """Draw a strip: high where all was well, a low block where it fired, hatched where unknown."""
    whole = max(1, strip.to_ms - strip.from_ms)

    def x(moment_ms: int) -> float:
        return area.left() + (moment_ms - strip.from_ms) / whole * area.width()

    good = severity_colour(Severity.GOOD, palette)
    high = area.top() + area.height() * _HIGH
    for begin, end in strip.well():
        painter.fillRect(QRectF(x(begin), high - 1, x(end) - x(begin), 2), good)
    hatched = QBrush(muted_text(palette), Qt.BrushStyle.BDiagPattern)
    for begin, end in strip.unknown:
        width = max(_LEAST, x(end) - x(begin))
        painter.fillRect(QRectF(x(begin), area.top(), width, area.height()), hatched)
    bad = severity_colour(Severity.BAD, palette)
    for begin, end in strip.firing:
        width = max(_LEAST, x(end) - x(begin))
        low = area.top() + area.height() * _LOW
        painter.fillRect(QRectF(x(begin), low - 3, width, 6), bad)
