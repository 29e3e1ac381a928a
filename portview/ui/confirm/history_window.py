"""What PortView did on this machine, and the way back where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from portview.actions.confirmation.actions import ServiceAction, SuspendAction
from portview.actions.confirmation.history import read_records
from portview.actions.confirmation.setting_action import SettingAction
from portview.actions.port_settings.change import describe_change
from portview.actions.processes.restart import start_again, why_not_again
from portview.actions.processes.suspend import SuspendVerb
from portview.actions.specs.setting import SettingChange, parse_change
from portview.domain.errors import PortViewError
from portview.domain.local_time import local_moment
from portview.domain.plain_text import inert
from portview.engine.task_runner import Pool
from portview.i18n import _, join_sentences
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.confirm.confirmation_view import plain_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.actions.confirmation.history import ActionRecord
    from portview.actions.processes.stopped import StoppedProcess
    from portview.domain.errors import ActionReport
    from portview.engine.task_runner import TaskRunner

T = TypeVar("T")

_FIRST_SIZE = (860, 420)
_WHEN, _WHAT, _RESULT = range(3)
_NUMBER_ROLE = Qt.ItemDataRole.UserRole


class HistoryWindow(QDialog):
    """Lists the record, the newest first, and under each action what it stopped.

    A stopped process can be started again from here; for a service and for what was suspended
    ``action_requested`` is emitted, since that is asked about in a dialog like every other change.
    """

    action_requested = Signal(object)

    def __init__(self, runner: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Actions"))
        self.resize(*_FIRST_SIZE)
        self._runner = runner
        self._is_over = False
        self._stopped: list[StoppedProcess | SettingChange | str] = []
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels([_("When"), _("Done"), _("Result")])
        self.tree.setUniformRowHeights(True)
        self.tree.setAccessibleName(_("Actions that were carried out"))
        self.tree.header().setSectionResizeMode(_WHEN, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().resizeSection(_WHAT, _FIRST_SIZE[0] // 3)
        self.tree.currentItemChanged.connect(self._on_current)
        self.note = plain_label(_("Choose what was stopped, to start it again."))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.rejected.connect(self.reject)
        self.again_button = self.buttons.addButton(
            _("Start &again"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.again_button.setAutoDefault(False)
        self.again_button.setEnabled(False)
        self.again_button.clicked.connect(self._on_again)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.note)
        layout.addWidget(self.buttons)
        self._run(read_records, self._show)

    @override
    def done(self, result: int) -> None:
        self._is_over = True
        super().done(result)

    def _run(self, work: Callable[[], T], on_done: Callable[[T], None]) -> None:
        """Work on the pool for actions; a list that was closed meanwhile is left in peace."""

        def if_open(receive: Callable[[Any], None]) -> Callable[[Any], None]:
            return lambda value: None if self._is_over else receive(value)

        self._runner.run(
            lambda _work: work(),
            pool=Pool.ACTIONS,
            on_done=if_open(on_done),
            on_failed=if_open(self._on_failed),
        )

    @Slot(object)
    def _show(self, records: tuple[ActionRecord, ...]) -> None:
        for record in records:
            item = self._item(local_moment(record.at_ms), record.asked, record.now)
            self.tree.addTopLevelItem(item)
            for process in record.processes:
                name = _("{value} (PID {pid})").format(
                    value=inert(process.name or "process", 80), pid=process.pid
                )
                child = self._item("", name, process.ending.replace("_", " "))
                self._add_stopped(item, child, process)
            for service in record.stopped_services:
                child = self._item("", _("service {service}").format(service=service), "stopped")
                self._add_stopped(item, child, service)
            change = _undo_of(record)
            if change is not None:
                child = self._item("", describe_change(change), _("undoes it"))
                self._add_stopped(item, child, change)
            item.setExpanded(True)
        if not records:
            self.note.setText(_("No actions so far."))

    def _add_stopped(
        self,
        action: QTreeWidgetItem,
        item: QTreeWidgetItem,
        stopped: StoppedProcess | SettingChange | str,
    ) -> None:
        item.setData(_WHEN, _NUMBER_ROLE, len(self._stopped))
        self._stopped.append(stopped)
        action.addChild(item)

    @staticmethod
    def _item(when: str, what: str, result: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem([when, inert(what), inert(result)])
        item.setToolTip(_WHAT, plain_tooltip(inert(what)))
        item.setToolTip(_RESULT, plain_tooltip(inert(result)))
        return item

    @Slot()
    def _on_current(self) -> None:
        stopped = self._current()
        if isinstance(stopped, SettingChange):
            self._offer(_("&Undo…"), is_possible=True)
            return
        process = None if isinstance(stopped, str) else stopped
        if process is not None and _can_be_resumed(process):
            # Whether it is still suspended is looked at when it is asked about.
            self._offer("&Resume ...", is_possible=True)
            return
        reason = why_not_again(process) if process else None
        self._offer("Start &again", is_possible=stopped is not None and reason is None)
        self.note.setText(
            _("It can't be started again. {reason}").format(reason=reason) if reason else ""
        )

    def _offer(self, text: str, *, is_possible: bool) -> None:
        self.again_button.setText(text)
        self.again_button.setEnabled(is_possible)
        self.note.setText("")

    def _current(self) -> StoppedProcess | SettingChange | str | None:
        item = self.tree.currentItem()
        number = item.data(_WHEN, _NUMBER_ROLE) if item is not None else None
        return None if number is None else self._stopped[number]

    @Slot()
    def _on_again(self) -> None:
        stopped = self._current()
        if isinstance(stopped, SettingChange):
            self.action_requested.emit(SettingAction(stopped))
            return
        if isinstance(stopped, str):
            self.action_requested.emit(ServiceAction(stopped, "start"))
            return
        if stopped is None:
            return
        if _can_be_resumed(stopped):
            self.action_requested.emit(SuspendAction(stopped.key, SuspendVerb.RESUME))
            return
        self.again_button.setEnabled(False)
        self.note.setText(_("Starting…"))
        self._run(lambda: start_again(stopped), self._on_started)

    @Slot(object)
    def _on_started(self, report: ActionReport) -> None:
        self.note.setText(join_sentences(report.now, report.next_step))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if not isinstance(error, PortViewError):
            raise error
        self.note.setText(join_sentences(error.message, error.hint))


def _can_be_resumed(process: StoppedProcess) -> bool:
    return process.ending == SuspendVerb.SUSPEND.participle


def _undo_of(record: ActionRecord) -> SettingChange | None:
    """Return the change that undoes one of a setting; None for a record that can't be read."""
    try:
        return parse_change(record.undo_setting) if record.undo_setting else None
    except PortViewError:
        return None
