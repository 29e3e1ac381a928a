"""Ask any port in any way, read the answer, and be reported when it changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import strftime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from portview.domain.plain_text import inert
from portview.domain.severity import Severity
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.parsing import format_duration, parse_duration_ms
from portview.engine.latest_task import LatestTask
from portview.i18n import _
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.probes.bind_places import ANY_IPV4
from portview.probes.wait import answers, is_free, serves
from portview.ui.probing.probe_form import ProbeForm
from portview.ui.probing.probe_question import ProbeKind, document_of, tcp_target_of
from portview.ui.probing.probe_results import result_of
from portview.ui.probing.tool_page import ToolPage
from portview.ui.style.severity_style import severity_icon
from portview.ui.style.tokens import SPACE_XS
from portview.ui.widgets.result import DisplayedResult
from portview.ui.widgets.result_view import ResultView
from portview.ui.widgets.tool_window import describe_failure
from portview.ui.widgets.validated_field import MistakeLine, ValidatedField

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.verdicts import Progress
    from portview.engine.task_runner import TaskRunner, Work
    from portview.probes.wait import WaitCondition
    from portview.settings import Settings
    from portview.ui.probing.probe_question import AnyReport, ProbeQuestion
    from portview.ui.probing.row_targets import RowTargets

_KEPT_RESULTS = 30
_LONGEST_TITLE = 80
_DEFAULT_WAIT_MS = 600_000


@dataclass(frozen=True, slots=True)
class _Result:
    title: str
    result: DisplayedResult
    report: AnyReport | None


class ProbePage(ToolPage):
    """Asks one question at a time and keeps the last answers.

    ``wait_wanted`` reports a WaitCondition and for how many milliseconds it is to be waited for.
    """

    wait_wanted = Signal(object, int)

    def __init__(self, runner: TaskRunner, settings: Settings) -> None:
        super().__init__("probe", settings)
        self._task = LatestTask(runner)
        self._results: list[_Result] = []
        self.form = ProbeForm()
        self.view = ResultView()
        self.history = QListWidget()
        self.history.setAccessibleName(_("Last results"))
        self.history.setWordWrap(True)
        self.history.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.history.currentRowChanged.connect(self._on_result_chosen)
        self.ask_button = self.button(_("&Ask"), self.ask)
        self.default_button = self.ask_button
        self.cancel_button = self.button(_("&Cancel"), self.stop)
        self.copy_button = self.button(_("Cop&y as text"), self._copy_text)
        self.json_button = self.button(_("Copy as &JSON"), self._copy_json)
        self.condition = QComboBox()
        self.condition.setAccessibleName(_("Alert me when"))
        self.limit: ValidatedField[int] = ValidatedField(
            _("Wait for at most"), parse_duration_ms, default=_DEFAULT_WAIT_MS
        )
        self.limit.setPlaceholderText(format_duration(_DEFAULT_WAIT_MS))
        self.limit.setFixedWidth(70)
        self.wait_button = self.button(
            _("&Wait"),
            self._ask_to_wait,
            _("Keeps running in the background; the status bar shows it"),
        )
        self.starts_at = self.form.target
        self._compose()
        self.form.kind_changed.connect(self._on_kind_changed)
        kinds = [kind.value for kind in ProbeKind]
        kind = self.saved_text("kind", ProbeKind.TCP)
        self.form.choose(
            ProbeKind(kind) if kind in kinds else ProbeKind.TCP, self.saved_text("target", "")
        )
        self._on_kind_changed()
        self._show_state()
        self.view.begin(_("Nothing checked yet"), _("Type a target and press Enter."))

    @override
    def fill(self, targets: RowTargets) -> None:
        kind = self.form.kind
        if targets.protocol is Protocol.UDP:
            kind = ProbeKind.UDP if kind is not ProbeKind.BIND else kind
        elif kind is ProbeKind.UDP or (kind is ProbeKind.HTTP and not targets.url):
            kind = ProbeKind.TCP
        target = {ProbeKind.HTTP: targets.url, ProbeKind.BIND: targets.place}
        self.form.choose(kind, target.get(kind, targets.endpoint), targets.protocol)

    def open_for(self, kind: ProbeKind, target: str) -> None:
        """Show the page with a kind and a target filled in."""
        self.form.choose(kind, target)
        self.bring_up()
        self.form.target.setFocus()

    def ask(self) -> None:
        """Ask what the form says."""
        question = self.form.question()
        if question is None:
            return
        self.view.begin(_("Checking…"), str(question))
        self.history.setCurrentRow(-1)

        def work(work: Work[AnyReport]) -> AnyReport:
            return question.ask(work.token, work.report)

        self._task.start(
            work,
            partial(self._on_answered, question),
            partial(self._on_failed, question),
            self._on_progress,
        )
        self._show_state()

    @override
    def stop(self) -> bool:
        was_running = self._task.cancel()
        if was_running:
            self.view.begin(_("Cancelled"), _("Nothing more is sent."))
            self._show_state()
        return was_running

    @override
    def remember(self) -> None:
        self.save("kind", self.form.kind.value)
        self.save("target", self.form.target.text())

    def _compose(self) -> None:
        self.form.target_row.addWidget(self.cancel_button)
        self.form.target_row.addWidget(self.ask_button)
        last = QLabel(_("&History"))
        last.setBuddy(self.history)
        past = QWidget()
        past_layout = QVBoxLayout(past)
        past_layout.setContentsMargins(0, 0, 0, 0)
        past_layout.setSpacing(SPACE_XS)
        past_layout.addWidget(last)
        past_layout.addWidget(self.history, 1)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.addWidget(past)
        parts.addWidget(self.view)
        parts.setStretchFactor(1, 1)
        parts.setSizes([190, 630])
        waiting = QHBoxLayout()
        notify = QLabel(_("A&lert me when"))
        notify.setBuddy(self.condition)
        limit = QLabel(_("wait at m&ost"))
        limit.setBuddy(self.limit)
        for widget in (notify, self.condition, limit, self.limit, self.wait_button):
            waiting.addWidget(widget)
        waiting.addStretch()
        end = QHBoxLayout()
        end.addWidget(self.copy_button)
        end.addWidget(self.json_button)
        end.addStretch()
        end.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.form)
        layout.addWidget(parts, 1)
        layout.addWidget(MistakeLine(self.limit))
        layout.addLayout(waiting)
        layout.addLayout(end)

    @Slot()
    def _on_kind_changed(self) -> None:
        kind = self.form.kind
        self.condition.clear()
        if kind is ProbeKind.HTTP:
            self.condition.addItem(_("it answers as expected"), serves)
        if kind is not ProbeKind.UDP:
            self.condition.addItem(_("it accepts connections"), answers)
            self.condition.addItem(_("it is free"), is_free)
        if kind is ProbeKind.BIND:
            self.condition.setCurrentIndex(1)
        is_possible = bool(self.condition.count())
        self.wait_button.setEnabled(is_possible)
        self.condition.setEnabled(is_possible)
        why_not = _(
            "PortView can't wait for a UDP port: UDP doesn't reliably signal that something is "
            "listening."
        )
        self.condition.setToolTip("" if is_possible else why_not)

    def _ask_to_wait(self) -> None:
        value, limit_ms = self.form.target.demand(), self.limit.demand()
        if value is None or limit_ms is None:
            return
        self.wait_wanted.emit(self._rule_spec(value), limit_ms)

    def _rule_spec(self, value: Any) -> WaitCondition:
        make: Callable[..., WaitCondition] = self.condition.currentData()
        if make is serves:
            return make(value, self.form.expectation())
        if make is is_free:
            return make(tcp_target_of(value, ANY_IPV4))
        return make(tcp_target_of(value, "127.0.0.1"))

    def _on_progress(self, progress: Progress) -> None:
        text = progress.text
        if progress.total > 1:
            text = _("{text} ({done} of {total})").format(
                text=text, done=progress.done + 1, total=progress.total
            )
        self.view.begin(_("Checking…"), text)

    def _on_answered(self, question: ProbeQuestion, report: AnyReport) -> None:
        self._take(_Result(str(question), result_of(report), report))

    def _on_failed(self, question: ProbeQuestion, error: Exception) -> None:
        message, hint = describe_failure(error)
        self._take(
            _Result(
                str(question),
                DisplayedResult(Severity.BAD, _("Could not check"), message, hint),
                None,
            )
        )

    def _take(self, result: _Result) -> None:
        self._results.insert(0, result)
        item = QListWidgetItem(
            severity_icon(result.result.severity, self.history),
            f"{inert(result.title, _LONGEST_TITLE)}\n{result.result.word}, {strftime('%H:%M:%S')}",
        )
        item.setToolTip(plain_tooltip(f"{result.title}\n{result.result.detail}"))
        self.history.insertItem(0, item)
        if len(self._results) > _KEPT_RESULTS:
            self._results.pop()
            self.history.takeItem(_KEPT_RESULTS)
        self.history.setCurrentRow(0)
        self._show_state()

    @Slot(int)
    def _on_result_chosen(self, number: int) -> None:
        if number >= 0 and not self._task.is_running:
            self.view.show_result(self._results[number].result)
        self._show_state()

    def _chosen(self) -> _Result | None:
        number = self.history.currentRow()
        return self._results[number] if 0 <= number < len(self._results) else None

    def _copy_text(self) -> None:
        if result := self._chosen():
            self.copy(result.result.as_text(result.title), _("the result as text"))

    def _copy_json(self) -> None:
        result = self._chosen()
        if result and result.report:
            self.copy_document(document_of(result.report))

    def _show_state(self) -> None:
        is_running = self._task.is_running
        self.cancel_button.setEnabled(is_running)
        self.ask_button.setText(_("&Ask again") if self._results else _("&Ask"))
        result = self._chosen()
        self.copy_button.setEnabled(result is not None)
        self.json_button.setEnabled(result is not None and result.report is not None)
