"""A cell with the last minutes of a rate as a small line, and the rate itself at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPalette, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate

from portview.override import override
from portview.ui.style.theme import plot_colours
from portview.ui.style.tokens import SPACE_S, SPACE_XS

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize
    from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QStyleOptionViewItem

    from portview.domain.sockets.series import Series

    Index = QModelIndex | QPersistentModelIndex
    SeriesAt = Callable[[Index], Series]

_SHOWN_S = 60.0
_TEXT_CHARS = 9
"""What the widest rate takes: "1,023 kB/s" and a little more."""
_FILLING = 46
_FEWEST = 2


class SparklineDelegate(QStyledItemDelegate):
    """Draws the number as ``inner`` does, and beside it how it was over the last minute.

    ``series_at`` returns bytes received and sent per second of a cell's row, ``now_s`` the time on
    their clock. The height stands for the most of that minute: lines of two rows don't compare.
    """

    def __init__(
        self,
        view: QAbstractItemView,
        inner: QAbstractItemDelegate,
        series_at: SeriesAt,
        now_s: Callable[[], float],
    ) -> None:
        super().__init__(view)
        self._inner = inner
        self._series_at = series_at
        self._now_s = now_s

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self._inner.sizeHint(option, index)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        self._inner.paint(painter, option, index)
        room = option.rect.adjusted(
            SPACE_S,
            SPACE_XS,
            -option.fontMetrics.averageCharWidth() * _TEXT_CHARS - SPACE_S,
            -SPACE_XS,
        )
        if room.width() <= SPACE_S:
            return
        line = sparkline(self._series_at(index), self._now_s(), room)
        if len(line) < _FEWEST:
            return
        colour = plot_colours(option.palette)[0]
        if option.state & QStyle.StateFlag.State_Selected:
            colour = option.palette.color(QPalette.ColorRole.HighlightedText)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QPolygonF(line)
        area.append(QPointF(line[-1].x(), room.bottom()))
        area.append(QPointF(line[0].x(), room.bottom()))
        filling = QColor(colour)
        filling.setAlpha(_FILLING)
        painter.setPen(QColor(0, 0, 0, 0))
        painter.setBrush(filling)
        painter.drawPolygon(area)
        painter.setPen(colour)
        painter.drawPolyline(QPolygonF(line))
        painter.restore()


def sparkline(series: Series, now_s: float, room: QRect) -> list[QPointF]:
    """Return the line of a series in a room: newest at the right, its most at the top."""
    if not len(series):
        return []
    received, sent = series.line(0, now_s), series.line(1, now_s)
    points = [
        (ago, down + up)
        for ago, down, up in zip(received.seconds_ago, received.values, sent.values, strict=True)
        if ago <= _SHOWN_S
    ]
    most = max((amount for _ago, amount in points), default=0.0) or 1.0
    return [
        QPointF(
            room.right() - ago / _SHOWN_S * (room.width() - 1),
            room.bottom() - amount / most * (room.height() - 1),
        )
        for ago, amount in points
    ]
