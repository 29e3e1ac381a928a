"""A whole window on a machine that the test writes down, tick by tick."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.port_names import read_port_names
from portview.domain.sockets.snapshot import Snapshot
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    OwnerProblem,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.domain.table.cells import CellContext
from portview.engine.execution_feed import ExecutionFeed
from portview.engine.firewall_feed import FirewallFeed
from portview.engine.poller import Poller
from portview.engine.traffic_feed import TrafficFeed
from portview.readers.host_names import HostNames
from portview.readers.process_details import OwnerDetailsReader
from portview.readers.recognition.background import ProgramIdentities
from portview.resources import resource_path
from portview.settings import Settings
from portview.ui.environment import WindowEnvironment
from portview.ui.table.data_sources import DataSources, FirewallSources
from portview.ui.window.main_window import MainWindow
from tests.fakes.data_sources import FakeResolver, FakeServices, FakeTraffic
from tests.fakes.firewall import FakeFirewall
from tests.fakes.firewall_readings import CountedFirewall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import TaskRunner

NODE = ProcessInfo(
    ProcessKey(1234, 50),
    name="node",
    executable="/opt/node/bin/node",
    command_line=("node", "server.js"),
    user="ann",
    parent_pid=100,
)
SHELL = ProcessInfo(
    ProcessKey(100, 10), name="<b>sh & co</b>", executable="/bin/sh", user="ann", parent_pid=1
)
DNS = ProcessInfo(ProcessKey(53, 5), name="dnsmasq", user="root")


def socket(
    port: int,
    owner: ProcessInfo | None = NODE,
    state: State | None = State.LISTEN,
    *,
    address: str = "127.0.0.1",
    remote: Endpoint | None = None,
    protocol: Protocol = Protocol.TCP,
    problem: OwnerProblem | None = None,
    token: int = 0,
) -> SocketRow:
    """Return a socket row."""
    family = Family.IPV6 if ":" in address else Family.IPV4
    key = SocketKey(
        protocol, family, Endpoint(address, port), remote, owner.key if owner else None, token
    )
    return SocketRow(key, state, owner.pid if owner else None, problem)


PEER = Endpoint("10.0.0.9", 443)
ROWS = (
    socket(8080),
    socket(3000, address="0.0.0.0"),  # noqa: S104 - data
    socket(8443, address="::1"),
    socket(22, SHELL),
    socket(51000, NODE, State.ESTABLISHED, address="10.0.0.1", remote=PEER),
    socket(51001, NODE, State.CLOSE_WAIT, address="10.0.0.1", remote=PEER),
    socket(9000, None, State.TIME_WAIT, address="10.0.0.1", remote=PEER),
    socket(445, None, problem=OwnerProblem.ACCESS_DENIED),
    socket(53, DNS, None, protocol=Protocol.UDP),
)
PROCESSES = {info.key: info for info in (NODE, SHELL, DNS)}


@pytest.fixture
def rows() -> tuple[SocketRow, ...]:
    """Give what the machine has at first."""
    return ROWS


@pytest.fixture
def make_socket() -> Callable[..., SocketRow]:
    """Give a way to write a socket down."""
    return socket


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give settings of the test's own."""
    return Settings(tmp_path / "settings.json")


@pytest.fixture
def poller(runner: TaskRunner) -> Poller:
    """Give a poller that is not started: the test shows what it wants shown."""
    return Poller(Snapshot, runner)


@pytest.fixture
def show(poller: Poller, qapp: QApplication) -> Callable[..., None]:
    """Give a way to let the machine have some rows from now on."""

    def show(*rows: SocketRow, processes: Mapping[ProcessKey, ProcessInfo] = PROCESSES) -> None:
        poller.snapshot_taken.emit(Snapshot(rows, processes, 1_700_000_000_000, "written down"))
        windows = (each for each in qapp.topLevelWidgets() if isinstance(each, MainWindow))
        for window in windows:
            window.model.catch_up()

    return show


@pytest.fixture
def window(
    qtbot: QtBot,
    runner: TaskRunner,
    poller: Poller,
    settings: Settings,
    show: Callable[..., None],
    tmp_path: Path,
) -> Iterator[MainWindow]:
    """Give a shown window on ROWS."""
    names = read_port_names(resource_path("port_names.tsv").read_text(encoding="utf-8"))
    facts = WindowEnvironment(
        "written down", tmp_path / "log", tmp_path / "settings.json", is_elevated=False
    )
    hosts = HostNames(FakeResolver({}))
    firewall = CountedFirewall()
    data_sources = DataSources(
        lambda: CellContext(time.time_ns() // 1_000_000, names),
        TrafficFeed(FakeTraffic(), runner),
        ExecutionFeed(lambda _asked: {}, runner),
        FirewallSources(
            FirewallFeed(firewall, runner), firewall, FakeFirewall, firewall.read_drops
        ),
        hosts,
        ProgramIdentities(),
        OwnerDetailsReader(FakeServices).read,
    )
    main_window = MainWindow(poller, runner, settings, data_sources, facts, read_rows=lambda: ROWS)
    qtbot.addWidget(main_window)
    with qtbot.waitExposed(main_window):
        main_window.show()
    show(*ROWS)
    yield main_window
    main_window.close()
    runner.shut_down()
    hosts.close()
