"""The tools of the main window: made, connected with each other, and closed together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from portview.domain.sockets.socket_row import Protocol
from portview.ui.commands.action_controller import ActionController
from portview.ui.diagnosis.diagnosis_tools import DiagnosisTools
from portview.ui.firewall.firewall_tools import FirewallTools
from portview.ui.history.history_tools import HistoryTools
from portview.ui.machines.machine_tools import MachineTools
from portview.ui.probing.port_actions import add_port_actions
from portview.ui.probing.probing_tools import ProbingSources, ProbingTools
from portview.ui.watching.watch_tools import WatchTools

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QMainWindow

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketRow
    from portview.engine.task_runner import TaskRunner
    from portview.models.socket_table_model import SocketTableModel
    from portview.settings import Settings
    from portview.ui.commands.row_actions import RowActions
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.table.data_sources import DataSources


class WindowTools(QObject):
    """Probing, the firewall, diagnosis, watching, history, and the actions that change the machine.

    What one of them asks of another is connected here; ``notified`` hands on what any of them has
    to say, and ``acted`` says that an action may have changed the machine. UI thread only.
    """

    notified = Signal(str)
    acted = Signal()

    def __init__(
        self,
        window: QMainWindow,
        runner: TaskRunner,
        settings: Settings,
        data_sources: DataSources,
        model: SocketTableModel,
        *,
        read_rows: Callable[[], Sequence[SocketRow]],
        chosen: Callable[[], SocketEntry | None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._executions = data_sources.executions
        sources = ProbingSources(
            read_rows,
            model.all_entries,
            data_sources.describe().port_names,
            data_sources.firewall.shared,
            chosen,
        )
        self.probing = ProbingTools(window, runner, settings, sources)
        self.firewall = FirewallTools(window, runner, settings, data_sources.firewall)
        self.diagnosis = DiagnosisTools(window, runner, settings, model.all_entries)
        self.watching = WatchTools(window, runner, settings)
        self.history = HistoryTools(window, runner, settings)
        port_names = data_sources.describe().port_names
        self.machines = MachineTools(window, runner, settings, port_names)

    def add_actions(self, acts: WindowActions, rows: RowActions) -> None:
        """Add what the tools do about the window's rows, and connect them; call it once."""
        self.actions = ActionController(
            acts, rows, self._runner, self._window, lambda: self._executions.standing
        )
        add_port_actions(rows, self.probing)
        self.diagnosis.add_actions(acts, rows)
        self.firewall.add_actions(acts, rows)
        self.watching.add_actions(acts, rows)
        self.history.add_actions(acts)
        self.machines.add_actions(acts)
        self._connect()

    def close(self) -> None:
        """Close their windows and end what they still do."""
        self.probing.close()
        self.firewall.close()
        self.diagnosis.close()
        self.watching.close()
        self.history.close()
        self.machines.close()

    def _connect(self) -> None:
        firewall, diagnosis, actions = self.firewall, self.diagnosis, self.actions
        for tool in (self.probing, firewall, diagnosis, self.watching, self.history):
            tool.notified.connect(self.notified)
        firewall.action_wanted.connect(actions.start)
        diagnosis.action_wanted.connect(actions.start)
        diagnosis.allow_wanted.connect(firewall.allow)
        actions.watch_wanted.connect(self.watching.watch_port)
        self.watching.why_wanted.connect(
            lambda port, protocol: diagnosis.ask_about(port, Protocol(protocol))
        )
        for changing in (firewall, actions):
            changing.acted.connect(firewall.note_change)
            changing.acted.connect(diagnosis.note_change)
        actions.acted.connect(lambda _report: self.acted.emit())
