"""A plot of one or two quantities over the last minutes. Importing this imports pyqtgraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPalette, QPen

from portview.i18n import _
from portview.override import override
from portview.ui.style.theme import muted_text, plot_colours

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from portview.domain.sockets.series import Line

_SHOWN_S = 120
_FILLING = 46
_STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine)


class TrafficPlot(pg.PlotWidget):  # type: ignore[misc] # pyqtgraph has no types
    """Draws lines against "seconds ago", newest at the right. Nothing in it reacts to the mouse.

    Pens are one pixel wide: any wider and pyqtgraph leaves its fast path.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._value_axis = _ValueAxis("left")
        axes: dict[str, Any] = {"left": self._value_axis, "bottom": _SecondsAgoAxis("bottom")}
        super().__init__(parent, axisItems=axes)
        self.setAccessibleName(_("Plot over time"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMenuEnabled(False)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.getPlotItem().layout.setContentsMargins(4, 6, 14, 2)
        for axis in axes.values():
            axis.setStyle(maxTickLevel=0)
        self.setLabel("bottom", _("seconds ago"))
        self.setXRange(-_SHOWN_S, 0, padding=0)
        self._legend = self.addLegend(offset=(8, 4))
        self.curves: list[pg.PlotDataItem] = []
        self._names: tuple[str, ...] = ()
        self._colour()

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the lines are called."""
        return self._names

    def point_counts(self) -> dict[str, int]:
        """Return how many points are drawn of each line, by its name."""
        points = (curve.getData()[0] for curve in self.curves)
        counts = (0 if xs is None else len(xs) for xs in points)
        return dict(zip(self._names, counts, strict=True))

    def set_lines(
        self, names: Sequence[str], unit: str, write: Callable[[float], str], smallest_top: float
    ) -> None:
        """Draw other quantities from now on.

        ``unit`` stands at the axis, ``write`` formats a value there, and the axis reaches up to
        ``smallest_top`` at least.
        """
        self._names = tuple(names)
        self._smallest_top = smallest_top
        self._value_axis.write = write
        self.setLabel("left", unit)
        for curve in self.curves:
            self.removeItem(curve)
        self.curves = [self.plot(name=name) for name in names]
        self._colour()

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Draw these lines, in the order of their names."""
        top = self._smallest_top
        for curve, line in zip(self.curves, lines, strict=True):
            curve.setData([-seconds for seconds in line.seconds_ago], list(line.values))
            top = max(top, *line.values) if line.values else top
        self.setYRange(0, top * 1.08, padding=0)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "curves"):
            self._colour()

    def _colour(self) -> None:
        palette = self.palette()
        text = muted_text(palette)
        self.setBackground(palette.color(QPalette.ColorRole.Base))
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(pg.mkPen(text, width=1))
            axis.setTextPen(text)
        self._legend.setLabelTextColor(palette.color(QPalette.ColorRole.Text))
        for curve, colour, style in zip(self.curves, plot_colours(palette), _STYLES, strict=False):
            # The style distinguishes the lines where colours don't.
            curve.setPen(QPen(pg.mkPen(colour, width=1, style=style)))
            filling = QColor(colour)
            filling.setAlpha(_FILLING)
            curve.setFillLevel(0)
            curve.setBrush(filling)


class _SecondsAgoAxis(pg.AxisItem):  # type: ignore[misc]
    @override
    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{abs(value):.0f}" for value in values]


class _ValueAxis(pg.AxisItem):  # type: ignore[misc]
    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.write: Callable[[float], str] = str
        self.enableAutoSIPrefix(enable=False)

    @override
    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [self.write(value) for value in values]
