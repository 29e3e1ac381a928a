"""How many dynamic ports are in use, in the status bar, before there are none left."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from portview.diagnosis.facts import Usage
from portview.diagnosis.overview import PortsOverview, read_overview
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import Protocol, State
from portview.engine.port_usage_feed import PAUSE_S, PortUsageFeed, read_usage
from portview.ui.window.status_bar import StatusBar
from tests.factories import row, snapshot

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.snapshot import Snapshot
    from portview.engine.task_runner import TaskRunner

RANGE = PortRange(40000, 40099)


def overview(used: int) -> PortsOverview:
    usage = Usage(RANGE, used, 1, (("leaky (PID 9)", used),))
    from portview.diagnosis.foresight import warnings_for  # noqa: PLC0415 - for this alone

    ranges = PortRanges(RANGE)
    return PortsOverview(
        Protocol.TCP, ranges, usage, warnings_for(Protocol.TCP, ranges, usage, (), "linux")
    )


def test_the_protocol_with_the_fewest_left_is_shown(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show_usage((overview(10), overview(30)))
    assert bar.usage.text() == "dynamic ports 30 of 100"
    assert "leaky" in bar.usage.toolTip()


def test_ports_that_run_out_are_marked_by_more_than_a_number(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show_usage((overview(85),))
    assert "running out" in bar.usage.text()
    bar.show_usage(())
    assert bar.usage.isHidden()


def test_it_is_counted_now_and_then_and_not_on_the_windows_thread(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    now = [0.0]
    threads: list[int] = []

    def read(some: Snapshot) -> tuple[PortsOverview, ...]:
        threads.append(threading.get_ident())
        return read_overview(some, ())

    feed = PortUsageFeed(runner, read=read, clock=lambda: now[0])
    some = snapshot([row(50000, State.ESTABLISHED)])
    feed.show_snapshot(some)
    now[0] = PAUSE_S
    with qtbot.waitSignal(feed.counted, timeout=10_000) as counted:
        feed.show_snapshot(some)
        feed.show_snapshot(some)
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()
    (overviews,) = counted.args
    assert [one.protocol for one in overviews] == list(Protocol)


def test_this_machine_can_be_counted() -> None:
    assert read_usage(snapshot([]))
