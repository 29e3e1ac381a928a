"""Adds or changes a watch: what it would find right now is shown before it is written."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from portview.domain.severity import Severity
from portview.engine.latest_task import LatestTask
from portview.i18n import _, join_list
from portview.ui.watching.watch_fields import WatchFields
from portview.ui.widgets.result_view import Headline
from portview.ui.widgets.tool_window import describe_failure
from portview.ui.widgets.wrapped_label import wrapped_label
from portview.watch.evaluation.evaluator import Evaluator
from portview.watch.evaluation.local_facts import LocalReader
from portview.watch.incidents.machine import Evaluation
from portview.watch.rules.edit import add_watch, change_watch, read_watch_values, watch_text
from portview.watch.rules.file import read_rules, rules_path
from portview.watch.rules.model import Expectation
from portview.watch.rules.parse import parse_rules

if TYPE_CHECKING:
    from PySide6.QtWidgets import QSpinBox

    from portview.domain.cancellation import CancelToken
    from portview.engine.task_runner import TaskRunner
    from portview.watch.evaluation.observation import Observation

_WIDTH = 500
_TYPING_MS = 300
_BELOW = 160
"""Room for the preview and the buttons."""

_NOT_EVALUATED = ("depends_on", "repair", "maintenance", "baseline")
"""Keys without which a watch finds the same."""


@dataclass(frozen=True, slots=True)
class WatchSuggestion:
    """What a row suggests to watch."""

    port: int = 8080
    protocol: str = "tcp"
    program: str = ""


class WatchDialog(QDialog):
    """Asks what to watch. ``written`` carries the watch's name, after it was written.

    ``existing`` names a watch of the file that is to be changed; its keys that the form does not
    show stay as they are. Raises PortViewError where the file can't be read.
    """

    written = Signal(str)

    def __init__(
        self,
        suggestion: WatchSuggestion,
        runner: TaskRunner,
        parent: QWidget | None = None,
        *,
        existing: str = "",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Edit watch") if existing else _("New watch"))
        self.setMinimumWidth(_WIDTH)
        self._existing = existing
        self._kept = read_watch_values(rules_path(), existing) if existing else {}
        self._preview = LatestTask(runner)
        self._writing = LatestTask(runner)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._look)
        protocol = str(self._kept.get("protocol", suggestion.protocol))
        if self._kept.get("expect") == Expectation.UDP:
            protocol = "udp"
        channels = [one.name for one in read_rules(rules_path()).rules.channels]
        self.fields = WatchFields(protocol, channels)
        self._suggested_program = suggestion.program
        if existing:
            self.fields.show_values(self._kept)
        else:
            self.name_field.setText(_suggested_name(suggestion))
            self.port_field.setValue(suggestion.port)
        self._shown = self.fields.changes() if existing else {}
        self.headline = Headline()
        self._compose()
        self.fields.changed.connect(self._on_changed)
        self._look()

    @property
    def name_field(self) -> QLineEdit:
        """Return the field of the name."""
        return self.fields.name_field

    @property
    def port_field(self) -> QSpinBox:
        """Return the field of the port."""
        return self.fields.port_field

    @property
    def expect_box(self) -> QComboBox:
        """Return the choice of what is expected."""
        return self.fields.expect_box

    @property
    def program_field(self) -> QLineEdit:
        """Return the field of the program."""
        return self.fields.program_field

    def values(self) -> dict[str, Any]:
        """Return the keys of the watch as the file has them."""
        return self.fields.values()

    def _changes(self) -> dict[str, Any]:
        """Return the keys that differ from what was there; what was not touched stays."""
        return {
            key: value
            for key, value in self.fields.changes().items()
            if key not in self._shown or self._shown[key] != value
        }

    def _compose(self) -> None:
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.add_button = self.buttons.addButton(
            _("&Save") if self._existing else _("&Add watch"),
            QDialogButtonBox.ButtonRole.AcceptRole,
        )
        cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        cancel.setAutoDefault(False)
        self.add_button.setDefault(True)
        self.buttons.accepted.connect(self._on_add)
        self.buttons.rejected.connect(self.reject)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(self.fields)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the fields in it take the keys
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        bar = area.verticalScrollBar().sizeHint().width()
        area.setMinimumWidth(self.fields.sizeHint().width() + bar)
        area.setMinimumHeight(140)
        layout = QVBoxLayout(self)
        layout.addWidget(area, 1)
        if kept := sorted(self._kept.keys() - self.fields.changes().keys()):
            label = wrapped_label(_("Other settings"))
            text = _("What watches.toml says besides stays as it is: {keys}.")
            label.setText(text.format(keys=join_list(kept)))
            layout.addWidget(label)
        layout.addWidget(self.headline)
        layout.addWidget(self.buttons)
        self.finished.connect(self._on_finished)
        self._fit()

    def _fit(self) -> None:
        """Be as high as the form, where the screen has room for that."""
        room = self.screen().availableGeometry().height() * 0.9
        self.resize(_WIDTH, round(min(room, self.fields.sizeHint().height() + _BELOW)))

    @Slot()
    def _on_changed(self) -> None:
        is_held = self.fields.kind is Expectation.HELD_BY
        if is_held and not self.program_field.text() and self._suggested_program:
            self.program_field.setText(self._suggested_program)
        self.headline.say(Severity.NOTE, _("Current state"), _("Checking…"))
        self._typing.start()

    @Slot()
    def _look(self) -> None:
        """Evaluate what is typed once, off this thread."""
        values = {**self._kept, **self._changes(), "name": "preview", "notify": ["desktop"]}
        for key in _NOT_EVALUATED:
            values.pop(key, None)
        text = watch_text({key: value for key, value in values.items() if value is not None})
        parsed = parse_rules(text.encode())
        if parsed.problems:
            self._preview.cancel()
            self.headline.say(Severity.BAD, _("Not complete"), parsed.problems[0].message)
            return
        watch = parsed.rules.watches[0]
        self.headline.say(Severity.NOTE, _("Current state"), _("Checking…"))
        if watch.expect is Expectation.NO_NEW_LISTENERS:
            self.headline.say(
                Severity.NOTE,
                _("It learns first"),
                _("What listens at the first check is taken as known."),
            )
            return

        def work(task: Any) -> Observation:
            token: CancelToken = task.token
            with closing(LocalReader()) as reader, closing(Evaluator()) as evaluator:
                return evaluator.evaluate(watch, reader.read(settled=True), token)

        self._preview.start(work, self._show_preview, self._show_no_preview)

    def _show_preview(self, found: Observation) -> None:
        severity, word = {
            Evaluation.GOOD: (Severity.GOOD, _("Right now it would be OK")),
            Evaluation.BAD: (Severity.BAD, _("Right now it would fire")),
            Evaluation.UNREADABLE: (Severity.NOTE, _("Its current state is unknown")),
        }[found.evaluation]
        self.headline.say(severity, word, found.detail)

    def _show_no_preview(self, error: Exception) -> None:
        message, hint = describe_failure(error)
        self.headline.say(Severity.NOTE, _("Its current state is unknown"), message, hint)

    def _show_failure(self, error: Exception) -> None:
        message, hint = describe_failure(error)
        self.headline.say(Severity.BAD, _("The watch was not written"), message, hint)
        self.add_button.setEnabled(True)

    @Slot()
    def _on_add(self) -> None:
        name, existing = self.values()["name"], self._existing
        values, changes = self.values(), self._changes()
        # What the writing says stays, whatever a preview that was begun before would say.
        self._typing.stop()
        self._preview.cancel()
        self.add_button.setEnabled(False)

        def work(_work: object) -> None:
            if existing:
                change_watch(rules_path(), existing, changes)
            else:
                add_watch(rules_path(), values)

        def done(_result: object) -> None:
            self.written.emit(name)
            self.accept()

        self._writing.start(work, done, self._show_failure)

    @Slot()
    def _on_finished(self) -> None:
        self._typing.stop()
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
