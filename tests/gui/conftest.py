"""Qt tests: timers and single shots that a test leaves running fail it."""

from __future__ import annotations

import gc
import subprocess
import sys
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer

from portview import app
from portview.domain.owners.http_sys import HttpPortUse
from portview.domain.sockets.port_names import PortNames
from portview.domain.sockets.socket_row import Endpoint, Protocol, SocketRow, State
from portview.domain.table.cells import CellContext
from portview.engine.execution_feed import ExecutionFeed
from portview.engine.firewall_feed import FirewallFeed
from portview.engine.task_runner import TaskRunner
from portview.engine.traffic_feed import TrafficFeed
from portview.models.socket_table_model import SocketTableModel
from portview.readers.choose import open_reader
from portview.readers.host_names import HostNames
from portview.readers.process_details import OwnerDetailsReader
from portview.readers.recognition.background import ProgramIdentities
from portview.settings import Settings, settings_path
from portview.ui.table.data_sources import DataSources, FirewallSources
from portview.ui.table.socket_views import SocketViews
from portview.ui.window.table_with_details import TableWithDetails
from tests.factories import row
from tests.fakes.data_sources import FakeResolver, FakeServices, FakeTraffic
from tests.fakes.firewall import FakeFirewall
from tests.fakes.firewall_readings import CountedFirewall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.domain.owners.process import Execution, ProcessKey
    from portview.domain.owners.process_details import OwnerDetails, OwnerQuestion
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import SocketKey
    from portview.readers.snapshots import SnapshotReader


class SingleShots:
    """Stand in for ``QTimer.singleShot``, which starts no timer that anybody can ask for."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[QObject | None, str]] = {}
        self._shoot = QTimer.singleShot

    def start(self, interval_ms: int, *arguments: Any) -> None:
        *before, slot = arguments
        if not callable(slot):  # a receiver and the name of its slot
            self._shoot(interval_ms, *arguments)
            return
        number = len(self._waiting)
        owners = [*before, getattr(slot, "__self__", None)]
        # Qt forgets a shot whose receiver is gone; a function alone has none.
        receiver = next((one for one in owners if isinstance(one, QObject)), None)
        self._waiting[number] = (receiver, f"{slot} in {interval_ms} ms")

        def shot() -> None:
            self._waiting[number] = (None, "")
            slot()

        context = [receiver] if receiver is not None else []
        # A kind of timer before the slot is left out: how exact it is does not matter.
        self._shoot(interval_ms, *context, shot)

    def waiting(self) -> list[str]:
        """Return the shots that are still to come."""
        return [
            text
            for receiver, text in self._waiting.values()
            if text and (receiver is None or shiboken6.isValid(receiver))
        ]


@pytest.fixture(autouse=True)
def collected_on_this_thread() -> Iterator[None]:
    """Let no pool thread collect garbage with objects of Qt's in it (see ``UiThreadCollector``)."""
    gc.disable()
    yield
    gc.collect(1)
    gc.enable()


