"""The acts of asking ports, for the main window: one line each in its menus."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple, cast

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QMainWindow

from portview.domain.owners.owners import describe_owner
from portview.domain.sockets.socket_row import Protocol, State
from portview.i18n import _, join_list
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
    from portview.ui.probing.connection_page import ConnectionPage
    from portview.ui.probing.pick_page import PickPage
    from portview.ui.probing.probe_page import ProbePage
    from portview.ui.probing.scan_page import ScanPage
    from portview.ui.probing.tool_page import ToolPage
    from portview.ui.probing.waits import Waits
    from portview.ui.probing.workspace import TestTab, TestWorkspace


def _nothing() -> None:
    return None


ACTION_NAMES = ("test_window", "probe", "scan", "pick")


class ProbingSources(NamedTuple):
    """Where the tools get what they ask this machine for.

    ``read_rows`` reads the sockets again and ``firewall`` is asked for its verdict, both on a pool
    thread; ``all_entries`` are the table's own, and ``chosen`` the row that is chosen there alone,
    both on the UI thread.
    """

    read_rows: Callable[[], Sequence[SocketRow]]
    all_entries: Callable[[], Collection[SocketEntry]]
    port_names: PortNames
    firewall: FirewallReader | None = None
    chosen: Callable[[], SocketEntry | None] = _nothing


class ProbingTools(QObject):
    """Makes the window and its tabs when they are first wanted.

    ``notified`` carries messages for the status bar, ``waits_made`` hands over the button of what
    waits, for the same place.

    Their modules are loaded then, too: HTTP and certificates alone would make the start of
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
        self._is_made = False
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
    def test_window(self) -> TestWorkspace:
        """Return the window whose tabs are the ways to test."""
        from portview.ui.probing.workspace import TestWorkspace  # noqa: PLC0415 - likewise

        window = TestWorkspace(self._settings, self._make_page, self._window)
        window.notified.connect(self.notified)
        self._is_made = True
        return window

    @property
    def probe_page(self) -> ProbePage:
        """Return the tab that asks one port."""
        from portview.ui.probing.workspace import TestTab  # noqa: PLC0415 - likewise

        return cast("ProbePage", self.test_window.page(TestTab.PROBE))

    @property
    def scan_page(self) -> ScanPage:
        """Return the tab that scans."""
        from portview.ui.probing.workspace import TestTab  # noqa: PLC0415 - likewise

        return cast("ScanPage", self.test_window.page(TestTab.SCAN))

    @property
    def pick_page(self) -> PickPage:
        """Return the tab that finds free ports."""
        from portview.ui.probing.workspace import TestTab  # noqa: PLC0415 - likewise

        return cast("PickPage", self.test_window.page(TestTab.PICK))

    @property
    def connection_page(self) -> ConnectionPage:
        """Return the tab that tests a row's connection."""
        from portview.ui.probing.workspace import TestTab  # noqa: PLC0415 - likewise

        return cast("ConnectionPage", self.test_window.page(TestTab.CONNECTION))

    def add_actions(self, acts: WindowActions) -> None:
        """Add what can be asked without a row; ``ACTION_NAMES`` are for the Tools menu."""
        acts.add(
            "test_window",
            ActionSpec(_("&Test…"), ("Ctrl+Shift+T",), _("Connection, probe, scan and free ports")),
            self.show_test,
        )
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

    def show_test(self) -> None:
        """Show the Test window with the tab that was shown last."""
        self._open(None)

    def show_probe(self) -> None:
        """Show the tab that asks one port."""
        from portview.ui.probing.workspace import TestTab  # noqa: PLC0415 - likewise

        self._open(TestTab.PROBE)

    def show_scan(self) -> None:
        """Show the tab that scans."""
        from portview.ui.probing.workspace import TestTab  # noqa: PLC0415 - likewise

        self._open(TestTab.SCAN)

    def show_pick(self) -> None:
        """Show the tab that finds free ports."""
        from portview.ui.probing.workspace import TestTab  # noqa: PLC0415 - likewise

        self._open(TestTab.PICK)

    def test(self, entry: SocketEntry) -> None:
        """Test the connection that a row stands for."""
        from portview.ui.probing.workspace import TestTab  # noqa: PLC0415 - likewise

        self._choose(entry)
        self.test_window.show_tab(TestTab.CONNECTION)
        self.connection_page.test(entry)

    def find_free_port(self, near: int, protocol: Protocol = Protocol.TCP) -> None:
        """Look for a free port near one that is in use."""
        from portview.ui.probing.workspace import TestTab  # noqa: PLC0415 - likewise

        self.test_window.show_tab(TestTab.PICK)
        self.pick_page.find_near(near, protocol)

    def close(self) -> None:
        """Stop everything and hide the window; it remembers what was typed."""
        if self._waits is not None:
            self._waits.stop_all()
        if self._is_made:
            self.test_window.stop()
            self.test_window.remember()
            self.test_window.hide()

    def _make_page(self, tab: TestTab) -> ToolPage:
        from portview.ui.probing.workspace import TestTab  # noqa: PLC0415 - likewise

        if tab is TestTab.PROBE:
            return self._make_probe_page()
        if tab is TestTab.SCAN:
            return self._make_scan_page()
        if tab is TestTab.CONNECTION:
            return self._make_connection_page()
        from portview.ui.probing.pick_page import PickPage  # noqa: PLC0415 - likewise

        return PickPage(self._runner, self._settings)

    def _make_probe_page(self) -> ProbePage:
        from portview.ui.probing.probe_page import ProbePage  # noqa: PLC0415 - likewise

        page = ProbePage(self._runner, self._settings)
        page.wait_wanted.connect(self.waits.add)
        return page

    def _make_scan_page(self) -> ScanPage:
        from portview.ui.probing.scan_page import ScanPage  # noqa: PLC0415 - likewise

        page = ScanPage(
            self._runner,
            self._settings,
            self._sources.port_names,
            read_rows=self._sources.read_rows,
            owners=self._listening_owners,
        )
        page.probe_wanted.connect(self._on_probe_wanted)
        return page

    def _make_connection_page(self) -> ConnectionPage:
        from portview.ui.probing.connection_page import ConnectionPage  # noqa: PLC0415 - likewise

        firewall = self._sources.firewall
        ask = None
        if firewall is not None:
            from portview.actions.firewall_rules.ladder_check import check_firewall  # noqa: PLC0415 - likewise

            ask = partial(check_firewall, firewall)
        return ConnectionPage(self._runner, self._settings, self._sources.read_rows, ask)

    def _open(self, tab: TestTab | None) -> None:
        self._choose(self._sources.chosen())
        self.test_window.open(tab)

    def _choose(self, entry: SocketEntry | None) -> None:
        from portview.ui.probing.row_targets import targets_of  # noqa: PLC0415 - likewise

        self.test_window.choose_row(
            None if entry is None else targets_of(entry, self._sources.all_entries())
        )

    def _listening_owners(self) -> dict[int, str]:
        names: dict[int, list[str]] = {}
        for entry in self._sources.all_entries():
            row = entry.row
            if row.protocol is Protocol.TCP and row.state is State.LISTEN:
                name = describe_owner(row, entry.info)
                if name not in names.setdefault(row.local.port, []):
                    names[row.local.port].append(name)
        return {port: join_list(several) for port, several in names.items()}

    def _on_probe_wanted(self, target: Target) -> None:
        from portview.ui.probing.probe_question import ProbeKind  # noqa: PLC0415 - likewise

        self.probe_page.open_for(ProbeKind.TCP, str(target))
        self.probe_page.ask()

    def _on_wait_ended(self, sentence: str) -> None:
        self.notified.emit(sentence)
        QApplication.alert(self._window)
