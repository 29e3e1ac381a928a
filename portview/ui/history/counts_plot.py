"""A plot of connections or bytes over time. Importing this imports pyqtgraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QBrush, QPalette, QPen

from portview.domain.formatting import format_rate
from portview.i18n import _
from portview.override import override
from portview.ui.style.theme import muted_text, plot_colours
from portview.ui.widgets.time_ticks import tick_label, ticks_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from portview.models.count_series import CountSeries

_STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine)
_LEAST_COUNT = 4.0
_LEAST_RATE = 100.0


class CountsPlot(pg.PlotWidget):  # type: ignore[misc] # pyqtgraph has no types
    """Draws what a port had between two moments, hatched where nobody looked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._times, self._values = _TimeAxis("bottom"), _ValueAxis("left")
        axes: dict[str, Any] = {"left": self._values, "bottom": self._times}
        super().__init__(parent, axisItems=axes)
        self.setAccessibleName(_("Plot over time"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMenuEnabled(False)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.getPlotItem().layout.setContentsMargins(4, 6, 14, 2)
        self._legend = self.addLegend(offset=(8, 4))
        self._curves: list[pg.PlotDataItem] = []
        self._hatched: list[pg.LinearRegionItem] = []
        self._shown: bool | None = None
        self._colour()

    def show_series(
        self, series: CountSeries, unknown: Sequence[tuple[int, int]], span: tuple[int, int],
        *, bytes_wanted: bool,
    ) -> None:  # fmt: skip
        """Draw the lines between two moments."""
        if bytes_wanted != self._shown:
            self._shown = bytes_wanted
            for curve in self._curves:
                self.removeItem(curve)
            names = (_("Received"), _("Sent")) if bytes_wanted else (_("Connections"),)
            self._curves = [self.plot(name=name, connect="finite") for name in names]
            self._values.is_rate = bytes_wanted
            self.setLabel("left", _("bytes per second") if bytes_wanted else _("connections"))
        lines = (
            (series.received_per_s, series.sent_per_s) if bytes_wanted else (series.connections,)
        )
        top = _LEAST_RATE if bytes_wanted else _LEAST_COUNT
        for curve, line in zip(self._curves, lines, strict=True):
            curve.setData(list(series.moments_ms), list(line))
            top = max(top, *(value for value in line if value == value), 0.0)  # noqa: PLR0124 - no NaN
        self._times.span = span
        self.setXRange(*span, padding=0)
        self.setYRange(0, top * 1.08, padding=0)
        self._hatch(unknown)
        self._colour()

    def _hatch(self, unknown: Sequence[tuple[int, int]]) -> None:
        for item in self._hatched:
            self.removeItem(item)
        self._hatched = [
            pg.LinearRegionItem(values=one, movable=False, pen=pg.mkPen(None)) for one in unknown
        ]
        for item in self._hatched:
            self.addItem(item)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_curves"):
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
        for curve, colour, style in zip(self._curves, plot_colours(palette), _STYLES, strict=False):
            curve.setPen(QPen(pg.mkPen(colour, width=1, style=style)))
        for item in self._hatched:
            item.setBrush(QBrush(text, Qt.BrushStyle.BDiagPattern))


class _TimeAxis(pg.AxisItem):  # type: ignore[misc]
    span = (0, 1)

    @override
    def tickValues(
        self, minVal: float, maxVal: float, size: float
    ) -> list[tuple[float, list[float]]]:
        return [(1.0, [float(one) for one in ticks_between(round(minVal), round(maxVal), size)])]

    @override
    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [tick_label(round(value), self.span[1] - self.span[0]) for value in values]


class _ValueAxis(pg.AxisItem):  # type: ignore[misc]
    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.is_rate = False
        self.enableAutoSIPrefix(enable=False)
        self.setStyle(maxTickLevel=0)

    @override
    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.is_rate:
            return [format_rate(value) for value in values]
        return [f"{value:.0f}" if value == round(value) else "" for value in values]
