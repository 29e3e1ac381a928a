"""The tick never overlaps, never queues up and survives failures."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from portview.domain.sockets.snapshot import Snapshot
from portview.engine.poller import Poller
from portview.engine.task_runner import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import TaskRunner


class GatedReader:
    """A reading that ends when the test lets it, and that notices overlaps."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.failure: Exception | None = None
        self.count = 0
        self._running = 0
        self.most_at_once = 0

    def read(self) -> Snapshot:
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        self.count += 1
        self.entered.set()
        assert self.gate.wait(30)
        self._running -= 1
        if self.failure:
            raise self.failure
        return Snapshot(taken_at_ms=self.count)


@pytest.fixture
def reader() -> GatedReader:
    return GatedReader()


@pytest.fixture
def poller(reader: GatedReader, runner: TaskRunner) -> Iterator[Poller]:
    made = Poller(reader.read, runner)
    made.set_interval(1)
    yield made
    reader.gate.set()
    made.stop()


def test_snapshots_keep_coming(qtbot: QtBot, poller: Poller) -> None:
    taken: list[int] = []
    poller.snapshot_taken.connect(lambda snapshot: taken.append(snapshot.taken_at_ms))
    poller.start()
    qtbot.waitUntil(lambda: len(taken) >= 5)
    assert taken[:5] == [1, 2, 3, 4, 5]


def test_two_readings_never_run_at_once(qtbot: QtBot, poller: Poller, reader: GatedReader) -> None:
    poller.start()
    for _ in range(20):
        poller.refresh()
    qtbot.waitUntil(lambda: reader.count >= 10)
    assert reader.most_at_once == 1


def test_refreshing_during_a_reading_reads_once_more_not_twenty_times(
    qtbot: QtBot, poller: Poller, reader: GatedReader
) -> None:
    poller.set_interval(10_000)
    reader.gate.clear()
    poller.start()
    assert reader.entered.wait(10)
    for _ in range(20):
        poller.refresh()
    with qtbot.waitSignals([poller.snapshot_taken] * 2):
        reader.gate.set()
    assert not poller.is_reading
    assert reader.count == 2


def test_a_failed_reading_is_told_and_the_next_one_tried(
    qtbot: QtBot, poller: Poller, reader: GatedReader
) -> None:
    reader.failure = OSError("the table is on fire")
    with qtbot.waitSignal(poller.read_failed) as told:
        poller.start()
    assert str(told.args[0]) == "the table is on fire"
    reader.failure = None
    qtbot.waitSignal(poller.snapshot_taken).wait()


def test_pausing_stops_the_tick_and_resuming_reads_at_once(
    qtbot: QtBot, poller: Poller, reader: GatedReader
) -> None:
    qtbot.waitUntil(lambda: not poller.is_reading)
    with qtbot.waitSignal(poller.snapshot_taken):
        poller.start()
    poller.set_paused(True)
    qtbot.waitUntil(lambda: not poller.is_reading)
    count = reader.count
    assert not poller._timer.isActive()
    poller.set_interval(60_000)
    with qtbot.waitSignal(poller.snapshot_taken):
        poller.refresh()
    assert reader.count == count + 1
    assert not poller._timer.isActive()
    with qtbot.waitSignal(poller.snapshot_taken):
        poller.set_paused(False)
    assert poller._timer.isActive()


def test_a_slow_reading_lengthens_the_wait(
    qtbot: QtBot, poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    poller._last_cost_ms = 3000
    poller.set_interval(1000)
    poller._arm()
    assert poller._timer.interval() == 3000
    poller._last_cost_ms = 100
    poller._arm()
    assert poller._timer.interval() == 900


def test_stopping_during_a_reading_delivers_nothing(
    qtbot: QtBot, poller: Poller, reader: GatedReader, runner: TaskRunner
) -> None:
    taken: list[object] = []
    poller.snapshot_taken.connect(taken.append)
    reader.gate.clear()
    poller.start()
    assert reader.entered.wait(10)
    poller.stop()
    reader.gate.set()
    qtbot.waitUntil(lambda: not poller.is_reading)
    assert taken == []
    assert not poller._timer.isActive()


def test_a_reading_that_is_done_but_not_yet_told_is_dropped_as_well(
    qtbot: QtBot, poller: Poller, runner: TaskRunner
) -> None:
    taken: list[object] = []
    poller.snapshot_taken.connect(taken.append)
    poller.start()
    assert runner._pools[Pool.READING].waitForDone(10_000)
    poller.stop()
    qtbot.waitUntil(lambda: not poller.is_reading)
    assert taken == []
    with qtbot.waitSignal(poller.snapshot_taken):
        poller.start()
