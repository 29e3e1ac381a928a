"""Adds a watch in two clicks: what it would find right now is shown before it is added."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from portview.domain.severity import Severity
from portview.i18n import _
from portview.ui.widgets.latest_task import LatestTask
from portview.ui.widgets.result_view import Headline
from portview.ui.widgets.tool_window import describe_failure
from portview.watch.evaluation.evaluator import Evaluator
from portview.watch.evaluation.local_facts import LocalReader
from portview.watch.incidents.machine import Evaluation
from portview.watch.rules.edit import add_watch, watch_text
from portview.watch.rules.file import read_rules, rules_path
from portview.watch.rules.parse import parse_rules

if TYPE_CHECKING:
    from portview.domain.cancellation import CancelToken
    from portview.engine.task_runner import TaskRunner
    from portview.watch.evaluation.observation import Observation

_WIDTH = 460


@dataclass(frozen=True, slots=True)
class WatchSuggestion:
    """What a row suggests to watch."""

    port: int = 8080
    protocol: str = "tcp"
    program: str = ""


class AddWatchDialog(QDialog):
    """Asks what to watch. ``added`` carries the watch's name, after it was written."""

    added = Signal(str)

    def __init__(
        self, suggestion: WatchSuggestion, runner: TaskRunner, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("New watch"))
        self.setMinimumWidth(_WIDTH)
        self._protocol = suggestion.protocol
        self._preview = LatestTask(runner)
        self._writing = LatestTask(runner)
        self.name_field = QLineEdit(_suggested_name(suggestion))
        self.name_field.setMaxLength(100)
        self.port_field = QSpinBox()
        self.port_field.setRange(1, 65_535)
        self.port_field.setValue(suggestion.port)
        self.expect_box = QComboBox()
        self._fill_expectations(suggestion)
        self._suggested_program = suggestion.program
        self.program_field = QLineEdit()
        self.program_field.setPlaceholderText(_("any program"))
        self.interval_box = QComboBox()
        for text, value in (
            (_("10 seconds"), "10s"), (_("30 seconds"), "30s"), (_("1 minute"), "1m"),
            (_("5 minutes"), "5m"),
        ):  # fmt: skip
            self.interval_box.addItem(text, value)
        self.interval_box.setCurrentIndex(1)
        self.channels = [QCheckBox(name) for name in ("desktop", *_channel_names())]
        self.channels[0].setChecked(True)
        self.headline = Headline()
        self._compose()
        for changed in (
            self.port_field.valueChanged,
            self.expect_box.currentIndexChanged,
            self.program_field.textChanged,
        ):
            changed.connect(self._look)
        self._look()

    def _fill_expectations(self, suggestion: WatchSuggestion) -> None:
        self.expect_box.addItem(_("a program listens on it"), "listening")
        if self._protocol == "tcp":
            self.expect_box.addItem(_("it answers when a client connects"), "tcp")
            self.expect_box.addItem(_("a web page comes from it"), "http")
            self.expect_box.addItem(_("its certificate is valid for 14 more days"), "tls")
        if suggestion.program:
            self.expect_box.addItem(_("no other program takes it"), "held_by")
        self.expect_box.addItem(_("it stays closed to other machines"), "not_exposed")
        self.expect_box.addItem(_("it is in no excluded range"), "not_reserved")
        self.expect_box.addItem(_("no process holds it"), "free")

    def _compose(self) -> None:
        form = QFormLayout()
        form.addRow(_("&Name"), self.name_field)
        form.addRow(_("&Port"), self.port_field)
        form.addRow(_("&Expect that"), self.expect_box)
        form.addRow(_("P&rogram"), self.program_field)
        form.addRow(_("Check e&very"), self.interval_box)
        for number, box in enumerate(self.channels):
            form.addRow(_("Notify") if number == 0 else "", box)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.add_button = self.buttons.addButton(
            _("&Add watch"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        cancel.setAutoDefault(False)
        self.add_button.setDefault(True)
        self.buttons.accepted.connect(self._on_add)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.headline)
        layout.addWidget(self.buttons)
        self.finished.connect(self._on_finished)

    def values(self) -> dict[str, Any]:
        """Return the keys of the watch as the file has them."""
        expect = str(self.expect_box.currentData())
        values: dict[str, Any] = {
            "name": self.name_field.text().strip(),
            "expect": expect,
            "port": self.port_field.value(),
        }
        if self._protocol != "tcp":
            values["protocol"] = self._protocol
        program = self.program_field.text().strip()
        if program and expect in {"held_by", "listening"}:
            values["program"] = program
        values["interval"] = str(self.interval_box.currentData())
        values["notify"] = [box.text() for box in self.channels if box.isChecked()]
        return values

    @Slot()
    def _look(self) -> None:
        """Evaluate what is typed once, off this thread."""
        # Whether a program is asked for shows at once.
        if self.expect_box.currentData() == "held_by" and not self.program_field.text():
            self.program_field.setText(self._suggested_program)
        has_program = self.expect_box.currentData() in {"held_by", "listening"}
        self.program_field.setEnabled(has_program)
        text = watch_text({**self.values(), "name": "preview", "notify": ["desktop"]})
        parsed = parse_rules(text.encode())
        if parsed.problems:
            self.headline.say(Severity.BAD, _("Not complete"), parsed.problems[0].message)
            return
        watch = parsed.rules.watches[0]
        self.headline.say(Severity.NOTE, _("Current state"), _("Checking…"))

        def work(task: Any) -> Observation:
            token: CancelToken = task.token
            with closing(LocalReader()) as reader, closing(Evaluator()) as evaluator:
                return evaluator.evaluate(watch, reader.read(settled=True), token)

        self._preview.start(work, self._show_preview, self._show_failure)

    def _show_preview(self, found: Observation) -> None:
        severity, word = {
            Evaluation.GOOD: (Severity.GOOD, _("Right now it would be OK")),
            Evaluation.BAD: (Severity.BAD, _("Right now it would fire")),
            Evaluation.UNREADABLE: (Severity.NOTE, _("Its current state is unknown")),
        }[found.evaluation]
        self.headline.say(severity, word, found.detail)

    def _show_failure(self, error: Exception) -> None:
        message, hint = describe_failure(error)
        self.headline.say(Severity.BAD, _("The watch was not added"), message, hint)
        self.add_button.setEnabled(True)

    @Slot()
    def _on_add(self) -> None:
        values = self.values()
        self.add_button.setEnabled(False)

        def done(_result: object) -> None:
            self.added.emit(values["name"])
            self.accept()

        self._writing.start(lambda _work: add_watch(rules_path(), values), done, self._show_failure)

    @Slot()
    def _on_finished(self) -> None:
        self._preview.cancel()
        self._writing.cancel()


def _suggested_name(suggestion: WatchSuggestion) -> str:
    taken = {one.name for one in read_rules(rules_path()).rules.watches}
    stem = suggestion.program or _("port")
    name = f"{stem} {suggestion.port}"
    number = 2
    while name in taken:
        name = f"{stem} {suggestion.port} ({number})"
        number += 1
    return name


def _channel_names() -> list[str]:
    return [one.name for one in read_rules(rules_path()).rules.channels]
