"""Draws lanes over time: who held the port, hatched where nobody looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QHelpEvent, QPainter, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from portview.domain.plain_text import inert
from portview.i18n import _
from portview.models.history_lanes import Lanes
from portview.override import override
from portview.ui.style.theme import blended, muted_text, plot_colours
from portview.ui.widgets.time_ticks import tick_label, ticks_between

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QKeyEvent, QPaintEvent, QWheelEvent

_LANE = 26
_BAR = 16
_AXIS = 24
_MARKS = 14
_NARROWEST = 2.0
_ZOOM = 1.25
_WIDEST_NAME = 0.32


class LaneView(QWidget):
    """Shows ``Lanes``. ``zoom_wanted`` carries the factor and the moment that stays in place."""

    zoom_wanted = Signal(float, float)
    pan_wanted = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lanes = Lanes(0, 1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setAccessibleName(_("History of the port"))
        self.setMouseTracking(True)

    def show_lanes(self, lanes: Lanes) -> None:
        """Show these lanes from now on."""
        if len(lanes.lanes) != len(self._lanes.lanes):
            self.updateGeometry()
        self._lanes = lanes
        self.setAccessibleDescription(lanes.summary)
        self.update()

    @override
    def sizeHint(self) -> QSize:
        """Return the height that all lanes need."""
        return QSize(400, _MARKS + max(1, len(self._lanes.lanes)) * _LANE + _AXIS)

    @override
    def minimumSizeHint(self) -> QSize:
        """Return the same height: a scroll area is around it."""
        return QSize(200, self.sizeHint().height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw everything; there are few hundred shapes at most."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self._area()
        self._draw_axis(painter, area)
        self._draw_lanes(painter, area)
        self._draw_unknown(painter, area)
        self._draw_marks(painter, area)
        painter.end()

    @override
    def event(self, event: QEvent) -> bool:
        """Answer the question for a tooltip."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tooltip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def tooltip_at(self, place: QPointF) -> str:
        """Return what is said about a place, "" where there is nothing."""
        area = self._area()
        if place.y() < area.top():
            near = [mark for mark in self._lanes.marks
                    if abs(self._x(mark.at_ms, area) - place.x()) <= _MARKS / 2]  # fmt: skip
            return "\n".join(mark.tooltip for mark in near)
        number = int((place.y() - area.top()) // _LANE)
        if 0 <= number < len(self._lanes.lanes):
            for bar in reversed(self._lanes.lanes[number].bars):
                if self._bar_rect(bar.start_ms, bar.end_ms, number, area).contains(place):
                    return bar.tooltip
        moment = self._moment(place.x(), area)
        if any(start <= moment <= end for start, end in self._lanes.unknown):
            return _("PortView did not record at that time: nothing is known.")
        return ""

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the mouse with Ctrl; without it the area around scrolls."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        factor = 1 / _ZOOM if event.angleDelta().y() > 0 else _ZOOM
        self.zoom_wanted.emit(factor, self._moment(event.position().x(), self._area()))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom by plus and minus, move by the arrows."""
        middle = (self._lanes.from_ms + self._lanes.to_ms) / 2
        key = event.key()
        if key in {Qt.Key.Key_Plus, Qt.Key.Key_Equal}:
            self.zoom_wanted.emit(1 / _ZOOM, middle)
        elif key == Qt.Key.Key_Minus:
            self.zoom_wanted.emit(_ZOOM, middle)
        elif key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self.pan_wanted.emit(-0.25 if key == Qt.Key.Key_Left else 0.25)
        else:
            super().keyPressEvent(event)

    def _area(self) -> QRectF:
        metrics = self.fontMetrics()
        widest = max(
            (metrics.horizontalAdvance(lane.name) for lane in self._lanes.lanes), default=0
        )
        left = min(widest + 20, round(self.width() * _WIDEST_NAME))
        height = max(1, len(self._lanes.lanes)) * _LANE
        return QRectF(left, _MARKS, max(1, self.width() - left - 12), height)

    def _x(self, moment_ms: float, area: QRectF) -> float:
        whole = max(1, self._lanes.to_ms - self._lanes.from_ms)
        return area.left() + (moment_ms - self._lanes.from_ms) / whole * area.width()

    def _moment(self, x: float, area: QRectF) -> float:
        whole = self._lanes.to_ms - self._lanes.from_ms
        return self._lanes.from_ms + (x - area.left()) / area.width() * whole

    def _bar_rect(self, start_ms: int, end_ms: int, number: int, area: QRectF) -> QRectF:
        left, right = self._x(start_ms, area), self._x(end_ms, area)
        top = area.top() + number * _LANE + (_LANE - _BAR) / 2
        return QRectF(left, top, max(_NARROWEST, right - left), _BAR)

    def _draw_axis(self, painter: QPainter, area: QRectF) -> None:
        palette = self.palette()
        line = blended(palette.color(QPalette.ColorRole.Base), muted_text(palette), 0.25)
        metrics = painter.fontMetrics()
        last = float("-inf")
        for moment in ticks_between(self._lanes.from_ms, self._lanes.to_ms, area.width()):
            x = self._x(moment, area)
            painter.setPen(QPen(line, 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom() + 4))
            text = tick_label(moment, self._lanes.to_ms - self._lanes.from_ms)
            width = metrics.horizontalAdvance(text)
            left = min(x - width / 2, self.width() - width - 2)
            if left > last + 8:
                painter.setPen(muted_text(palette))
                painter.drawText(QPointF(left, area.bottom() + _AXIS - 7), text)
                last = left + width

    def _draw_lanes(self, painter: QPainter, area: QRectF) -> None:
        palette = self.palette()
        accent = plot_colours(palette)[0]
        past = blended(palette.color(QPalette.ColorRole.Base), accent, 0.55)
        metrics = painter.fontMetrics()
        for number, lane in enumerate(self._lanes.lanes):
            top = area.top() + number * _LANE
            painter.setPen(palette.color(QPalette.ColorRole.Text))
            name = metrics.elidedText(
                inert(lane.name), Qt.TextElideMode.ElideRight, round(area.left() - 16)
            )
            painter.drawText(
                QRectF(8, top, area.left() - 12, _LANE), Qt.AlignmentFlag.AlignVCenter, name
            )
            for bar in lane.bars:
                rect = self._bar_rect(bar.start_ms, bar.end_ms, number, area)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(accent if bar.is_open else past)
                painter.drawRoundedRect(rect, 3, 3)
                if bar.is_start_seen:
                    self._draw_start(painter, rect, palette.color(QPalette.ColorRole.Text))

    @staticmethod
    def _draw_start(painter: QPainter, rect: QRectF, colour: QColor) -> None:
        """Draw the edge that says: it began here, and was seen to."""
        painter.setPen(QPen(colour, 1))
        painter.drawLine(rect.topLeft() + QPointF(0, -2), rect.bottomLeft() + QPointF(0, 2))

    def _draw_unknown(self, painter: QPainter, area: QRectF) -> None:
        palette = self.palette()
        veil = palette.color(QPalette.ColorRole.Base)
        veil.setAlpha(150)
        for start, end in self._lanes.unknown:
            left, right = self._x(start, area), self._x(end, area)
            rect = QRectF(left, area.top(), max(1.0, right - left), area.height())
            painter.fillRect(rect, veil)
            painter.fillRect(rect, QBrush(muted_text(palette), Qt.BrushStyle.BDiagPattern))

    def _draw_marks(self, painter: QPainter, area: QRectF) -> None:
        colour = plot_colours(self.palette())[1]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for mark in self._lanes.marks:
            x, bottom = self._x(mark.at_ms, area), area.top() - 2
            painter.drawPolygon(
                QPolygonF(
                    [QPointF(x - 5, bottom - 9), QPointF(x + 5, bottom - 9), QPointF(x, bottom)]
                )
            )
