"""The tab of a socket's connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from portview.domain.sockets.socket_row import Endpoint, Protocol, SocketRow, State
from portview.domain.sockets.traffic import TrafficCounters
from tests.factories import row, snapshot

if TYPE_CHECKING:
    from tests.gui.conftest import DetailsBench


def client_of(port: int, number: int) -> SocketRow:
    made = row(port, State.ESTABLISHED)
    remote = Endpoint(f"10.0.0.{number}", 40_000)
    return SocketRow(made.key._replace(remote=remote, token=number), made.state, made.pid)


def test_a_server_lists_its_connections_with_hosts_and_rates(bench: DetailsBench) -> None:
    bench.resolver.names = {"10.0.0.1": "one.test"}
    server, clients = row(80), [client_of(80, 1), client_of(80, 2)]
    rows = (server, *clients, client_of(81, 3))
    bench.show(snapshot(rows))
    bench.choose(server.key)
    bench.details.pane.tabs.setCurrentIndex(1)
    page = bench.connections
    assert [one.row.remote.address for one in page.list.model.shown_entries] == [
        "10.0.0.1",
        "10.0.0.2",
    ]
    for total in (0, 5000, 9000):
        bench.traffic.counters[clients[0].key] = TrafficCounters(total, total)
        with bench.qtbot.waitSignal(bench.feed.rates_changed):
            bench.show(snapshot(rows))
    bench.qtbot.waitUntil(
        lambda: page.title.text().startswith("2 connections   \u00b7   Down "), timeout=30_000
    )
    bench.qtbot.waitUntil(lambda: "10.0.0.1" in bench.hosts.known(), timeout=30_000)
    shown = texts(bench)
    assert "one.test" in shown
    assert any(text.endswith("/s") for text in shown)


def texts(bench: DetailsBench) -> list[str]:
    page = bench.connections
    page.show_subject(bench.details.chosen.subject)
    model, header = page.list.model, page.list.table.horizontalHeader()
    return [
        str(model.index(0, number).data() or "")
        for number in range(model.columnCount())
        if not header.isSectionHidden(number)
    ]


def test_a_chosen_connection_is_handed_on(bench: DetailsBench) -> None:
    server, client = row(80), client_of(80, 1)
    bench.show(snapshot((server, client)))
    bench.choose(server.key)
    bench.details.pane.tabs.setCurrentIndex(1)
    table = bench.connections.list.table
    table.setCurrentIndex(table.model().index(0, 0))
    with bench.qtbot.waitSignal(bench.details.socket_chosen) as told:
        bench.qtbot.keyClick(table, Qt.Key.Key_Return)
    assert told.args == [client.key]


def test_where_there_is_no_connection_it_says_why(bench: DetailsBench) -> None:
    udp = row(53, None, Protocol.UDP)
    bench.show(snapshot((row(80), udp)))
    bench.details.pane.tabs.setCurrentIndex(1)
    bench.choose(row(80).key)
    assert bench.connections.nothing.text() == "Nobody is connected."
    assert bench.connections.nothing.isVisible()
    bench.choose(udp.key)
    assert bench.connections.nothing.text() == "UDP has no connections."
    bench.choose(row(80).key)
    bench.show(snapshot((udp,)))
    assert bench.connections.nothing.text() == "This socket has closed."
