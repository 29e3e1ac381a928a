"""The window of watches: their states, what happened, and what can be done about it."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from portview.domain.severity import Severity
from portview.engine.latest_query import LatestQuery
from portview.engine.latest_task import LatestTask
from portview.engine.task_runner import Pool
from portview.engine.watch_feed import WatchesRead, read_watches
from portview.i18n import _, join_sentences, labelled, ngettext
from portview.override import override
from portview.ui.watching.silence_menu import silence_menu
from portview.ui.watching.strip_delegate import StripDelegate
from portview.ui.watching.watch_words import STRIP_COLUMN, columns, event_row, status_row
from portview.ui.widgets.result_view import Headline, ResultTable
from portview.ui.widgets.tool_window import ToolWindow, describe_failure
from portview.watch.rules.file import rules_path
from portview.watch.store.incident_store import IncidentStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QHideEvent, QShowEvent

    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings
    from portview.ui.widgets.result import ResultRow
    from portview.watch.running.status import WatchStatus
    from portview.watch.running.strip import WatchStrip

_SIZE = (1000, 560)
_REFRESH_MS = 1000
_WIDEST = 170


class WatchesWindow(ToolWindow):
    """Shows what is watched.

    ``new_wanted`` and ``edit_wanted`` ask for the dialog, ``why_wanted`` for a diagnosis,
    ``alerts_wanted`` for the window of alerts.
    """

    new_wanted = Signal()
    edit_wanted = Signal(str)
    alerts_wanted = Signal()
    why_wanted = Signal(int, str)

    def __init__(self, runner: TaskRunner, settings: Settings, parent: QWidget) -> None:
        super().__init__("watches", _("Watches"), _SIZE, settings, parent)
        self._statuses: list[WatchStatus] = []
        self._query: LatestQuery[None, WatchesRead] = LatestQuery(
            lambda _none: read_watches(),
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
        self.table.setAccessibleName(_("Watches"))
        self.table.setWordWrap(False)
        self._strips: dict[str, WatchStrip] = {}
        self.table.setItemDelegateForColumn(STRIP_COLUMN, StripDelegate(self._strip_of, self.table))
        self.table.itemDoubleClicked.connect(lambda _item: self._on_edit())
        self.timeline = ResultTable()
        self.timeline.setAccessibleName(_("What happened"))
        self.timeline.setWordWrap(False)
        self._compose()
        self.table.itemSelectionChanged.connect(self._show_buttons)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.starts_at = self.table
        self._show_buttons()

    def _compose(self) -> None:
        self.new_button = self.button(_("&New watch…"), self.new_wanted.emit)
        self.edit_button = self.button(_("&Edit…"), self._on_edit)
        self.alerts_button = self.button(_("Aler&ts…"), self.alerts_wanted.emit)
        self.why_button = self.button(_("&Why?"), self._on_why, _("Diagnose the port"))
        self.acknowledge_button = self.button(
            _("&Acknowledge"), self._on_acknowledge, _("Stop reminders until it is resolved")
        )
        self.silence_button = QPushButton(_("&Silence"), self)
        self.silence_button.setAutoDefault(False)
        self.silence_button.setMenu(silence_menu(self._on_silence, self))
        self.accept_button = self.button(
            _("A&ccept listeners"), self._on_accept, _("Accept what listens now into the baseline")
        )
        self.remove_button = self.button(_("&Remove…"), self._on_remove)
        self.close_button = self.button(_("Close"), self.reject)
        buttons = QHBoxLayout()
        for button in (
            self.new_button,
            self.edit_button,
            self.why_button,
            self.acknowledge_button,
            self.silence_button,
            self.accept_button,
            self.remove_button,
            self.alerts_button,
        ):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        lower = QWidget()
        lower_layout = QVBoxLayout(lower)
        lower_layout.setContentsMargins(0, 0, 0, 0)
        lower_layout.addWidget(QLabel(_("What happened")))
        lower_layout.addWidget(self.timeline)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(lower)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.headline)
        layout.addWidget(splitter, 1)
        layout.addLayout(buttons)
        self.headline.say(Severity.NOTE, _("Watches"), _("Reading…"))

    @Slot()
    def refresh(self) -> None:
        """Read everything again."""
        self._query.ask(None)

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

    @property
    def is_reading(self) -> bool:
        """Return whether an answer is still to come."""
        return self._query.is_asking

    def _selected(self) -> WatchStatus | None:
        rows = {index.row() for index in self.table.selectedIndexes()}
        number = rows.pop() if len(rows) == 1 else -1
        return self._statuses[number] if 0 <= number < len(self._statuses) else None

    def _on_read(self, _none: None, found: WatchesRead) -> None:
        chosen = self._selected()
        self._statuses, self._strips = found.statuses, found.strips
        now_ms = time.time_ns() // 1_000_000
        fill_table(self.table, columns(), self._rows(found, now_ms), _WIDEST)
        happened = (_("When"), _("Event"), _("Detail"))
        fill_table(self.timeline, happened, [event_row(one) for one in found.events])
        names = [one.watch.name for one in found.statuses]
        if chosen is not None and chosen.watch.name in names:
            self.table.selectRow(names.index(chosen.watch.name))
        self._show_headline(found)
        self._show_buttons()

    def _rows(self, found: WatchesRead, now_ms: int) -> list[ResultRow]:
        return [
            status_row(
                one, now_ms, found.strips.get(one.watch.name), is_evaluated=found.is_evaluated
            )
            for one in found.statuses
        ]

    def _strip_of(self, row: int) -> WatchStrip | None:
        if not 0 <= row < len(self._statuses):
            return None
        return self._strips.get(self._statuses[row].watch.name)

    def _on_edit(self) -> None:
        chosen = self._selected()
        if chosen is not None:
            self.edit_wanted.emit(chosen.watch.name)

    def _show_headline(self, found: WatchesRead) -> None:
        firing = [one for one in found.statuses if one.fires]
        unknown = sum(one.state == "unknown" for one in found.statuses)
        if found.problems:
            self.headline.say(
                Severity.BAD,
                _("watches.toml has a mistake"),
                found.problems[0],
                _("Correct the file; it is left as it is, and the last good rules stay in force."),
            )
        elif firing:
            count = len(firing)
            word = ngettext("{count} watch is firing", "{count} watches are firing", count)
            detail = labelled(firing[0].watch.name, firing[0].detail)
            self.headline.say(Severity.BAD, word.format(count=count), detail)
        elif not found.statuses:
            self.headline.say(
                Severity.NOTE,
                _("Nothing is watched"),
                _("PortView notifies you when a port stops responding or something new listens."),
                _("Choose “New watch…”, or “Watch…” in the menu of a socket."),
            )
        else:
            text = ngettext("{count} watch.", "{count} watches.", len(found.statuses))
            detail = text.format(count=len(found.statuses))
            if unknown:
                more = ngettext("{count} unknown.", "{count} unknown.", unknown)
                detail = f"{detail} {more.format(count=unknown)}"
            severity = Severity.NOTE if unknown else Severity.GOOD
            self.headline.say(severity, _("Nothing fires"), detail)

    def _on_failed(self, error: Exception) -> None:
        message, hint = describe_failure(error)
        self.headline.say(Severity.BAD, _("The watches can't be read"), message, hint)

    @Slot()
    def _show_buttons(self) -> None:
        chosen = self._selected()
        self.why_button.setEnabled(chosen is not None and chosen.watch.port is not None)
        self.acknowledge_button.setEnabled(
            chosen is not None and chosen.fires and not chosen.is_acknowledged
        )
        self.silence_button.setEnabled(chosen is not None)
        self.remove_button.setEnabled(chosen is not None)
        self.edit_button.setEnabled(chosen is not None)
        has_baseline = chosen is not None and chosen.watch.expect == "no_new_listeners"
        self.accept_button.setEnabled(has_baseline)

    def _on_why(self) -> None:
        chosen = self._selected()
        if chosen is not None and chosen.watch.port is not None:
            self.why_wanted.emit(chosen.watch.port, chosen.watch.protocol)

    def _on_acknowledge(self) -> None:
        chosen = self._selected()
        if chosen is not None:
            incidents = chosen.incidents
            self._do(lambda store, now_ms: acknowledge(store, incidents, now_ms))

    def _on_silence(self, duration_ms: int) -> None:
        chosen = self._selected()
        if chosen is not None:
            name = chosen.watch.name
            self._do(
                lambda store, now_ms: store.silence(
                    name, now_ms + duration_ms if duration_ms else 0, ""
                )
            )

    def _on_accept(self) -> None:
        chosen = self._selected()
        if chosen is None:
            return
        name = chosen.watch.name

        def accept(store: IncidentStore, now_ms: int) -> None:
            from portview.watch.evaluation.baseline import learned  # noqa: PLC0415 - when wanted
            from portview.watch.evaluation.local_facts import LocalReader  # noqa: PLC0415

            with closing(LocalReader()) as reader:
                found = learned(reader.read(settled=True)) or {}
            store.learn_baseline(name, map(str, found), now_ms)

        self._do(accept)

    def _do(self, change: Callable[[IncidentStore, int], None]) -> None:
        def work(_work: object) -> None:
            with closing(IncidentStore.open()) as store, store.transaction():
                change(store, time.time_ns() // 1_000_000)

        self._change.start(work, lambda _done: self.refresh(), self._show_failure)

    def _on_remove(self) -> None:
        chosen = self._selected()
        if chosen is None:
            return
        name = chosen.watch.name
        box = QMessageBox(self)
        box.setWindowTitle(_("Remove watch"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(_("Remove the watch {name} from watches.toml?").format(name=name))
        if chosen.fires:
            box.setInformativeText(_("It is firing: its incident ends with it."))
        remove = box.addButton(_("&Remove"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(
            lambda _code: self.remove(name) if box.clickedButton() is remove else None
        )
        box.open()

    def remove(self, name: str) -> None:
        """Remove a watch from the file, its comments stay."""

        def work(_work: object) -> None:
            from portview.watch.rules.edit import remove_watch  # noqa: PLC0415 - when wanted

            remove_watch(rules_path(), name)

        self._change.start(work, lambda _done: self.refresh(), self._show_failure)

    def _show_failure(self, error: Exception) -> None:
        self.notified.emit(join_sentences(*describe_failure(error)))
        self.refresh()


def fill_table(
    table: ResultTable, titles: tuple[str, ...], rows: list[ResultRow], widest: int = 260
) -> None:
    """Show rows in place of those before, where any cell differs."""
    shown = getattr(table, "shown_rows", None)
    if shown == rows:
        return
    table.shown_rows = rows  # type: ignore[attr-defined]
    at = table.verticalScrollBar().value()
    table.begin(titles)
    for row in rows:
        table.append(row)
    table.fit(widest)
    table.verticalScrollBar().setValue(at)


def acknowledge(
    store: IncidentStore, incidents: tuple[str, ...], now_ms: int, note: str = ""
) -> None:
    """Keep that incidents were seen, with a note, inside the caller's transaction."""
    for incident in incidents:
        store.acknowledge(incident, now_ms, note)
        known = store.incident(incident)
        if known is not None:
            store.add_event(now_ms, "acknowledged", known.watch, known.port, incident, note)
