"""Why can't a port be used, and why does nobody reach it: asked, answered, and set right."""

from __future__ import annotations

import getpass
import platform
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from portview.diagnosis.answer import diagnose
from portview.diagnosis.asking import parse_question
from portview.diagnosis.collect import collect_facts
from portview.diagnosis.document import answer_document
from portview.diagnosis.remedies import RemediationKind
from portview.diagnosis.report import markdown_report, text_report, without
from portview.diagnosis.verdicts import YesNo
from portview.domain.errors import PortViewError
from portview.domain.severity import Severity
from portview.domain.sockets.socket_row import Protocol
from portview.engine.latest_task import LatestTask
from portview.i18n import _, join_list, join_sentences
from portview.override import override
from portview.ui.diagnosis.evidence_tree import EvidenceTree
from portview.ui.diagnosis.fix_rows import FixList
from portview.ui.widgets.result_view import Headline
from portview.ui.widgets.tool_window import ToolWindow, describe_failure

if TYPE_CHECKING:
    from portview.diagnosis.answer import Answer
    from portview.diagnosis.facts import DiagnosisQuestion, Facts
    from portview.diagnosis.finding import Fix
    from portview.diagnosis.remedies import Remediation
    from portview.engine.task_runner import TaskRunner, Work
    from portview.settings import Settings

_SIZE = (720, 520)
_PATIENCE_S = 1.0
"""Until what there is is shown, while the rest is still read."""


