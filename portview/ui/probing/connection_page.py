"""Test connection: the steps as they come, and the sentence at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout

from portview.domain.owners.owners import describe_owner
from portview.domain.plain_text import inert
from portview.domain.severity import Severity
from portview.engine.latest_task import LatestTask
from portview.i18n import _
from portview.override import override
from portview.ui.probing.connection_plan import (
    ConnectionPlan,
    firewall_question,
    plan_test,
    run_test,
)
from portview.ui.probing.probe_results import STEP_COLUMNS
from portview.ui.probing.tool_page import ToolPage
from portview.ui.widgets.result import DisplayedResult, ResultRow
from portview.ui.widgets.result_view import ResultView
from portview.ui.widgets.tool_window import describe_failure
from portview.ui.widgets.wrapped_label import mute, wrapped_label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketRow
    from portview.engine.task_runner import TaskRunner, Work
    from portview.settings import Settings
    from portview.ui.probing.connection_plan import AskFirewall
    from portview.ui.probing.row_targets import RowTargets

_LONGEST_NAME = 60


class ConnectionPage(ToolPage):
    """Tests what a row stands for; ``read_rows`` is called on a pool thread, for fresh sockets.

    A row that is chosen in the table is offered to be tested; nothing is sent before.
    """

    def __init__(
        self,
        runner: TaskRunner,
        settings: Settings,
        read_rows: Callable[[], Sequence[SocketRow]],
        check_firewall: AskFirewall | None = None,
    ) -> None:
        super().__init__("test", settings)
        self._task = LatestTask(runner)
        self._read_rows = read_rows
        self._ask_firewall = check_firewall
        self._entry: SocketEntry | None = None
        self._is_offered = False
        self._result: DisplayedResult | None = None
        self._title = ""
        self.explanation = wrapped_label(_("What is tested"))
        self.view = ResultView()
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self.bar.setAccessibleName(_("Test under way"))
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.again_button = self.button(_("Run &again"), self.run_again)
        self.default_button = self.again_button
        self.starts_at = self.again_button
        self.cancel_button = self.button(_("&Cancel"), self.stop)
        self.copy_button = self.button(_("Cop&y as text"), self._copy)
        self.json_button = self.button(_("Copy as &JSON"), self._copy_json)
        self._compose()
        self.view.begin(_("Nothing tested yet"), _("Choose a socket and test its connection."))
        self._show_state()

    @property
    def title(self) -> str:
        """Return what was tested last; empty before the first test."""
        return self._title

    @property
    def result(self) -> DisplayedResult | None:
        """Return the result, None before its end."""
        return self._result

    @override
    def fill(self, targets: RowTargets) -> None:
        if self._task.is_running:
            return
        entry = targets.entry
        if self._entry is not None and self._entry.row.key == entry.row.key:
            return
        self._entry = entry
        self._is_offered = True
        self._result = None
        row = entry.row
        self._title = _("{protocol} port {port} ({owner})").format(
            protocol=row.protocol.upper(),
            port=row.local.port,
            owner=inert(describe_owner(row, entry.info), _LONGEST_NAME),
        )
        self.explanation.setText("")
        self.view.begin(
            _("Ready to test {title}").format(title=self._title),
            _("Press Enter to see who can reach it, step by step."),
        )
        self._show_state()

    def test(self, entry: SocketEntry) -> None:
        """Test a row, in place of a test that runs."""
        self._entry = entry
        self.run_again()

    def run_again(self) -> None:
        """Test the same row once more."""
        entry = self._entry
        if entry is None:
            return
        self._result = None
        self._is_offered = False
        self.explanation.setText("")
        self.view.begin(
            _(_("Testing…")),
            _("Reading the sockets of this machine."),
            tuple(map(_, STEP_COLUMNS)),
        )

        def work(work: Work[DisplayedResult]) -> DisplayedResult:
            rows = self._read_rows()
            work.token.raise_if_cancelled()
            plan = plan_test(entry.row, rows)
            work.report(plan)
            ask = firewall_question(plan, rows, self._ask_firewall, entry)
            return run_test(plan, rows, ask, work.token, work.report)

        self._task.start(work, self._on_done, self._on_failed, self._on_progress)
        self._show_state()

    @override
    def stop(self) -> bool:
        was_running = self._task.cancel()
        if was_running:
            self.view.headline.say(Severity.NOTE, _("Cancelled"), _("The test did not finish."))
            self._show_state()
        return was_running

    def _compose(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_button)
        buttons.addWidget(self.json_button)
        buttons.addStretch()
        buttons.addWidget(self.close_button)
        asking = QHBoxLayout()
        asking.addWidget(self.explanation, 1)
        asking.addWidget(self.cancel_button)
        asking.addWidget(self.again_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(asking)
        layout.addWidget(self.bar)
        layout.addWidget(self.view, 1)
        layout.addLayout(buttons)

    def _on_progress(self, news: ConnectionPlan | ResultRow) -> None:
        if isinstance(news, ResultRow):
            self.view.add_row(news)
            self.view.headline.say(Severity.NOTE, _("Testing…"), news.cells[-1])
            return
        owner = ""
        if self._entry is not None:
            owner = inert(describe_owner(self._entry.row, self._entry.info), _LONGEST_NAME)
        self._title = f"{news.title} ({owner})"
        self.explanation.setText(f"{self._title}. {news.explanation}")
        mute(self.explanation)
        self.view.headline.say(Severity.NOTE, _("Testing…"), news.title)

    def _on_done(self, result: DisplayedResult) -> None:
        self._result = result
        self.view.show_result(result)
        self._show_state()

    def _on_failed(self, error: Exception) -> None:
        self._result = DisplayedResult(Severity.BAD, _("Could not test"), *describe_failure(error))
        self.view.headline.say(
            Severity.BAD, self._result.word, self._result.detail, self._result.hint
        )
        self._show_state()

    def _copy(self) -> None:
        if self._result is not None:
            title = _("Test of {title}").format(title=self._title)
            self.copy(self._result.as_text(title), _("the result as text"))

    def _copy_json(self) -> None:
        if self._result is not None:
            self.copy_document(self._result.as_document(self._title))

    def _show_state(self) -> None:
        is_running = self._task.is_running
        self.bar.setVisible(is_running)
        self.cancel_button.setEnabled(is_running)
        self.again_button.setEnabled(self._entry is not None and not is_running)
        self.again_button.setText(_("&Test") if self._is_offered else _("Run &again"))
        self.copy_button.setEnabled(self._result is not None)
        self.json_button.setEnabled(self._result is not None)
