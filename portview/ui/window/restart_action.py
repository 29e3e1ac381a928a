"""Restarting PortView as administrator, as an act of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from portview.domain.errors import PortViewError
from portview.engine.task_runner import Pool
from portview.i18n import _, join_sentences
from portview.ui.commands.window_actions import ActionSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMainWindow

    from portview.engine.task_runner import Task, TaskRunner
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.window.carried_view import CarriedView

RESTART_ACTION = "restart_as_administrator"


class RestartAction(QObject):
    """Adds the act, which is off where PortView is elevated already.

    On Windows the system asks, and the new window takes over from this one. Elsewhere the act says
    with which command root sees everything. ``notified`` says in a sentence how it went.
    """

    notified = Signal(str)

    def __init__(
        self,
        acts: WindowActions,
        window: QMainWindow,
        runner: TaskRunner,
        *,
        is_elevated: bool,
        carried: Callable[[], CarriedView],
        restart: Callable[[list[str]], None] | None = None,
    ) -> None:
        """``carried`` returns what the new window goes on with."""
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._restart = restart
        self._carried = carried
        self._task: Task | None = None
        tip = _("Shows the owners that only an administrator can see")
        spec = ActionSpec(_("Restart as a&dministrator"), (), tip)
        self._action = acts.add(RESTART_ACTION, spec, self._on_triggered)
        self._action.setEnabled(not is_elevated)

    @Slot()
    def _on_triggered(self) -> None:
        # Loaded when wanted.
        from portview.actions.elevation import restart  # noqa: PLC0415

        if self._restart is None and not restart.can_restart_as_administrator():
            self._show_command(restart.list_as_root_command())
            return
        if self._task is not None and self._task.is_running:
            return
        work = self._restart or restart.restart_as_administrator
        arguments = self._carried().arguments()
        self._action.setEnabled(False)
        self.notified.emit(_("Waiting for Windows to ask for administrator rights…"))
        self._task = self._runner.run(
            lambda _work: work(arguments),
            pool=Pool.ACTIONS,
            on_done=self._on_started,
            on_failed=self._on_failed,
        )

    @Slot(object)
    def _on_started(self, _result: object) -> None:
        self.notified.emit(_("PortView starts as administrator. This window closes then."))
        self._action.setEnabled(True)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._action.setEnabled(True)
        if not isinstance(error, PortViewError):
            raise error
        self.notified.emit(join_sentences(error.message, error.hint))

    def _show_command(self, command: str) -> None:
        from portview.ui.window.root_command_dialog import RootCommandDialog  # noqa: PLC0415 - when wanted

        RootCommandDialog(command, self._window).open()
