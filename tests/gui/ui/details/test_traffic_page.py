"""The plot of what goes through a socket."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QPalette

from portview.domain.sockets.socket_row import Endpoint, SocketRow, State
from portview.domain.sockets.traffic import TrafficCounters
from portview.ui.style.theme import plot_colours
from tests.factories import row, snapshot

if TYPE_CHECKING:
    from tests.gui.conftest import DetailsBench

ROOT = Path(__file__).resolve().parents[4]

_START = """
import sys
from portview import app
from portview.readers.choose import open_reader
from portview.settings import Settings, settings_path

application = app.make_application()
reader = open_reader()
opened = app.open_window(reader, Settings(settings_path()))
opened.poller.snapshot_taken.connect(lambda _: application.quit())
opened.window.show()
application.exec()
late = ("pyqtgraph", "numpy", "h11", "cryptography")
print(sorted(name for name in late if name in sys.modules))
opened.window.close()
opened.close()
reader.close()
"""


def connection(port: int) -> SocketRow:
    made = row(port, State.ESTABLISHED)
    key = made.key._replace(remote=Endpoint("10.0.0.1", 9))
    return SocketRow(key, made.state, made.pid)


def test_a_window_starts_without_what_only_plots_and_probes_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _START],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "[]", done.stderr


def tick(bench: DetailsBench, *rows: SocketRow) -> None:
    """Let the rates of a snapshot arrive."""
    with bench.qtbot.waitSignal(bench.feed.rates_changed):
        bench.show(snapshot(rows))


def test_bytes_per_second_are_plotted_from_before_the_tab_was_opened(bench: DetailsBench) -> None:
    here = connection(80)
    tick(bench, here)
    bench.choose(here.key)
    for total in (0, 5000, 20_000):
        bench.traffic.counters[here.key] = TrafficCounters(total, total // 10, 1500)
        tick(bench, here)
    assert bench.page.plot is None
    bench.details.pane.tabs.setCurrentIndex(2)
    plot = bench.page.plot
    assert plot is not None
    assert plot.names == ("Down", "Up")
    down, up = (curve.getData() for curve in plot.curves)
    assert len(down[0]) == len(up[0]) == 2
    assert all(-60 < seconds <= 0 for seconds in down[0])
    assert min(down[1]) > min(up[1]) > 0
    assert plot.getAxis("left").labelText == "bytes per second"
    assert plot.getAxis("bottom").labelText == "seconds ago"
    assert all(curve.opts["pen"].width() == 1 for curve in plot.curves)
    heading = bench.page.heading.text()
    assert "127.0.0.1:80 ↔ 10.0.0.1:9" in heading
    assert "20.0 kB received and 2.0 kB sent so far" in heading
    assert "round trip 1.5 ms" in heading
    tick(bench, here)
    assert len(plot.curves[0].getData()[0]) == 3


def test_another_row_has_a_plot_of_its_own(bench: DetailsBench) -> None:
    one, other = connection(80), connection(81)
    tick(bench, one, other)
    bench.choose(one.key)
    for total in (0, 100):
        bench.traffic.counters[one.key] = TrafficCounters(total, 0)
        tick(bench, one, other)
    bench.details.pane.tabs.setCurrentIndex(2)
    assert bench.page.plot.names == ("Down", "Up")
    bench.choose(other.key)
    assert bench.page.plot.names == ("Sockets",)


def test_where_no_traffic_is_known_the_sockets_of_the_process_are_counted(
    bench: DetailsBench,
) -> None:
    bench.details.pane.tabs.setCurrentIndex(2)
    bench.show(snapshot([row(80), row(81)]))
    bench.choose(row(80).key)
    bench.show(snapshot([row(80), row(81), row(82)]))
    plot = bench.page.plot
    assert plot.names == ("Sockets",)
    assert list(plot.curves[0].getData()[1]) == [2, 3]
    assert plot.getAxis("left").labelText == "sockets"
    assert bench.page.heading.text().startswith("Nobody is connected.")
    assert "p1 (1)" in bench.page.heading.text()


def test_a_connection_without_counters_says_why(bench: DetailsBench) -> None:
    bench.feed._unavailable = "Only for administrators."
    here = connection(80)
    bench.details.pane.tabs.setCurrentIndex(2)
    bench.show(snapshot([here]))
    bench.choose(here.key)
    assert bench.page.heading.text().startswith("Only for administrators. Shown instead")
    unowned = SocketRow(here.key._replace(owner=None, token=7), State.TIME_WAIT)
    bench.show(snapshot([here, unowned]))
    bench.choose(unowned.key)
    assert "no process to count" in bench.page.heading.text()


def test_the_plot_follows_the_palette(bench: DetailsBench) -> None:
    bench.details.pane.tabs.setCurrentIndex(2)
    bench.show(snapshot([row(80)]))
    bench.choose(row(80).key)
    plot = bench.page.plot
    for base, text in (("#101010", "#f0f0f0"), ("#fefefe", "#101010")):
        palette = QPalette(plot.palette())
        for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Window):
            palette.setColor(role, base)
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText):
            palette.setColor(role, text)
        plot.setPalette(palette)
        assert plot.backgroundBrush().color().name() == base
        assert plot.curves[0].opts["pen"].color() == plot_colours(palette)[0]


def client_of(port: int, number: int, address: str = "10.0.0.1") -> SocketRow:
    made = row(port, State.ESTABLISHED)
    key = made.key._replace(remote=Endpoint(address, 40_000 + number), token=number)
    return SocketRow(key, made.state, made.pid)


def test_a_server_shows_the_sum_of_its_connections_and_its_top_clients(
    bench: DetailsBench,
) -> None:
    server = row(80)
    clients = [client_of(80, 1), client_of(80, 2), client_of(80, 3, "10.0.0.9")]
    rows = (server, *clients, client_of(81, 4))
    tick(bench, *rows)
    bench.choose(server.key)
    for total in (0, 1000, 3000):
        for number, one in enumerate(clients):
            amount = total * (len(clients) - number)
            bench.traffic.counters[one.key] = TrafficCounters(amount, amount // 2)
        bench.traffic.counters[rows[-1].key] = TrafficCounters(total * 50, total * 50)
        tick(bench, *rows)
    assert clients[0].key in bench.traffic.asked[-1]
    bench.details.pane.tabs.setCurrentIndex(2)
    plot = bench.page.plot
    assert plot.names == ("Down", "Up")
    down, up = (list(curve.getData()[1]) for curve in plot.curves)
    parts = [bench.feed.rates[one.key].received_bytes_per_s for one in clients]
    assert down[-1] == sum(parts)
    assert len(down) == len(up) == 2
    assert "all 3 connections" in bench.page.heading.text()
    shown = bench.page.clients
    assert [shown.item(n, 0).text() for n in range(shown.rowCount())] == ["10.0.0.1", "10.0.0.9"]
    assert [shown.item(n, 1).text() for n in range(shown.rowCount())] == ["2", "1"]
    assert all(curve.opts["fillLevel"] == 0 for curve in plot.curves)


def test_the_past_of_a_row_is_there_when_it_is_chosen_again(bench: DetailsBench) -> None:
    one, other = connection(80), connection(81)
    bench.details.pane.tabs.setCurrentIndex(2)
    tick(bench, one, other)
    bench.choose(one.key)
    for total in (0, 100, 200):
        bench.traffic.counters[one.key] = TrafficCounters(total, 0)
        tick(bench, one, other)
    bench.choose(other.key)
    assert bench.page.plot.names == ("Sockets",)
    bench.choose(one.key)
    assert len(bench.page.plot.curves[0].getData()[0]) == 2


def test_a_server_without_clients_says_so(bench: DetailsBench) -> None:
    bench.details.pane.tabs.setCurrentIndex(2)
    bench.show(snapshot([row(80)]))
    bench.choose(row(80).key)
    assert bench.page.heading.text().startswith("Nobody is connected.")
    assert not bench.page.clients.isVisible()
