"""Test connection: the steps as they come, and the sentence at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from portview.domain.owners.owners import describe_owner
from portview.domain.plain_text import inert
from portview.i18n import _
from portview.ui.probing.connection_plan import (
    ConnectionPlan,
    firewall_question,
    plan_test,
    run_test,
)
from portview.ui.probing.probe_results import STEP_COLUMNS
from portview.ui.style.severity import Severity
from portview.ui.widgets.latest_task import LatestTask
from portview.ui.widgets.result import DisplayedResult, ResultRow
from portview.ui.widgets.result_view import ResultView
from portview.ui.widgets.tool_window import describe_failure
from portview.ui.widgets.wrapped_label import mute, wrapped_label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketRow
    from portview.engine.task_runner import TaskRunner, Work
    from portview.ui.probing.connection_plan import AskFirewall

_LONGEST_NAME = 60


class ConnectionCheck(QWidget):
    """Tests what a row stands for; ``read_rows`` is called on a pool thread, for fresh sockets.

    ``notified`` carries short messages for the status bar.
    """

    notified = Signal(str)

    def __init__(
        self,
        runner: TaskRunner,
        read_rows: Callable[[], Sequence[SocketRow]],
        check_firewall: AskFirewall | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._task = LatestTask(runner)
        self._read_rows = read_rows
        self._ask_firewall = check_firewall
        self._entry: SocketEntry | None = None
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
        self.again_button = _button("Run &again", self.run_again)
        self.cancel_button = _button(_("&Cancel"), self.stop)
        self.copy_button = _button(_("Co&py"), self._copy)
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
        self.explanation.setText("")
        self.view.begin(
            _("Testing\u2026"),
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

    def stop(self) -> bool:
        """Call the test off; what was found stays."""
        was_running = self._task.cancel()
        if was_running:
            self.view.headline.say(Severity.NOTE, _("Cancelled"), _("The test did not finish."))
            self._show_state()
        return was_running

    def _compose(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_button)
        buttons.addStretch()
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.again_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.explanation)
        layout.addWidget(self.bar)
        layout.addWidget(self.view, 1)
        layout.addLayout(buttons)

    def _on_progress(self, news: ConnectionPlan | ResultRow) -> None:
        if isinstance(news, ResultRow):
            self.view.add_row(news)
            self.view.headline.say(Severity.NOTE, _("Testing\u2026"), news.cells[-1])
            return
        owner = ""
        if self._entry is not None:
            owner = inert(describe_owner(self._entry.row, self._entry.info), _LONGEST_NAME)
        self._title = f"{news.title} ({owner})"
        self.explanation.setText(f"{self._title}. {news.explanation}")
        mute(self.explanation)
        self.view.headline.say(Severity.NOTE, _("Testing\u2026"), news.title)

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
            QGuiApplication.clipboard().setText(
                self._result.as_text(_("Test of {title}").format(title=self._title))
            )
            self.notified.emit(_("Copied: the result of the test."))

    def _show_state(self) -> None:
        is_running = self._task.is_running
        self.bar.setVisible(is_running)
        self.cancel_button.setEnabled(is_running)
        self.again_button.setEnabled(self._entry is not None and not is_running)
        self.copy_button.setEnabled(self._result is not None)


def _button(text: str, on_clicked: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda _checked=False: on_clicked())
    return button
