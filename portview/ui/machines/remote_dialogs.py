"""Questions to another machine, each with its name in the title: explain a port, free a port."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from portview.domain.plain_text import inert_lines
from portview.engine.latest_task import LatestTask
from portview.hosts.asking import HostAnswer, as_document, as_text, ask_hosts
from portview.hosts.remote_free import plan_arguments, read_plan, report_lines
from portview.i18n import _
from portview.ui.style.tokens import SPACE_L, SPACE_M
from portview.ui.widgets.plain_label import PlainLabel
from portview.ui.widgets.tool_window import describe_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.engine.task_runner import TaskRunner, Work

_ACT_LIMIT_S = 60.0
_ASK_LIMIT_S = 30.0


class RemoteDialog(QDialog):
    """Asks one machine and shows what it says as plain text. Enter closes, unless it is asked."""

    def __init__(self, title: str, host: str, runner: TaskRunner, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(560, 320)
        self._host = host
        self._task = LatestTask(runner)
        self.headline = PlainLabel(_("Asking {host}…").format(host=host))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(_("Answer"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.rejected.connect(self.reject)
        self.layout_of_parts = QVBoxLayout(self)
        self.layout_of_parts.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        self.layout_of_parts.setSpacing(SPACE_M)
        for part in (self.headline, self.text, self.buttons):
            self.layout_of_parts.addWidget(part)

    def ask(
        self,
        arguments: Sequence[str],
        read: Callable[[HostAnswer], HostAnswer],
        on_answer: Callable[[HostAnswer], None],
        limit_s: float = _ASK_LIMIT_S,
    ) -> None:
        """Have the machine carry out a command; ``on_answer`` gets what it answered."""

        def work(task: Work[HostAnswer]) -> HostAnswer:
            del task
            return next(ask_hosts([self._host], arguments, read, time_limit_s=limit_s))

        self._task.start(work, on_answer, self._on_failed)

    def show_answer(self, headline: str, lines: Sequence[str]) -> None:
        """Show an answer."""
        self.headline.setText(headline)
        self.text.setPlainText("\n".join(lines))

    def show_unknown(self, answer: HostAnswer) -> None:
        """Show why the machine could not be asked."""
        sentence = _("{host}: unknown ({reason})").format(host=self._host, reason=answer.reason)
        self.show_answer(sentence, ())

    def _on_failed(self, error: Exception) -> None:
        message, hint = describe_failure(error)
        self.show_answer(message, (hint,) if hint else ())

    def done(self, result: int) -> None:
        """Forget what was asked."""
        self._task.cancel()
        super().done(result)


class ExplainDialog(RemoteDialog):
    """What is on a port of another machine, and why it can't be used or reached."""

    def __init__(
        self, host: str, port: int, protocol: str, runner: TaskRunner, parent: QWidget
    ) -> None:
        asked = {"port": port, "host": host}
        super().__init__(_("Port {port} on {host}").format(**asked), host, runner, parent)
        self.ask(("why", str(port), "--proto", protocol), as_text, self._on_answer)

    @Slot(object)
    def _on_answer(self, answer: HostAnswer) -> None:
        if not answer.is_known:
            self.show_unknown(answer)
            return
        headline = _("{host} answers:").format(host=self._host)
        self.show_answer(headline, inert_lines(answer.text).splitlines())


class FreeDialog(RemoteDialog):
    """Frees a port of another machine, after it has shown what that machine would do."""

    def __init__(
        self, host: str, port: int, protocol: str, runner: TaskRunner, parent: QWidget
    ) -> None:
        self._port, self._protocol = port, protocol
        self._command: tuple[str, ...] = ()
        title = _("Free port {port} on {host}").format(port=port, host=host)
        super().__init__(title, host, runner, parent)
        self.act_button = self.buttons.addButton(title, QDialogButtonBox.ButtonRole.ActionRole)
        self.act_button.setAutoDefault(False)
        self.act_button.setEnabled(False)
        self.act_button.clicked.connect(self._act)
        # What stops something on another machine is never under Enter.
        close = self.buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setDefault(True)
        close.setFocus()
        read = partial(as_document, key="plan", kind=dict)
        self.ask(plan_arguments(port, protocol), read, self._on_plan)

    @Slot(object)
    def _on_plan(self, answer: HostAnswer) -> None:
        if not answer.is_known:
            self.show_unknown(answer)
            return
        plan = read_plan(answer.document or {}, self._port, self._protocol)
        self._command = plan.command
        self.act_button.setEnabled(bool(plan.command))
        headline = (
            _("{host} would do this to free port {port}:")
            if plan.command
            else _("{host} can't free port {port}, or need not:")
        )
        self.show_answer(headline.format(host=self._host, port=self._port), plan.lines)

    @Slot()
    def _act(self) -> None:
        self.act_button.setEnabled(False)
        self.headline.setText(_("{host} frees port {port}…").format(
            host=self._host, port=self._port
        ))  # fmt: skip
        read = partial(as_document, key="plan", kind=dict)
        self.ask(self._command, read, self._on_report, _ACT_LIMIT_S)

    @Slot(object)
    def _on_report(self, answer: HostAnswer) -> None:
        if not answer.is_known:
            # It may have happened all the same: the table shows how it is.
            self.show_unknown(answer)
            return
        report = (answer.document or {}).get("report")
        headline = _("{host} reports:").format(host=self._host)
        self.show_answer(headline, report_lines(report))
