"""The small line of a row's traffic: what is drawn, and that it is where it is wanted alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect

from portview.domain.sockets.series import Series
from portview.domain.sockets.socket_row import Endpoint, SocketRow, State
from portview.domain.sockets.traffic import TrafficCounters
from portview.domain.table.columns import COLUMNS
from portview.ui.table.sparkline_delegate import SparklineDelegate, sparkline
from tests.factories import row, snapshot

if TYPE_CHECKING:
    from tests.gui.conftest import DetailsBench

ROOM = QRect(10, 20, 61, 11)
TRAFFIC = [column.id for column in COLUMNS].index("traffic")


def test_the_newest_is_at_the_right_and_the_most_at_the_top() -> None:
    series = Series()
    for at_s, down, up in ((0.0, 9.0, 9.0), (50.0, 0.0, 0.0), (75.0, 2.0, 2.0), (100.0, 4.0, 4.0)):
        series.add(at_s, down, up)
    points = sparkline(series, 100.0, ROOM)
    # What is older than a minute is not drawn and does not count for the height.
    assert [(round(one.x()), round(one.y())) for one in points] == [
        (20, 30),
        (45, 25),
        (70, 20),
    ]


@pytest.mark.parametrize("amounts", [[], [0.0], [0.0, 0.0, 0.0]])
def test_nothing_to_draw_is_no_error(amounts: list[float]) -> None:
    series = Series()
    for number, amount in enumerate(amounts):
        series.add(float(number), amount, 0.0)
    points = sparkline(series, 5.0, ROOM)
    assert len(points) == len(amounts)
    assert all(one.y() == ROOM.bottom() for one in points)


def client_of(port: int, number: int) -> SocketRow:
    made = row(port, State.ESTABLISHED)
    key = made.key._replace(remote=Endpoint("10.0.0.1", 40_000 + number), token=number)
    return SocketRow(key, made.state, made.pid)


def test_a_server_in_sight_has_the_sum_of_its_connections(bench: DetailsBench) -> None:
    server, clients = row(80), [client_of(80, 1), client_of(80, 2)]
    rows = (server, *clients)
    bench.show(snapshot(rows))
    assert not isinstance(bench.table.itemDelegateForColumn(TRAFFIC), SparklineDelegate)
    bench.columns.set_visible("traffic", is_visible=True)

    def text() -> str:
        bench.model.pass_time()
        number = bench.model.row_number(server.key)
        assert number is not None
        return str(bench.model.index(number, TRAFFIC).data() or "")

    for total in (0, 4000, 9000, 16_000):
        for one in clients:
            bench.traffic.counters[one.key] = TrafficCounters(total, 0)
        with bench.qtbot.waitSignal(bench.feed.rates_changed):
            bench.show(snapshot(rows))
    bench.qtbot.waitUntil(lambda: text().endswith("/s"), timeout=30_000)
    assert set(bench.feed.totals) == {server.key}
    assert len(bench.feed.history.of(server.key)) >= 2
    assert isinstance(bench.table.itemDelegateForColumn(TRAFFIC), SparklineDelegate)


def test_the_line_is_painted_beside_the_number(bench: DetailsBench) -> None:
    one = client_of(80, 1)
    bench.columns.set_visible("traffic", is_visible=True)
    bench.show(snapshot((one,)))
    series = bench.feed.history.of(one.key)
    assert len(series) == 0
    before = picture(bench)
    for total in (0, 4000, 9000, 9000, 40_000):
        bench.traffic.counters[one.key] = TrafficCounters(total, 0)
        with bench.qtbot.waitSignal(bench.feed.rates_changed):
            bench.show(snapshot((one,)))
    bench.model.pass_time()
    assert picture(bench) != before


def picture(bench: DetailsBench) -> list[int]:
    """Return the pixels of the left half of the cell, which has no number."""
    index = bench.model.index(0, TRAFFIC)
    bench.table.scrollTo(index)
    rect = bench.table.visualRect(index)
    shot = bench.table.viewport().grab(rect.adjusted(0, 0, -rect.width() // 2, 0)).toImage()
    return [shot.pixel(x, y) for x in range(shot.width()) for y in range(shot.height())]
