"""What is looked up for the rows that a person sees, and only for these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from portview.domain.sockets.socket_row import Endpoint, SocketRow, State
from portview.domain.sockets.traffic import TrafficCounters
from portview.domain.table.columns import COLUMNS
from tests.factories import row, snapshot

if TYPE_CHECKING:
    from tests.gui.conftest import DetailsBench

NUMBERS = {column.id: number for number, column in enumerate(COLUMNS)}


def connections(count: int) -> list[SocketRow]:
    made = []
    for number in range(count):
        here = row(1000 + number, State.ESTABLISHED)
        remote = Endpoint(f"10.0.{number >> 8}.{number & 255}", 443)
        made.append(SocketRow(here.key._replace(remote=remote), here.state, here.pid))
    return made


def cell(bench: DetailsBench, number: int, column: str) -> str:
    return bench.model.index(number, NUMBERS[column]).data()


def asked(bench: DetailsBench) -> list[int]:
    """Return the ports whose traffic was asked for last."""
    return [key.local.port for key in bench.traffic.asked[-1]]


def tick(bench: DetailsBench, rows: list[SocketRow]) -> None:
    with bench.qtbot.waitSignal(bench.feed.rates_changed):
        bench.show(snapshot(rows))


def test_traffic_is_read_for_the_rows_in_sight(bench: DetailsBench) -> None:
    rows = connections(200)
    for number, each in enumerate(rows):
        bench.traffic.counters[each.key] = TrafficCounters(number, 0)
    tick(bench, rows)
    # The columns fit the first rows, which may free the room of a scroll bar for one more.
    tick(bench, rows)
    visible_rows = [entry.row.local.port for entry in bench.table.visible_entries()]
    assert asked(bench) == visible_rows
    assert 1000 in visible_rows
    assert 5 < len(visible_rows) < 60
    bench.table.scrollToBottom()
    tick(bench, rows)
    assert 1000 not in asked(bench)
    assert 1199 in asked(bench)
    bench.traffic.counters[rows[-1].key] = TrafficCounters(10**12, 0)
    tick(bench, rows)
    bench.model.pass_time()
    assert cell(bench, 199, "down").endswith("/s")
    assert cell(bench, 199, "up") == "0 B/s"
    assert cell(bench, 0, "down") == ""


def test_the_chosen_row_is_read_out_of_sight_as_well(bench: DetailsBench) -> None:
    rows = connections(200)
    tick(bench, rows)
    bench.choose(rows[0].key)
    bench.table.scrollToBottom()
    tick(bench, rows)
    assert 1000 in asked(bench)
    for column in ("down", "up"):
        bench.columns.set_visible(column, is_visible=False)
    tick(bench, rows)
    assert asked(bench) == [1000]
    bench.details.set_open(False)
    tick(bench, rows)
    assert asked(bench) == []


def test_a_table_sorted_by_traffic_knows_it_of_all_its_rows(bench: DetailsBench) -> None:
    rows = connections(200)
    for each in rows:
        bench.traffic.counters[each.key] = TrafficCounters(0, 0)
    bench.table.sortByColumn(NUMBERS["down"], Qt.SortOrder.DescendingOrder)
    tick(bench, rows)
    assert len(asked(bench)) == 200
    bench.traffic.counters[rows[150].key] = TrafficCounters(10**9, 0)
    tick(bench, rows)
    bench.model.pass_time()
    assert bench.model.entry_at(0).row.local.port == 1150


def test_a_cell_without_traffic_says_what_it_would_need(bench: DetailsBench) -> None:
    bench.feed._unavailable = "Start PortView as administrator."
    bench.show(snapshot(connections(1)))
    tooltip = bench.model.index(0, NUMBERS["down"]).data(Qt.ItemDataRole.ToolTipRole)
    assert "Start PortView as administrator." in tooltip
    bench.show(snapshot([row(80)]))
    tooltip = bench.model.index(0, NUMBERS["down"]).data(Qt.ItemDataRole.ToolTipRole)
    assert "TCP connections only" in tooltip


def test_no_name_is_asked_for_while_the_column_is_hidden(bench: DetailsBench) -> None:
    bench.resolver.names = {"10.0.0.0": "zero.example"}
    rows = connections(200)
    bench.show(snapshot(rows))
    assert bench.resolver.asked == []
    bench.columns.set_visible("remote_host", is_visible=True)
    bench.show(snapshot(rows))
    visible_rows = {entry.row.remote.address for entry in bench.table.visible_entries()}
    bench.qtbot.waitUntil(lambda: set(bench.resolver.asked) == visible_rows)

    def is_named() -> bool:
        bench.model.pass_time()
        return cell(bench, 0, "remote_host") == "zero.example"

    bench.qtbot.waitUntil(is_named)
    assert cell(bench, 1, "remote_host") == ""
    bench.columns.set_visible("remote_host", is_visible=False)
    bench.table.scrollToBottom()
    bench.show(snapshot(rows))
    assert set(bench.resolver.asked) == visible_rows


def test_a_name_server_that_hangs_holds_nothing_up(bench: DetailsBench) -> None:
    bench.resolver.gate.clear()
    bench.columns.set_visible("remote_host", is_visible=True)
    for _ in range(3):
        tick(bench, connections(50))
    assert cell(bench, 0, "remote_host") == ""
    assert len(bench.resolver.asked) <= 4


def test_a_hostile_host_name_is_shown_inert(bench: DetailsBench) -> None:
    bench.resolver.names = {"10.0.0.0": "<b>x</b>\u202e.example"}
    bench.columns.set_visible("remote_host", is_visible=True)
    bench.show(snapshot(connections(1)))
    bench.qtbot.waitUntil(lambda: bool(bench.hosts.known()))
    bench.model.pass_time()
    assert cell(bench, 0, "remote_host") == "<b>x</b>\\u{202E}.example"
