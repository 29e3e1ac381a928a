"""The acts of asking ports, for the main window: one line each in its menus."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QMainWindow

from portview.domain.owners.owners import describe_owner
from portview.domain.sockets.socket_row import Protocol, State
from portview.i18n import _
from portview.ui.commands.window_actions import ActionSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.port_names import PortNames
    from portview.domain.sockets.socket_row import SocketRow
    from portview.domain.user_input.targets import Target
    from portview.engine.task_runner import TaskRunner
    from portview.firewall.interface import FirewallReader
    from portview.settings import Settings
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.probing.connection_check_window import ConnectionCheckWindow
    from portview.ui.probing.pick_window import PickWindow
    from portview.ui.probing.probe_window import ProbeWindow
    from portview.ui.probing.scan_window import ScanWindow
    from portview.ui.probing.waits import Waits
    from portview.ui.widgets.tool_window import ToolWindow

ACTION_NAMES = ("probe", "scan", "pick")


class ProbingSources(NamedTuple):
    """Where the tools get what they ask this machine for.

    ``read_rows`` reads the sockets again and ``firewall`` is asked for its verdict, both on a pool
    thread; ``all_entries`` are the table's own, on the UI thread.
    """

    read_rows: Callable[[], Sequence[SocketRow]]
    all_entries: Callable[[], Collection[SocketEntry]]
    port_names: PortNames
    firewall: FirewallReader | None = None


class ProbingTools(QObject):
    """Makes each window when it is first wanted. ``notified`` carries messages for the status bar.

    ``waits_made`` hands over the button of what waits, for the same place.

    The windows' modules are loaded then, too: HTTP and certificates alone would make the start of
    the program a third longer and its memory larger by half.
    """

    notified = Signal(str)
    waits_made = Signal(object)

    def __init__(
        self, window: QMainWindow, runner: TaskRunner, settings: Settings, sources: ProbingSources
    ) -> None:
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._settings = settings
        self._sources = sources
        self._windows: list[ToolWindow] = []
        self._waits: Waits | None = None

    @property
    def waits(self) -> Waits:
        """Return what waits in the background for ports."""
        if self._waits is None:
            from portview.ui.probing.waits import Waits  # noqa: PLC0415 - loaded when wanted

            self._waits = Waits(self._runner)
            self._waits.ended.connect(self._on_wait_ended)
            self.waits_made.emit(self._waits)
        return self._waits

    @cached_property
    def probe_window(self) -> ProbeWindow:
        """Return the window that asks one port."""
        from portview.ui.probing.probe_window import ProbeWindow  # noqa: PLC0415 - likewise

        window = ProbeWindow(self._runner, self._settings, self._window)
        window.wait_wanted.connect(self.waits.add)
        self._take(window)
        return window

    @cached_property
    def scan_window(self) -> ScanWindow:
        """Return the window that scans."""
        from portview.ui.probing.scan_window import ScanWindow  # noqa: PLC0415 - likewise

        window = ScanWindow(
            self._runner,
            self._settings,
            self._sources.port_names,
            self._window,
            read_rows=self._sources.read_rows,
            owners=self._listening_owners,
        )
        window.probe_wanted.connect(self._on_probe_wanted)
        self._take(window)
        return window

    @cached_property
    def pick_window(self) -> PickWindow:
        """Return the window that finds free ports."""
        from portview.ui.probing.pick_window import PickWindow  # noqa: PLC0415 - likewise

        window = PickWindow(self._runner, self._settings, self._window)
        self._take(window)
        return window

    @cached_property
    def test_window(self) -> ConnectionCheckWindow:
        """Return the window that tests a row's connection."""
        from portview.ui.probing.connection_check import ConnectionCheck  # noqa: PLC0415 - likewise
        from portview.ui.probing.connection_check_window import ConnectionCheckWindow  # noqa: PLC0415 - likewise

        firewall = self._sources.firewall
        ask = None
        if firewall is not None:
            from portview.actions.firewall_rules.ladder_check import check_firewall  # noqa: PLC0415 - likewise

            ask = partial(check_firewall, firewall)
        test = ConnectionCheck(self._runner, self._sources.read_rows, ask)
        window = ConnectionCheckWindow(test, self._settings, self._window)
        self._take(window)
        return window

    def add_actions(self, acts: WindowActions) -> None:
        """Add what can be asked without a row; ``ACTION_NAMES`` are for the Tools menu."""
        acts.add(
            "probe",
            ActionSpec(
                _("&Probe a port…"), ("Ctrl+P",), _("Ask one port by TCP, UDP, HTTP or TLS")
            ),
            self.show_probe,
        )
        acts.add(
            "scan",
            ActionSpec(_("&Scan ports…"), ("Ctrl+Alt+P",), _("Find the open ports of a host")),
            self.show_scan,
        )
        acts.add(
            "pick",
            ActionSpec(
                _("&Find a free port…"), ("Ctrl+Shift+N",), _("Ports that can be taken now")
            ),
            self.show_pick,
        )

    def show_probe(self) -> None:
        """Show the window that asks one port."""
        self.probe_window.bring_up()

    def show_scan(self) -> None:
        """Show the window that scans."""
        self.scan_window.bring_up()

    def show_pick(self) -> None:
        """Show the window that finds free ports."""
        self.pick_window.bring_up()

    def test(self, entry: SocketEntry) -> None:
        """Test the connection that a row stands for."""
        self.test_window.bring_up()
        self.test_window.test.test(entry)

    def find_free_port(self, near: int, protocol: Protocol = Protocol.TCP) -> None:
        """Look for a free port near one that is in use."""
        self.pick_window.find_near(near, protocol)

    def close(self) -> None:
        """Stop everything and hide the windows; they remember what was typed."""
        if self._waits is not None:
            self._waits.stop_all()
        for window in self._windows:
            window.stop()
            window.remember()
            window.hide()

    def _take(self, window: ToolWindow) -> None:
        window.notified.connect(self.notified)
        self._windows.append(window)

    def _listening_owners(self) -> dict[int, str]:
        names: dict[int, list[str]] = {}
        for entry in self._sources.all_entries():
            row = entry.row
            if row.protocol is Protocol.TCP and row.state is State.LISTEN:
                name = describe_owner(row, entry.info)
                if name not in names.setdefault(row.local.port, []):
                    names[row.local.port].append(name)
        return {port: ", ".join(several) for port, several in names.items()}

    def _on_probe_wanted(self, target: Target) -> None:
        from portview.ui.probing.probe_question import ProbeKind  # noqa: PLC0415 - likewise

        self.probe_window.open_for(ProbeKind.TCP, str(target))
        self.probe_window.ask()

    def _on_wait_ended(self, sentence: str) -> None:
        self.notified.emit(sentence)
        QApplication.alert(self._window)
