"""Lanes and charts of one port, over a time that both share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QStackedWidget, QWidget

from portview.i18n import _
from portview.models.history_lanes import Lanes, arrange
from portview.ui.history.lane_view import LaneView
from portview.watch.history.questions import HistoryAnswer

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from portview.ui.history.counts_plot import CountsPlot
    from portview.ui.history.time_window import TimeWindow

OWNERS, CONNECTIONS, BYTES = range(3)


class PortHistory(QStackedWidget):
    """Shows who had a port, its connections, or its bytes; ``choice`` chooses which.

    pyqtgraph is imported when a chart is first wanted: that takes a third of a second.
    """

    def __init__(self, window: TimeWindow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._window = window
        self._answer = HistoryAnswer()
        self._plot: CountsPlot | None = None
        self.view = LaneView()
        self.view.zoom_wanted.connect(window.zoom)
        self.view.pan_wanted.connect(window.pan)
        self.addWidget(self.view)
        self.choice = QComboBox()
        self.choice.setAccessibleName(_("What is shown"))
        for text in (_("Owners"), _("Connections"), _("Bytes")):
            self.choice.addItem(text)
        self.choice.currentIndexChanged.connect(self._on_chosen)

    @property
    def plot(self) -> CountsPlot | None:
        """Return the chart, None before it was first wanted."""
        return self._plot

    @property
    def answer(self) -> HistoryAnswer:
        """Return what is shown."""
        return self._answer

    @property
    def wants_counts(self) -> bool:
        """Return whether counts are shown."""
        return self.choice.currentIndex() != OWNERS

    def picture(self) -> QImage:
        """Return what is shown as a picture."""
        if self.wants_counts and self._plot is not None:
            image: QImage = self._plot.grab().toImage()
            return image
        return self.view.picture()

    def show_answer(self, answer: HistoryAnswer) -> Lanes:
        """Show what was seen, and return its lanes."""
        self._answer = answer
        return self.draw()

    def draw(self) -> Lanes:
        """Draw again, for the time that is chosen now."""
        lanes = arrange(self._answer, *self._window.bounds())
        self.view.show_lanes(lanes, self._window.moment_ms)
        if self.wants_counts:
            self._draw_counts(lanes)
        return lanes

    def _on_chosen(self, _place: int) -> None:
        if self.wants_counts and self._plot is None:
            from portview.ui.history.counts_plot import CountsPlot  # noqa: PLC0415 - see the class

            self._plot = CountsPlot()
            self.addWidget(self._plot)
        self.setCurrentWidget(self._plot if self.wants_counts and self._plot else self.view)
        self._window.changed.emit()

    def _draw_counts(self, lanes: Lanes) -> None:
        from portview.models.count_series import count_series  # noqa: PLC0415 - when wanted

        if self._plot is None:
            return
        bounds = (lanes.from_ms, lanes.to_ms)
        series = count_series(self._answer.counts, lanes.unknown, *bounds)
        wants_bytes = self.choice.currentIndex() == BYTES
        self._plot.show_series(series, lanes.unknown, bounds, bytes_wanted=wants_bytes)