class DiagnosisWindow(ToolWindow):
    """Asks about one port or an error message, and offers the ways out.

    ``fix_wanted`` asks for a ``Remediation`` to be carried out, which asks the person first.
    """

    fix_wanted = Signal(object)

    def __init__(self, runner: TaskRunner, settings: Settings, parent: QWidget) -> None:
        super().__init__("why", _("Why?"), _SIZE, settings, parent)
        self.task = LatestTask(runner)
        self._question: DiagnosisQuestion | None = None
        self._before: Answer | None = None
        self.answer: Answer | None = None
        self.field = QLineEdit()
        self.field.setPlaceholderText(_("A port, or the error message of a program"))
        self.field.setAccessibleName(_("Port or error message"))
        self.field.setClearButtonEnabled(True)
        self.field.returnPressed.connect(self.ask)
        self.protocol = QComboBox()
        self.protocol.addItems([one.upper() for one in Protocol])
        self.protocol.setAccessibleName(_("Protocol"))
        self.headline = Headline()
        self.fixes = FixList()
        self.fixes.wanted.connect(self._on_fix_wanted)
        self.fixes.copied.connect(self._on_command_copied)
        self.evidence = EvidenceTree((_("Finding"), _("What it says")))
        self.checked = EvidenceTree((_("What was checked"), _("What it said")))
        self.tabs = QTabWidget()
        self.tabs.addTab(self.fixes, _("What &helps"))
        self.tabs.addTab(self.evidence, _("&Evidence"))
        self.tabs.addTab(self.checked, _("What was &checked"))
        self.ask_button = self.button(_("&Ask"), self.ask)
        self.cancel_button = self.button(_("Ca&ncel"), self.stop)
        self.copy_button = self.button(_("C&opy"), lambda: None)
        self.without_names = QCheckBox(_("&Leave out names of user and computer"))
        self.starts_at = self.field
        self._fill_copy_menu()
        self._compose()
        self.without_names.setChecked(self.saved_switch("without_names", default=True))
        self.headline.say(
            Severity.NOTE,
            _("Nothing checked yet"),
            _("Type a port, or paste an error message, and press Enter."),
        )
        self._show_state()

    def ask_about(self, port: int, protocol: Protocol = Protocol.TCP) -> None:
        """Ask about a port at once."""
        self.field.setText(str(port))
        self.protocol.setCurrentText(protocol.upper())
        self.bring_up()
        self.ask()

    @Slot()
    def ask(self) -> None:
        """Ask as the fields say."""
        text = self.field.text().strip()
        if not text:
            self.field.setFocus()
            return
        protocol = Protocol(self.protocol.currentText().lower())
        try:
            question = parse_question(text, protocol if text.isdecimal() else None)
        except PortViewError as mistake:
            self.headline.say(
                Severity.BAD, _("Not a valid question"), mistake.message, mistake.hint
            )
            return
        if not question.port and (question.error is None or question.error.error is None):
            self.headline.say(
                Severity.BAD,
                _("No port or error was found"),
                _("Neither a port nor a known error was found in that text."),
                _("Write the port as well, or paste the whole line with the error."),
            )
            return
        self.protocol.setCurrentText(question.protocol.upper())
        self._begin(question, before=None)

    @Slot()
    def ask_again(self) -> None:
        """Ask the same again after something was changed, and say what is different."""
        if self._question is not None and self.isVisible():
            self._begin(self._question, before=self.answer)

    @override
    def stop(self) -> bool:
        was_running = self.task.cancel()
        if was_running:
            self.headline.say(Severity.NOTE, _("Cancelled"), "")
            self._show_state()
        return was_running

    @override
    def remember(self) -> None:
        super().remember()
        self.save("without_names", self.without_names.isChecked())

    def _begin(self, question: DiagnosisQuestion, before: Answer | None) -> None:
        self._question, self._before = question, before
        name = question.name if question.port else _("The error")
        self.headline.say(Severity.NOTE, name, _("Checking…"))

        def work(work: Work[Facts]) -> Facts:
            return collect_facts(
                question, cancel=work.token, patience_s=_PATIENCE_S, report=work.report
            )

        self.task.start(work, self._on_facts, self._on_failed, self._on_partial)
        self._show_state()

    def _on_partial(self, facts: Facts) -> None:
        """Show what there is while a slow source is still read."""
        self._show_answer(diagnose(facts))

    def _on_facts(self, facts: Facts) -> None:
        self._show_answer(diagnose(facts))
        self._show_state()

    def _show_answer(self, answer: Answer) -> None:
        self.answer = answer
        fixes = {fix.sentence: fix for one in answer.causes for fix in one.fixes}
        self.headline.say(_severity(answer), _title(answer), answer.sentence, self._difference())
        self.fixes.show_fixes(list(fixes.values()))
        self.evidence.show_findings(answer)
        self.checked.show_readings(answer.facts)
        self.tabs.setTabText(0, _("What &helps ({count})").format(count=len(fixes)))
        self.tabs.setCurrentIndex(0 if fixes else 1)
        self._show_state()

    def _difference(self) -> str:
        """Return what is different from the answer before, "" where nothing was asked before."""
        if self._before is None or self.answer is None:
            return ""
        before = {one.code for one in self._before.causes}
        now = {one.code for one in self.answer.causes}
        gone, new = sorted(before - now), sorted(now - before)
        parts = []
        if gone:
            parts.append(_("No longer: {causes}.").format(causes=join_list(gone)))
        if new:
            parts.append(_("New: {causes}.").format(causes=join_list(new)))
        return join_sentences(*parts) or _("Nothing has changed.")

    def _on_failed(self, error: Exception) -> None:
        message, hint = describe_failure(error)
        self.headline.say(Severity.BAD, _("It could not be determined"), message, hint)
        self._show_state()

    @Slot(object)
    def _on_fix_wanted(self, fix: Fix) -> None:
        act: Remediation | None = fix.remediation
        if act is None:
            return
        if act.kind is RemediationKind.PICK_PORT:
            self.copy(str(act.port), _("port {port}").format(port=act.port))
        else:
            self.fix_wanted.emit(act)

    @Slot(str)
    def _on_command_copied(self, command: str) -> None:
        self.copy(command, _("the command"))

    def _fill_copy_menu(self) -> None:
        menu = QMenu(self.copy_button)
        menu.addAction(_("As &text"), self._copy_text)
        menu.addAction(_("As &Markdown"), self._copy_markdown)
        menu.addAction(_("As &JSON"), self._copy_json)
        self.copy_button.setMenu(menu)

    def _hidden(self) -> tuple[str, ...]:
        if not self.without_names.isChecked():
            return ()
        try:
            user = getpass.getuser()
        except (KeyError, OSError, ImportError):
            user = ""
        return (user, platform.node())

    def _copy_text(self) -> None:
        if self.answer is not None:
            text = "\n".join(text_report(self.answer)) + "\n"
            self.copy(without(text, self._hidden()), _("the answer as text"))

    def _copy_markdown(self) -> None:
        if self.answer is not None:
            text = markdown_report(self.answer, hidden=self._hidden())
            self.copy(text, _("the answer as Markdown"))

    def _copy_json(self) -> None:
        if self.answer is not None:
            self.copy_document(answer_document(self.answer))

    def _compose(self) -> None:
        top = QHBoxLayout()
        label = QLabel(_("&Port or error:"))
        label.setBuddy(self.field)
        top.addWidget(label)
        top.addWidget(self.field, 1)
        top.addWidget(self.protocol)
        top.addWidget(self.ask_button)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_button)
        buttons.addWidget(self.without_names)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.headline)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(buttons)

    def _show_state(self) -> None:
        is_running = self.task.is_running
        self.cancel_button.setEnabled(is_running)
        self.copy_button.setEnabled(self.answer is not None and not is_running)
        self.setCursor(Qt.CursorShape.BusyCursor if is_running else Qt.CursorShape.ArrowCursor)


def _title(answer: Answer) -> str:
    name = answer.facts.question.name
    if not answer.facts.port:
        return _("What the error means")
    if answer.can_bind is YesNo.YES and not answer.facts.listeners:
        return _("{port} is free").format(port=name)
    if answer.facts.listeners:
        return _("{port} is in use").format(port=name)
    if answer.can_bind is YesNo.UNKNOWN:
        return _("{port}: not known").format(port=name)
    return _("{port} can't be used").format(port=name)


def _severity(answer: Answer) -> Severity:
    if answer.can_bind is YesNo.UNKNOWN:
        return Severity.NOTE
    return Severity.BAD if answer.outcome else Severity.GOOD
