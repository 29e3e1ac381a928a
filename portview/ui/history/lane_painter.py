"""Where lanes, their axis and their marks are, and how they are painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPalette, QPen, QPolygonF

from portview.domain.local_time import local_moment
from portview.domain.plain_text import inert
from portview.domain.severity import Severity
from portview.models.history_lanes import Lanes, Tone
from portview.ui.style.severity_style import severity_colour
from portview.ui.style.theme import blended, contrast_ratio, muted_text, plot_colours
from portview.ui.widgets.time_ticks import tick_label, ticks_between

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QFontMetrics, QPainter

    from portview.models.history_lanes import Bar, Mark

LANE = 26
AXIS = 24
MARKS = 14
_BAR = 16
_NARROWEST = 2.0
_NARROWEST_LABEL = 34
_WIDEST_NAME = 0.32
_MARGIN = 12


class LaneLayout:
    """Places of moments and lanes in a picture of a size. Pure arithmetic."""

    def __init__(
        self, lanes: Lanes, metrics: QFontMetrics, width: int, height: int, scrolled: int = 0
    ) -> None:
        """Store what is shown, how much room there is, and how far it is scrolled down."""
        self.lanes = lanes
        self.width = width
        self._scrolled = scrolled
        longest = sorted((lane.name for lane in lanes.lanes), key=len)[-20:]
        widest = max((metrics.horizontalAdvance(name) for name in longest), default=0)
        left = min(widest + 20, round(width * _WIDEST_NAME))
        self.area = QRectF(
            left, MARKS, max(1, width - left - _MARGIN), max(LANE, height - MARKS - AXIS)
        )

    def x(self, moment_ms: float) -> float:
        """Return where a moment is."""
        whole = max(1, self.lanes.to_ms - self.lanes.from_ms)
        return self.area.left() + (moment_ms - self.lanes.from_ms) / whole * self.area.width()

    def moment(self, x: float) -> float:
        """Return the moment at a place."""
        whole = self.lanes.to_ms - self.lanes.from_ms
        return self.lanes.from_ms + (x - self.area.left()) / self.area.width() * whole

    def top(self, number: int) -> float:
        """Return the upper edge of a lane."""
        return self.area.top() + number * LANE - self._scrolled

    def lane_at(self, y: float) -> int | None:
        """Return the number of the lane at a height, None where there is none."""
        if not self.area.top() <= y < self.area.bottom():
            return None
        number = int((y - self.area.top() + self._scrolled) // LANE)
        return number if 0 <= number < len(self.lanes.lanes) else None

    def visible(self) -> range:
        """Return the numbers of the lanes that are in sight."""
        first = int(self._scrolled // LANE)
        last = int((self._scrolled + self.area.height()) // LANE) + 1
        return range(max(0, first), min(len(self.lanes.lanes), last))

    def bar_rect(self, bar: Bar, number: int) -> QRectF:
        """Return where a bar is."""
        left, right = self.x(bar.start_ms), self.x(bar.end_ms)
        top = self.top(number) + (LANE - _BAR) / 2
        return QRectF(left, top, max(_NARROWEST, right - left), _BAR)


class LanePainter:
    """Paints one picture."""

    def __init__(self, painter: QPainter, layout: LaneLayout, palette: QPalette) -> None:
        """Store what to paint with, where, and in which colours."""
        self._painter = painter
        self._layout = layout
        self._palette = palette
        base, accent = palette.color(QPalette.ColorRole.Base), plot_colours(palette)[0]
        self._colours = {
            Tone.NOW: accent,
            Tone.PAST: blended(base, accent, 0.55),
            Tone.OTHER: blended(base, palette.color(QPalette.ColorRole.Text), 0.45),
            Tone.FIRING: severity_colour(Severity.BAD, palette),
        }

    def paint(self, *, chosen: int | None, moment_ms: int | None, hover_x: float | None) -> None:
        """Paint everything that is in sight."""
        painter, area = self._painter, self._layout.area
        self._axis()
        painter.save()
        painter.setClipRect(QRectF(0, area.top(), self._layout.width, area.height()))
        for number in self._layout.visible():
            self._lane(number, is_chosen=number == chosen)
        self._unknown()
        for number in self._layout.visible():
            for mark in self._layout.lanes.lanes[number].marks:
                self._mark(mark, self._layout.top(number) + MARKS - 2)
        painter.restore()
        for mark in self._layout.lanes.marks:
            self._mark(mark, area.top() - 2)
        if moment_ms is not None:
            self._moment(moment_ms)
        if hover_x is not None:
            self._hover(hover_x)

    def _axis(self) -> None:
        painter, layout, palette = self._painter, self._layout, self._palette
        area, lanes = layout.area, layout.lanes
        line = blended(palette.color(QPalette.ColorRole.Base), muted_text(palette), 0.25)
        metrics = painter.fontMetrics()
        last = float("-inf")
        for moment in ticks_between(lanes.from_ms, lanes.to_ms, area.width()):
            x = layout.x(moment)
            painter.setPen(QPen(line, 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom() + 4))
            text = tick_label(moment, lanes.to_ms - lanes.from_ms)
            width = metrics.horizontalAdvance(text)
            left = min(x - width / 2, layout.width - width - 2)
            if left > last + 8:
                painter.setPen(muted_text(palette))
                painter.drawText(QPointF(left, area.bottom() + AXIS - 7), text)
                last = left + width

    def _lane(self, number: int, *, is_chosen: bool) -> None:
        painter, layout, palette = self._painter, self._layout, self._palette
        area, lane, top = layout.area, layout.lanes.lanes[number], layout.top(number)
        if is_chosen:
            tint = palette.color(QPalette.ColorRole.Highlight)
            tint.setAlpha(50)
            painter.fillRect(QRectF(0, top, layout.width, LANE), tint)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        name = painter.fontMetrics().elidedText(
            inert(lane.name), Qt.TextElideMode.ElideRight, round(area.left() - 16)
        )
        painter.drawText(
            QRectF(8, top, area.left() - 12, LANE), Qt.AlignmentFlag.AlignVCenter, name
        )
        shows_labels = lane.port is not None
        for bar in lane.bars:
            rect = layout.bar_rect(bar, number)
            colour = self._colours[bar.tone]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            if bar.tone is Tone.FIRING:
                painter.drawRect(rect)  # Square, so that colour is not all that reports.
            else:
                painter.drawRoundedRect(rect, 3, 3)
            if bar.is_start_seen:
                # The edge that says: it began here, and was seen to.
                painter.setPen(QPen(palette.color(QPalette.ColorRole.Text), 1))
                painter.drawLine(rect.topLeft() + QPointF(0, -2), rect.bottomLeft() + QPointF(0, 2))
            if shows_labels or bar.tone is Tone.FIRING:
                self._label(rect, bar.label, colour)

    def _label(self, rect: QRectF, text: str, on: QColor) -> None:
        if rect.width() < _NARROWEST_LABEL:
            return
        painter = self._painter
        inner = rect.adjusted(6, 0, -4, 0)
        words = painter.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, round(inner.width())
        )
        role = QPalette.ColorRole
        colours = [self._palette.color(each) for each in (role.Base, role.Text)]
        painter.setPen(max(colours, key=lambda colour: contrast_ratio(colour, on)))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, words)

    def _unknown(self) -> None:
        palette, area = self._palette, self._layout.area
        veil = palette.color(QPalette.ColorRole.Base)
        veil.setAlpha(150)
        for start, end in self._layout.lanes.unknown:
            left, right = self._layout.x(start), self._layout.x(end)
            rect = QRectF(left, area.top(), max(1.0, right - left), area.height())
            self._painter.fillRect(rect, veil)
            self._painter.fillRect(rect, QBrush(muted_text(palette), Qt.BrushStyle.BDiagPattern))

    def _mark(self, mark: Mark, bottom: float) -> None:
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(plot_colours(self._palette)[1])
        x = self._layout.x(mark.at_ms)
        self._painter.drawPolygon(
            QPolygonF([QPointF(x - 5, bottom - 9), QPointF(x + 5, bottom - 9), QPointF(x, bottom)])
        )

    def _moment(self, moment_ms: int) -> None:
        area, x = self._layout.area, self._layout.x(moment_ms)
        if area.left() <= x <= area.right():
            self._painter.setPen(QPen(self._palette.color(QPalette.ColorRole.Text), 2))
            self._painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _hover(self, x: float) -> None:
        area, palette = self._layout.area, self._palette
        self._painter.setPen(QPen(muted_text(palette), 1, Qt.PenStyle.DashLine))
        self._painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        text = local_moment(round(self._layout.moment(x)))
        width = self._painter.fontMetrics().horizontalAdvance(text) + 10
        left = min(max(0.0, x - width / 2), self._layout.width - width)
        rect = QRectF(left, area.bottom() + 2, width, AXIS - 4)
        self._painter.fillRect(rect, palette.color(QPalette.ColorRole.ToolTipBase))
        self._painter.setPen(palette.color(QPalette.ColorRole.ToolTipText))
        self._painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
