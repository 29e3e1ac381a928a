"""The timeline: every port that somebody listened on, over time, and one of them in detail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from portview.domain.errors import PortViewError
from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool
from portview.i18n import _
from portview.models.history_lanes import Lane, Lanes, arrange_ports
from portview.override import override
from portview.ui.history.history_export import HistoryExport
from portview.ui.history.history_page import ask_or_nothing
from portview.ui.history.lane_view import LaneView
from portview.ui.history.port_history import PortHistory
from portview.ui.history.time_bar import TimeBar
from portview.ui.history.time_window import DAY_MS, TimeWindow
from portview.ui.widgets.tool_window import ToolWindow, describe_failure
from portview.watch.history.questions import HistoryAnswer, HistoryQuestion

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings

_SIZE = (1000, 620)
_REFRESH_MS = 3000
_TYPING_MS = 150


class TimelineWindow(ToolWindow):
    """Lanes of all ports; below them the chosen port, or nothing until one is chosen.

    ``port_wanted`` asks for the port card of a port, ``report_wanted`` for a report about the time
    that is shown.
    """

    port_wanted = Signal(int)
    report_wanted = Signal(object)

    def __init__(self, runner: TaskRunner, settings: Settings, parent: QWidget) -> None:
        super().__init__("timeline", _("Timeline"), _SIZE, settings, parent)
        self._answer = HistoryAnswer()
        self._chosen: tuple[int, str] | None = None
        self.time_window = TimeWindow(DAY_MS, self)
        self.time_window.changed.connect(self._on_time_changed)
        self._query = LatestQuery(
            ask_or_nothing,
            runner,
            Pool.PROBES,
            on_answered=self._on_answered,
            on_failed=self._on_failed,
        )
        self._port_query = LatestQuery(
            ask_or_nothing,
            runner,
            Pool.PROBES,
            on_answered=self._on_port_answered,
            on_failed=self._on_failed,
        )
        self._timer = QTimer(self)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self._on_timer)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._draw)
        self.time_bar = TimeBar(self.time_window)
        self.filter_field = QLineEdit()
        self.filter_field.setPlaceholderText(_("Port or program"))
        self.filter_field.setAccessibleName(_("Filter"))
        self.filter_field.setClearButtonEnabled(True)
        metrics = self.filter_field.fontMetrics()
        self.filter_field.setMinimumWidth(
            metrics.horizontalAdvance(self.filter_field.placeholderText()) + 40
        )
        self.filter_field.textChanged.connect(lambda _text: self._typing.start())
        self.changed_box = QCheckBox(_("Only &changes"))
        self.changed_box.setToolTip(_("Only ports that began, ended or changed hands in this time"))
        self.changed_box.toggled.connect(lambda _on: self._draw())
        self.heading = QLabel()
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setWordWrap(True)
        self.view = LaneView()
        self.view.has_choice = True
        self.view.setAccessibleName(_("Timeline of all ports"))
        self.view.zoom_wanted.connect(self.time_window.zoom)
        self.view.pan_wanted.connect(self.time_window.pan)
        self.view.lane_chosen.connect(self._on_chosen)
        self.view.lane_opened.connect(lambda _number: self._on_show_port())
        self.port_history = PortHistory(self.time_window)
        self.port_title = QLabel()
        self.port_title.setTextFormat(Qt.TextFormat.PlainText)
        self.export = HistoryExport(runner, self._shown_answer, self.view.picture, self)
        self.export.notified.connect(self.notified)
        self.export.notified.connect(self.heading.setText)
        self.time_bar.refused.connect(self.heading.setText)
        self._compose()
        self.starts_at = self.view

    def _compose(self) -> None:
        self.report_button = self.button(
            _("&Report…"),
            lambda: self.report_wanted.emit(self.time_window.bounds()),
            _("Write a report of this time as one HTML file"),
        )
        self.port_button = self.button(
            _("Show &port"), self._on_show_port, _("Show the chosen port in the main window")
        )
        self.port_button.setEnabled(False)
        self.close_button = self.button(_("Close"), self.reject)
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self.filter_field, 1)
        top.addWidget(self.changed_box)
        top.addWidget(self.time_bar)
        below = QWidget()
        head = QHBoxLayout()
        head.addWidget(self.port_title, 1)
        head.addWidget(self.port_history.choice)
        below_layout = QVBoxLayout(below)
        below_layout.setContentsMargins(0, 4, 0, 0)
        below_layout.addLayout(head)
        below_layout.addWidget(self.port_history, 1)
        self.below = below
        below.hide()
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.view)
        splitter.addWidget(below)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        buttons = QHBoxLayout()
        for widget in (self.port_button, self.report_button, self.export.button):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.heading)
        layout.addWidget(splitter, 1)
        layout.addLayout(buttons)
        self.heading.setText(_("Reading…"))

    @property
    def is_reading(self) -> bool:
        """Return whether an answer is still to come."""
        return self._query.is_asking or self._port_query.is_asking

    @Slot()
    def refresh(self) -> None:
        """Ask again for the time that is shown."""
        if not self._query.is_asking:
            self._query.ask(HistoryQuestion(None, None, *self.time_window.bounds()))
        if self._chosen is not None and not self._port_query.is_asking:
            port, protocol = self._chosen
            wants_counts = self.port_history.wants_counts
            self._port_query.ask(
                HistoryQuestion(port, None, *self.time_window.bounds(), protocol, wants_counts)
            )

    @override
    def stop(self) -> bool:
        self._timer.stop()
        self._typing.stop()
        return False

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    @Slot()
    def _on_timer(self) -> None:
        # What has passed does not change.
        if self.time_window.follows_now:
            self.refresh()

    @Slot()
    def _on_time_changed(self) -> None:
        self._draw()
        if self._chosen is not None:
            self.port_history.draw()
        self.refresh()

    def _on_answered(self, _question: HistoryQuestion, answer: HistoryAnswer) -> None:
        self._answer = answer
        self._draw()

    def _on_port_answered(self, question: HistoryQuestion, answer: HistoryAnswer) -> None:
        if (question.port, question.protocol) == self._chosen:
            self.port_history.show_answer(answer)

    def _on_failed(self, error: Exception) -> None:
        message = error.message if isinstance(error, PortViewError) else describe_failure(error)[0]
        self.heading.setText(_("The history can't be read: {reason}").format(reason=message))

    def _lanes(self) -> Lanes:
        lanes = arrange_ports(self._answer, *self.time_window.bounds())
        words = self.filter_field.text().lower().split()
        kept = tuple(
            lane
            for lane in lanes.lanes
            if _fits(lane, words) and (not self.changed_box.isChecked() or _changed(lane, lanes))
        )
        return lanes._replace(lanes=kept)

    @Slot()
    def _draw(self) -> None:
        lanes = self._lanes()
        self.view.show_lanes(lanes, self.time_window.moment_ms)
        words = lanes.summary
        if not lanes.lanes and self._answer.spans:
            words = _("No port fits the filter.") + " " + words
        self.heading.setText(words)
        self.port_button.setEnabled(self.view.chosen_lane is not None)

    def _shown_answer(self) -> HistoryAnswer:
        shown = {(lane.port, lane.protocol) for lane in self.view.lanes.lanes}
        spans = [span for span in self._answer.spans if (span.port, span.protocol) in shown]
        return self._answer._replace(spans=tuple(spans))

    @Slot(int)
    def _on_chosen(self, _number: int) -> None:
        lane = self.view.chosen_lane
        if lane is None or lane.port is None:
            return
        self.port_button.setEnabled(True)
        if self._chosen == (lane.port, lane.protocol):
            return
        self._chosen = (lane.port, lane.protocol)
        self.port_title.setText(
            _("{protocol} {port}").format(protocol=lane.protocol.upper(), port=lane.port)
        )
        self.below.show()
        self.port_history.show_answer(HistoryAnswer())
        self.refresh()

    @Slot()
    def _on_show_port(self) -> None:
        lane = self.view.chosen_lane
        if lane is not None and lane.port is not None:
            self.port_wanted.emit(lane.port)


def _fits(lane: Lane, words: list[str]) -> bool:
    text = f"{lane.name} {lane.detail}".lower()
    return all(word in text for word in words)


def _changed(lane: Lane, lanes: Lanes) -> bool:
    """Return whether a port began, ended or changed hands within the time that is shown."""
    if len(lane.bars) > 1:
        return True
    [bar] = lane.bars
    # What was last seen when PortView stopped looking may be there still.
    is_known = all(bar.end_ms != start for start, _end in lanes.unknown)
    return bar.is_start_seen or (not bar.is_open and bar.end_ms < lanes.to_ms and is_known)
