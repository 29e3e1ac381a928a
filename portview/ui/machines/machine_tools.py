"""The way to other machines: a question for the name, and one window for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from portview.i18n import _
from portview.ui.commands.window_actions import ActionSpec

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow

    from portview.domain.sockets.port_names import PortNames
    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.machines.machine_window import MachineWindow

MACHINES_ACTION = "machines"
_MOST_REMEMBERED = 20
_KEY = "machines"


class MachineTools(QObject):
    """Keeps the windows of other machines, and remembers their names. UI thread only."""

    notified = Signal(str)

    def __init__(
        self, window: QMainWindow, runner: TaskRunner, settings: Settings, port_names: PortNames
    ) -> None:
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._settings = settings
        self._port_names = port_names
        self.windows: dict[str, MachineWindow] = {}

    def add_actions(self, acts: WindowActions) -> None:
        """Add the way to another machine for the Tools menu."""
        acts.add(
            MACHINES_ACTION,
            ActionSpec(
                _("&Other machine…"),
                ("Ctrl+Shift+M",),
                _("The sockets of another machine, live over ssh"),
            ),
            self.ask,
        )

    @Slot()
    def ask(self) -> None:
        """Ask which machine."""
        from portview.ui.machines.machine_chooser import MachineChooser  # noqa: PLC0415 - wanted

        chooser = MachineChooser(self._remembered(), self._window)
        chooser.chosen.connect(self.show_machine)
        chooser.open()

    @Slot(str)
    def show_machine(self, host: str) -> None:
        """Show a machine's window, the one that is open already where there is one."""
        window = self.windows.get(host)
        if window is None:
            from portview.ui.machines.machine_window import MachineWindow  # noqa: PLC0415 - wanted

            window = MachineWindow(host, self._port_names, self._runner, self._settings)
            window.closed.connect(lambda: self._forget(host))
            self.windows[host] = window
            window.start()
        names = [host, *(one for one in self._remembered() if one != host)]
        self._settings.set(_KEY, names[:_MOST_REMEMBERED])
        window.show()
        window.raise_()
        window.activateWindow()

    def close(self) -> None:
        """Close all windows, and end their connections."""
        for window in list(self.windows.values()):
            window.close()

    def _forget(self, host: str) -> None:
        window = self.windows.pop(host, None)
        if window is not None:
            window.deleteLater()

    def _remembered(self) -> list[str]:
        names = self._settings.get(_KEY, list, [])
        return [one for one in names if isinstance(one, str)][:_MOST_REMEMBERED]
