"""The ways to a diagnosis in the main window, and from its fixes to the actions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from portview.domain.sockets.socket_row import Protocol, awaits_clients, is_loopback
from portview.i18n import _
from portview.ui.commands.row_actions import RowAction, Section, Target
from portview.ui.commands.window_actions import ActionSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from PySide6.QtWidgets import QMainWindow

    from portview.actions.confirmation.action import AnyAction
    from portview.diagnosis.remedies import Remediation
    from portview.domain.errors import ActionReport
    from portview.domain.sockets.entry import SocketEntry
    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings
    from portview.ui.commands.row_actions import RowActions
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.diagnosis.diagnosis_window import DiagnosisWindow
    from portview.ui.table.row_selection import RowSelection


class DiagnosisTools(QObject):
    """Makes the window of diagnoses when it is first wanted.

    ``action_wanted`` asks for an action's dialog, ``allow_wanted`` for the firewall's with an entry
    of the table. ``notified`` carries messages for the status bar.
    """

    action_wanted = Signal(object)
    allow_wanted = Signal(object)
    notified = Signal(str)

    def __init__(
        self,
        window: QMainWindow,
        runner: TaskRunner,
        settings: Settings,
        all_entries: Callable[[], Collection[SocketEntry]],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._settings = settings
        self._all_entries = all_entries
        self._is_made = False

    @cached_property
    def diagnosis_window(self) -> DiagnosisWindow:
        """Return the window."""
        from portview.ui.diagnosis.diagnosis_window import DiagnosisWindow  # noqa: PLC0415 - wanted

        window = DiagnosisWindow(self._runner, self._settings, self._window)
        window.notified.connect(self.notified)
        window.fix_wanted.connect(self._on_fix_wanted)
        self._is_made = True
        return window

    def add_actions(self, acts: WindowActions, rows: RowActions) -> None:
        """Add the act on a row, and the window for the Tools menu."""
        acts.add(
            "why",
            ActionSpec(
                _("&Diagnose a port…"),
                ("Ctrl+Shift+Y",),
                _("Find out what is in the way of a port, or what an error means"),
            ),
            self.show_window,
        )
        rows.add(
            RowAction(
                "why_port",
                _("Wh&y?"),
                Section.PORT,
                self._on_row,
                shortcuts=("Ctrl+Y",),
                tip=_("Why this port can't be used by another program, or reached by clients"),
                target=Target.ONE_SOCKET,
                detail=lambda selection: str(selection.first.row.local.port),
            )
        )

    @Slot()
    def show_window(self) -> None:
        """Show the window."""
        self.diagnosis_window.bring_up()

    def ask_about(self, port: int, protocol: Protocol | None = None) -> None:
        """Ask about a port at once."""
        self.diagnosis_window.ask_about(port, protocol or Protocol.TCP)

    def explain(self, text: str) -> None:
        """Explain an error message that somebody pasted."""
        self.diagnosis_window.field.setText(text)
        self.diagnosis_window.bring_up()
        self.diagnosis_window.ask()

    @Slot(object)
    def note_change(self, _report: ActionReport | None = None) -> None:
        """Ask the last question again, because something was changed."""
        if self._is_made:
            self.diagnosis_window.ask_again()

    def close(self) -> None:
        """Stop what runs, and remember the window."""
        if self._is_made:
            self.diagnosis_window.stop()
            self.diagnosis_window.remember()
            self.diagnosis_window.hide()

    def _on_row(self, selection: RowSelection) -> None:
        row = selection.first.row
        self.ask_about(row.local.port, row.protocol)

    @Slot(object)
    def _on_fix_wanted(self, act: Remediation) -> None:
        from portview.diagnosis.remedies import RemediationKind  # noqa: PLC0415 - loaded already

        if act.kind is RemediationKind.ALLOW_IN_FIREWALL:
            entry = self._listening_entry(act.port, act.protocol)
            if entry is None:
                self.notified.emit(_("Nothing listens on that port any more."))
            else:
                self.allow_wanted.emit(entry)
            return
        action = action_of(act)
        if action is not None:
            self.action_wanted.emit(action)

    def _listening_entry(self, port: int, protocol: Protocol) -> SocketEntry | None:
        found = [
            entry
            for entry in self._all_entries()
            if entry.row.local.port == port
            and entry.row.protocol is protocol
            and awaits_clients(entry.row)
        ]
        outside = [entry for entry in found if not is_loopback(entry.row.local.address)]
        return next(iter(outside or found), None)


def action_of(act: Remediation) -> AnyAction | None:
    """Return the action that carries a fix out, None for what is no action of this kind."""
    # Loaded when a fix is wanted: they are a third of what there is to load.
    from portview.actions.confirmation import actions  # noqa: PLC0415
    from portview.actions.confirmation.setting_action import SettingAction  # noqa: PLC0415
    from portview.actions.processes.suspend import SuspendVerb  # noqa: PLC0415
    from portview.diagnosis.remedies import RemediationKind as Kind  # noqa: PLC0415

    action: AnyAction | None = None
    if act.kind is Kind.FREE_PORT:
        action = actions.FreeAction(act.port, act.protocol, act.address)
    elif act.kind is Kind.STOP_SERVICE and act.service:
        action = actions.ServiceAction(act.service, "stop")
    elif act.kind is Kind.END_PROCESS and act.process is not None:
        action = actions.EndAction(act.process)
    elif act.kind is Kind.RESUME_PROCESS and act.process is not None:
        action = actions.SuspendAction(act.process, SuspendVerb.RESUME)
    elif act.kind is Kind.CLOSE_CONNECTION and act.local is not None and act.remote is not None:
        action = actions.CloseAction(act.local, act.remote)
    elif act.kind is Kind.CHANGE_SETTING and act.change is not None:
        action = SettingAction(act.change)
    return action
