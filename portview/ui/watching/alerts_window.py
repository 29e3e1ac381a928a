"""The window of alerts: what fires, what fired, and what was done about each."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from portview.domain.formatting import format_duration
from portview.domain.local_time import local_moment, short_moment
from portview.domain.severity import Severity
from portview.engine.latest_query import LatestQuery
from portview.engine.latest_task import LatestTask
from portview.engine.task_runner import Pool
from portview.engine.watch_feed import AlertsRead, read_alerts
from portview.i18n import _, join_list, join_sentences, labelled, ngettext
from portview.override import override
from portview.ui.watching.silence_menu import silence_menu
from portview.ui.watching.watch_words import event_row
from portview.ui.watching.watches_window import acknowledge, fill_table
from portview.ui.widgets.result import ResultRow
from portview.ui.widgets.result_view import Headline, ResultTable
from portview.ui.widgets.tool_window import ToolWindow, describe_failure
from portview.watch.store.incident_store import IncidentStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QHideEvent, QShowEvent

    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings
    from portview.watch.store.incident_store import Incident

_SIZE = (1000, 560)
_REFRESH_MS = 1000
_SHORT_ID = 8


class AlertsWindow(ToolWindow):
    """Incidents, the open ones first; below them what happened in the chosen one.

    ``why_wanted`` asks for a diagnosis.
    """

    why_wanted = Signal(int, str)

    def __init__(self, runner: TaskRunner, settings: Settings, parent: QWidget) -> None:
        super().__init__("alerts", _("Alerts"), _SIZE, settings, parent)
        self._incidents: list[Incident] = []
        self._runner = runner
        self._query: LatestQuery[str, AlertsRead] = LatestQuery(
            read_alerts,
            runner,
            Pool.ACTIONS,
            on_answered=self._on_read,
            on_failed=self._on_failed,
        )
        self._change = LatestTask(runner, Pool.ACTIONS)
        self._timer = QTimer(self)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self.headline = Headline()
        self.table = ResultTable()
        self.table.setAccessibleName(_("Alerts"))
        self.table.setWordWrap(False)
        self.timeline = ResultTable()
        self.timeline.setAccessibleName(_("What happened"))
        self.title = QLabel()
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.note_field = QLineEdit()
        self.note_field.setPlaceholderText(_("Note, such as who looks after it"))
        self.note_field.setAccessibleName(_("Note"))
        self.note_field.setMaxLength(500)
        self._compose()
        self.table.itemSelectionChanged.connect(self._on_selected)
        self.starts_at = self.table
        self._show_buttons()

    def _compose(self) -> None:
        self.acknowledge_button = self.button(
            _("&Acknowledge"), self._on_acknowledge, _("Stop reminders until it is resolved")
        )
        self.note_field.returnPressed.connect(self._on_acknowledge)
        self.silence_button = QPushButton(_("&Silence"), self)
        self.silence_button.setAutoDefault(False)
        self.silence_button.setMenu(silence_menu(self._on_silence, self))
        self.why_button = self.button(_("&Why?"), self._on_why, _("Diagnose the port"))
        self.report_button = self.button(
            _("&Report…"), self._on_report, _("Write a report of this alert as one HTML file")
        )
        self.close_button = self.button(_("Close"), self.reject)
        buttons = QHBoxLayout()
        for widget in (self.why_button, self.silence_button, self.report_button):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.note_field, 1)
        head.addWidget(self.acknowledge_button)
        lower = QWidget()
        lower_layout = QVBoxLayout(lower)
        lower_layout.setContentsMargins(0, 4, 0, 0)
        lower_layout.addLayout(head)
        lower_layout.addWidget(self.timeline)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(lower)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.addWidget(self.headline)
        layout.addWidget(splitter, 1)
        layout.addLayout(buttons)
        self.headline.say(Severity.NOTE, _("Alerts"), _("Reading …"))

    @property
    def is_reading(self) -> bool:
        """Return whether an answer is still to come."""
        return self._query.is_asking

    @Slot()
    def refresh(self) -> None:
        """Read everything again."""
        chosen = self._selected()
        self._query.ask(chosen.id if chosen else "")

    @override
    def stop(self) -> bool:
        self._timer.stop()
        self._change.cancel()
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

    def _selected(self) -> Incident | None:
        rows = {index.row() for index in self.table.selectedIndexes()}
        number = rows.pop() if len(rows) == 1 else -1
        return self._incidents[number] if 0 <= number < len(self._incidents) else None

    def _on_read(self, asked: str, found: AlertsRead) -> None:
        chosen = self._selected()
        is_first = not self._incidents
        self._incidents = found.incidents
        now_ms = time.time_ns() // 1_000_000
        titles = (
            _("State"), _("Watch"), _("Port"), _("From"), _("For"), _("What was found"),
            _("Acknowledged"),
        )  # fmt: skip
        blocked = QSignalBlocker(self.table)
        fill_table(self.table, titles, [_row(one, now_ms) for one in found.incidents])
        ids = [one.id for one in found.incidents]
        if chosen is not None and chosen.id in ids:
            self.table.selectRow(ids.index(chosen.id))
        elif is_first and ids:
            self.table.selectRow(0)
        blocked.unblock()
        self._show_headline(found.incidents)
        now_chosen = self._selected()
        if now_chosen is not None and now_chosen.id != asked:
            self.refresh()
        self._show_incident(now_chosen, found if now_chosen and now_chosen.id == asked else None)
        self._show_buttons()

    def _show_incident(self, chosen: Incident | None, found: AlertsRead | None) -> None:
        if chosen is None:
            self.title.setText(_("What happened"))
            fill_table(self.timeline, (_("When"), _("Event"), _("Detail")), [])
            return
        self.title.setText(
            _("{watch}, incident {incident}").format(
                watch=chosen.watch, incident=chosen.id[:_SHORT_ID]
            )
        )
        if found is None:
            return
        rows = [event_row(event) for event in found.events]
        if chosen.diagnosis:
            began = local_moment(chosen.began_ms)
            cells = (began, _("diagnosis"), chosen.diagnosis)
            rows.insert(0, ResultRow(cells, Severity.NOTE))
        fill_table(self.timeline, (_("When"), _("Event"), _("Detail")), rows)

    def _show_headline(self, incidents: list[Incident]) -> None:
        firing = [one for one in incidents if one.ended_ms is None]
        waiting = [one for one in firing if one.acknowledged_ms is None]
        count = len(waiting or firing)
        if waiting:
            word = ngettext("{count} alert is open", "{count} alerts are open", count)
            detail = labelled(waiting[0].watch, waiting[0].detail)
            self.headline.say(Severity.BAD, word.format(count=count), detail)
        elif firing:
            word = ngettext("{count} alert, acknowledged", "{count} alerts, acknowledged", count)
            detail = labelled(firing[0].watch, firing[0].detail)
            self.headline.say(Severity.NOTE, word.format(count=count), detail)
        elif incidents:
            self.headline.say(Severity.GOOD, _("Nothing fires"), _("Below is what fired before."))
        else:
            self.headline.say(
                Severity.GOOD, _("Nothing fires"), _("Nothing fired in the last 30 days.")
            )

    def _on_failed(self, error: Exception) -> None:
        message, hint = describe_failure(error)
        self.headline.say(Severity.BAD, _("The alerts can't be read"), message, hint)

    @Slot()
    def _on_selected(self) -> None:
        self._show_incident(self._selected(), None)
        self._show_buttons()
        self.refresh()

    def _show_buttons(self) -> None:
        chosen = self._selected()
        may_acknowledge = (
            chosen is not None and chosen.ended_ms is None and chosen.acknowledged_ms is None
        )
        self.acknowledge_button.setEnabled(may_acknowledge)
        self.note_field.setEnabled(may_acknowledge)
        self.silence_button.setEnabled(chosen is not None)
        self.report_button.setEnabled(chosen is not None)
        self.why_button.setEnabled(chosen is not None and chosen.port is not None)

    def _on_why(self) -> None:
        chosen = self._selected()
        if chosen is not None and chosen.port is not None:
            self.why_wanted.emit(chosen.port, chosen.protocol or "tcp")

    def _on_acknowledge(self) -> None:
        chosen, note = self._selected(), self.note_field.text().strip()
        if chosen is None or chosen.ended_ms is not None or chosen.acknowledged_ms is not None:
            return
        self.note_field.clear()
        self._do(lambda store, now_ms: acknowledge(store, (chosen.id,), now_ms, note))

    def _on_silence(self, duration_ms: int) -> None:
        chosen = self._selected()
        if chosen is not None:
            self._do(
                lambda store, now_ms: store.silence(
                    chosen.watch, now_ms + duration_ms if duration_ms else 0, ""
                )
            )

    def _on_report(self) -> None:
        from portview.ui.history.report_dialog import ReportDialog  # noqa: PLC0415 - when wanted
        from portview.watch.history.write_report import ReportRequest  # noqa: PLC0415 - likewise

        chosen = self._selected()
        if chosen is not None:
            dialog = ReportDialog(self._runner, self)
            dialog.notified.connect(self.notified)
            dialog.ask(ReportRequest(incident=chosen.id))

    def _do(self, change: Callable[[IncidentStore, int], None]) -> None:
        def work(_work: object) -> None:
            with closing(IncidentStore.open()) as store, store.transaction():
                change(store, time.time_ns() // 1_000_000)

        self._change.start(
            work,
            lambda _done: self.refresh(),
            lambda error: self.notified.emit(join_sentences(*describe_failure(error))),
        )


def _row(incident: Incident, now_ms: int) -> ResultRow:
    is_open = incident.ended_ms is None
    end_ms = now_ms if incident.ended_ms is None else incident.ended_ms
    seen = ""
    if incident.acknowledged_ms is not None:
        parts = (local_moment(incident.acknowledged_ms), incident.acknowledged_by, incident.note)
        seen = join_list(part for part in parts if part)
    return ResultRow(
        (
            _("firing") if is_open else _("resolved"),
            incident.watch,
            "" if incident.port is None else str(incident.port),
            short_moment(incident.began_ms, now_ms),
            # By the minute: a table that changes each second can't be read.
            format_duration(max(0, end_ms - incident.began_ms) // 60_000 * 60_000)
            if is_open
            else format_duration(max(0, end_ms - incident.began_ms)),
            incident.detail,
            seen,
        ),
        Severity.BAD if is_open else Severity.GOOD,
    )