@pytest.fixture(autouse=True)
def no_running_timers(monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> Iterator[None]:
    """Fail a test whose timers still run, or whose windows are still open, when it ends."""
    started: list[QTimer] = []
    start = QTimer.start

    def recording_start(timer: QTimer, *arguments: Any) -> None:
        started.append(timer)
        start(timer, *arguments)

    monkeypatch.setattr(QTimer, "start", recording_start)
    shots = SingleShots()
    monkeypatch.setattr(QTimer, "singleShot", shots.start)
    yield
    waiting = shots.waiting()
    assert not waiting, f"single shots left waiting: {waiting}"
    running = {timer for timer in started if shiboken6.isValid(timer) and timer.isActive()}
    assert not running, f"timers left running, of {[timer.parent() for timer in running]}"
    open_windows = [window for window in qapp.topLevelWidgets() if window.isVisible()]
    assert not open_windows, f"windows left open: {open_windows}"


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[TaskRunner]:
    """Give a TaskRunner that is shut down after the test."""
    task_runner = TaskRunner()
    yield task_runner
    task_runner.shut_down()


@pytest.fixture
def open_window(tmp_path: Path, qtbot: QtBot) -> Iterator[Callable[..., RunningWindow]]:
    """Give a function that opens a real window on this machine's sockets; all are closed."""
    opened: list[tuple[RunningWindow, SnapshotReader]] = []

    def open_one(settings: Settings | None = None, reader: Any = None) -> RunningWindow:
        reader = reader or open_reader()
        settings = settings or Settings(tmp_path / "config" / "settings.json")
        made = app.open_window(reader, settings)
        made.poller.set_interval(500)
        opened.append((made, reader))
        made.window.show()
        qtbot.waitExposed(made.window)
        return made

    yield open_one
    for made, reader in opened:
        made.window.close()
        made.close()
        reader.close()
        made.window.deleteLater()


class DetailsBench:
    """A table with its details, over snapshots that a test makes up and what it can look up."""

    def __init__(self, qtbot: QtBot, runner: TaskRunner) -> None:
        self.qtbot = qtbot
        self.traffic = FakeTraffic()
        self.resolver = FakeResolver({})
        # Two readings may follow each other faster than a system's clock ticks.
        ticks = count()
        self.feed = TrafficFeed(self.traffic, runner, clock=lambda: next(ticks) / 50)
        self.hosts = HostNames(self.resolver)
        self.standing: dict[ProcessKey, Execution] = {}
        self.owners_asked: list[tuple[ProcessKey, ...]] = []
        self.executions = ExecutionFeed(self.read_standing, runner)
        self.firewall = CountedFirewall()
        self.verdicts = FirewallFeed(self.firewall, runner)
        firewall = FirewallSources(
            self.verdicts, self.firewall, FakeFirewall, self.firewall.read_drops
        )
        self.asked: list[OwnerQuestion] = []
        self.answer = OwnerDetailsReader(FakeServices).read
        self.now_ms = 1_000_000
        self.http_asked: list[int] = []
        self.http_answer = HttpPortUse
        self.origin = ""
        data_sources = DataSources(
            self.describe,
            self.feed,
            self.executions,
            firewall,
            self.hosts,
            ProgramIdentities(),
            self.read_owner,
            self.read_http_use,
            lambda _key: self.origin,
        )
        self.model = SocketTableModel(self.describe, PortNames({}))
        self.views = SocketViews(self.model)
        self.table = self.views.table
        self.columns = self.views.columns
        self.columns.reset()
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(4, Qt.SortOrder.AscendingOrder)
        self.details = TableWithDetails(self.views, self.model, data_sources, runner)
        self.details.resize(1000, 600)
        pages = self.details.pane.pages
        self.owner, self.connections, self.page, self.firewall_page, self.history = pages

    def describe(self) -> CellContext:
        return CellContext(
            self.now_ms,
            hosts=self.hosts.known(),
            rates=self.feed.rates,
            totals=self.feed.totals,
            traffic_hint=self.feed.hint,
            firewall=self.verdicts.answers,
            firewall_hint=self.verdicts.hint,
            standing=self.executions.standing,
        )

    def read_standing(self, asked: tuple[ProcessKey, ...]) -> dict[ProcessKey, Execution]:
        self.owners_asked.append(asked)
        return {key: how for key, how in self.standing.items() if key in asked}

    def read_owner(self, question: OwnerQuestion) -> OwnerDetails:
        self.asked.append(question)
        return self.answer(question)

    def read_http_use(self, port: int) -> HttpPortUse:
        self.http_asked.append(port)
        return self.http_answer(port)

    def show(self, snapshot: Snapshot) -> None:
        """Take a snapshot as the window does with every tick."""
        self.model.show_snapshot(snapshot)
        self.model.catch_up()
        self.details.show_snapshot(snapshot)

    def choose(self, key: SocketKey) -> None:
        assert self.table.select_key(key)

    def fact(self, name: str) -> str:
        """Return what the owner page shows of a fact, empty where the fact is hidden."""
        field = self.owner.facts._fields[name]
        return "" if field.isHidden() else field.toPlainText()


@pytest.fixture
def bench(qtbot: QtBot, runner: TaskRunner) -> Iterator[DetailsBench]:
    """Give a table with its details, shown and open."""
    made = DetailsBench(qtbot, runner)
    made.details.show()
    qtbot.waitExposed(made.details)
    yield made
    made.resolver.gate.set()
    made.details.remember(Settings(settings_path()))
    made.details.close()
    made.table.gestures._reading.stop()
    made.owner.sockets.table.gestures._reading.stop()
    runner.shut_down()
    made.hosts.close()
    made.details.deleteLater()


@pytest.fixture
def child_listener() -> Iterator[Callable[[], tuple[subprocess.Popen[str], int]]]:
    """Give a function that starts a process listening on a loopback port of its own choice."""
    children: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], int]:
        child = subprocess.Popen(
            [sys.executable, "-c", _LISTEN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        assert child.stdout is not None
        return child, int(child.stdout.readline())

    yield start
    for child in children:
        child.communicate()  # its standard input ends, and with it the child


_LISTEN = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


def open_row(
    port: int,
    state: State | None = State.LISTEN,
    protocol: Protocol = Protocol.TCP,
    address: str = "0.0.0.0",  # noqa: S104 - data
) -> SocketRow:
    """Return a row that listens on all addresses."""
    here = row(port, state, protocol)
    return here._replace(key=here.key._replace(local=Endpoint(address, port)))


@pytest.fixture
def listening() -> Callable[..., SocketRow]:
    """Give a way to write a row down."""
    return open_row
