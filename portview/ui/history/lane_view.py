"""Shows lanes over time: who held a port, or all ports; hatched where nobody looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QImage, QPainter, QPalette
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy, QToolTip

from portview.i18n import _
from portview.models.history_lanes import Lanes
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.history.lane_painter import AXIS, LANE, MARKS, LaneLayout, LanePainter

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent, QWheelEvent
    from PySide6.QtWidgets import QWidget

    from portview.models.history_lanes import Lane

_ZOOM = 1.25
_LEAST_DRAG = 4
_MOST_IN_PICTURE = 500
"""Lanes of a picture that is saved."""


class LaneView(QAbstractScrollArea):
    """Shows ``Lanes``, with the axis always in sight.

    ``zoom_wanted`` carries the factor and the moment that stays in place, ``pan_wanted`` a share of
    what is shown, ``lane_chosen`` the number of a lane or -1, ``lane_opened`` one that was
    double-clicked or chosen with Enter.
    """

    zoom_wanted = Signal(float, float)
    pan_wanted = Signal(float)
    lane_chosen = Signal(int)
    lane_opened = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lanes = Lanes(0, 1)
        self._chosen: int | None = None
        self._moment_ms: int | None = None
        self._hover_x: float | None = None
        self._pressed: tuple[float, float] | None = None
        self.has_choice = False
        """Whether lanes can be chosen."""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(_("History of the port"))
        self.viewport().setMouseTracking(True)
        self.verticalScrollBar().setSingleStep(LANE)

    @property
    def lanes(self) -> Lanes:
        """Return what is shown."""
        return self._lanes

    @property
    def chosen_lane(self) -> Lane | None:
        """Return the lane that was chosen."""
        return None if self._chosen is None else self._lanes.lanes[self._chosen]

    def show_lanes(self, lanes: Lanes, moment_ms: int | None = None) -> None:
        """Show these lanes, and a line at a moment; the chosen lane stays by its name."""
        chosen = self.chosen_lane
        self._lanes, self._moment_ms, self._chosen = lanes, moment_ms, None
        if chosen is not None:
            names = (number for number, lane in enumerate(lanes.lanes) if lane.name == chosen.name)
            self._chosen = next(names, None)
        self.setAccessibleDescription(lanes.summary)
        self._fit_scroll_bar()
        self.viewport().update()

    def layout_now(self) -> LaneLayout:
        """Return where everything is."""
        room = self.viewport().size()
        return LaneLayout(
            self._lanes, self.fontMetrics(), room.width(), room.height(),
            self.verticalScrollBar().value(),
        )  # fmt: skip

    def picture(self) -> QImage:
        """Return all lanes as a picture, also those that are out of sight, up to a number."""
        shown = self._lanes._replace(lanes=self._lanes.lanes[:_MOST_IN_PICTURE])
        width = max(800, self.viewport().width())
        height = MARKS + max(1, len(shown.lanes)) * LANE + AXIS
        ratio = self.devicePixelRatioF()
        image = QImage(
            QSize(round(width * ratio), round(height * ratio)), QImage.Format.Format_RGB32
        )
        image.setDevicePixelRatio(ratio)
        image.fill(self.palette().color(QPalette.ColorRole.Base))
        painter = QPainter(image)
        painter.setFont(self.font())
        self._paint(painter, LaneLayout(shown, self.fontMetrics(), width, height), is_alone=True)
        painter.end()
        return image

    @override
    def sizeHint(self) -> QSize:
        return QSize(400, MARKS + min(12, max(2, len(self._lanes.lanes))) * LANE + AXIS)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(200, MARKS + LANE + AXIS)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        self._paint(painter, self.layout_now(), is_alone=False)
        painter.end()

    def _paint(self, painter: QPainter, layout: LaneLayout, *, is_alone: bool) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        LanePainter(painter, layout, self.palette()).paint(
            chosen=None if is_alone else self._chosen,
            moment_ms=self._moment_ms,
            hover_x=None if is_alone else self._hover_x,
        )

    @override
    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = plain_tooltip(self.tooltip_at(QPointF(event.pos())))
            QToolTip.showText(event.globalPos(), text, self)
            return True
        if event.type() == QEvent.Type.Leave and self._hover_x is not None:
            self._hover_x = None
            self.viewport().update()
        return super().viewportEvent(event)

    def tooltip_at(self, place: QPointF) -> str:
        """Return what is said about a place, "" where there is nothing."""
        layout = self.layout_now()
        number = layout.lane_at(place.y())
        marks = self._lanes.lanes[number].marks if number is not None else ()
        if place.y() < layout.area.top():
            marks = self._lanes.marks
        near = [mark for mark in marks if abs(layout.x(mark.at_ms) - place.x()) <= MARKS / 2]
        if near:
            return "\n".join(mark.tooltip for mark in near[:10])
        if number is not None:
            for bar in reversed(self._lanes.lanes[number].bars):
                if layout.bar_rect(bar, number).contains(place):
                    return bar.tooltip
        moment = layout.moment(place.x())
        if any(start <= moment <= end for start, end in self._lanes.unknown):
            return _("PortView did not record at that time: nothing is known.")
        return ""

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the mouse with Ctrl; without it the lanes scroll."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
            return
        factor = 1 / _ZOOM if event.angleDelta().y() > 0 else _ZOOM
        self.zoom_wanted.emit(factor, self.layout_now().moment(event.position().x()))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom by plus and minus, move by the arrows, choose and open lanes."""
        middle = (self._lanes.from_ms + self._lanes.to_ms) / 2
        key = event.key()
        if key in {Qt.Key.Key_Plus, Qt.Key.Key_Equal}:
            self.zoom_wanted.emit(1 / _ZOOM, middle)
        elif key == Qt.Key.Key_Minus:
            self.zoom_wanted.emit(_ZOOM, middle)
        elif key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self.pan_wanted.emit(-0.25 if key == Qt.Key.Key_Left else 0.25)
        elif self.has_choice and key in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            self._choose_next(-1 if key == Qt.Key.Key_Up else 1)
        elif self.has_choice and key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if self._chosen is not None:
                self.lane_opened.emit(self._chosen)
        else:
            super().keyPressEvent(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._pressed = (event.position().x(), event.position().x())
        number = self.layout_now().lane_at(event.position().y())
        if self.has_choice and number is not None:
            self.choose(number)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the moment under the mouse; with the button down, move the time."""
        x, area = event.position().x(), self.layout_now().area
        self._hover_x = x if area.left() <= x <= area.right() else None
        if self._pressed is not None:
            began, last = self._pressed
            if abs(x - began) >= _LEAST_DRAG:
                self._pressed = (float("-inf"), x)
                self.pan_wanted.emit((last - x) / area.width())
        self.viewport().update()

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        super().mouseReleaseEvent(event)

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        number = self.layout_now().lane_at(event.position().y())
        if self.has_choice and number is not None:
            self.choose(number)
            self.lane_opened.emit(number)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_scroll_bar()

    def choose(self, number: int) -> None:
        """Choose a lane and bring it into sight."""
        self._chosen = number
        bar = self.verticalScrollBar()
        room = self.layout_now().area.height()
        top = number * LANE
        if top < bar.value():
            bar.setValue(top)
        elif top + LANE > bar.value() + room:
            bar.setValue(round(top + LANE - room))
        self.viewport().update()
        self.lane_chosen.emit(number)

    def point_at(self, place: QPoint) -> None:
        """Show the moment at a place, as the mouse does."""
        self._hover_x = float(place.x())
        self.viewport().update()

    def _choose_next(self, step: int) -> None:
        count = len(self._lanes.lanes)
        if count:
            before = self._chosen
            first = 0 if step > 0 else count - 1
            self.choose(first if before is None else min(max(0, before + step), count - 1))

    def _fit_scroll_bar(self) -> None:
        room = max(LANE, self.viewport().height() - MARKS - AXIS)
        bar = self.verticalScrollBar()
        bar.setPageStep(room)
        bar.setRange(0, max(0, len(self._lanes.lanes) * LANE - room))
