"""The Test window: tabs that are filled from the chosen row, made when wanted, and closed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.ui.probing.probe_question import ProbeKind
from portview.ui.probing.row_targets import targets_of
from portview.ui.probing.workspace import TestTab

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.settings import Settings
    from portview.ui.probing.probing_tools import ProbingTools


def an_entry(local: str, remote: Endpoint | None = None) -> SocketEntry:
    address, port = local.rsplit(":", 1)
    key = SocketKey(
        Protocol.TCP, Family.IPV4, Endpoint(address, int(port)), remote, ProcessKey(1, 5), 1
    )
    return SocketEntry(SocketRow(key, State.ESTABLISHED if remote else State.LISTEN, 1))


def test_every_tab_is_filled_from_the_chosen_row(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    child_listener: Callable[[], tuple[subprocess.Popen[str], int]],
) -> None:
    _, port = child_listener()
    window = open_window().window
    qtbot.waitUntil(lambda: any(one.row.local.port == port for one in window.model.shown_entries))
    entry = next(one for one in window.model.shown_entries if one.row.local.port == port)
    window.table.select_key(entry.row.key)
    window.acts["test_window"].trigger()
    tools = window.probing
    assert tools.test_window.isVisible()
    assert str(port) in tools.connection_page.view.headline.text
    assert tools.connection_page.again_button.text() == "&Test"
    assert tools.connection_page.result is None  # nothing is sent before somebody asks
    tools.test_window.tabs.setCurrentIndex(list(TestTab).index(TestTab.PICK))
    assert tools.pick_page.near.text() == str(port)
    window.acts["probe"].trigger()
    assert tools.test_window.tab is TestTab.PROBE
    assert tools.probe_page.form.target.text() == f"127.0.0.1:{port}"
    assert "Probe" in tools.test_window.windowTitle()
    # What was typed stays while the same row is chosen.
    tools.probe_page.form.target.setText("localhost:1")
    window.acts["scan"].trigger()
    assert tools.scan_page.form.host.text() == "127.0.0.1"
    window.acts["probe"].trigger()
    assert tools.probe_page.form.target.text() == "localhost:1"


def test_pages_are_made_when_their_tab_is_wanted(tools: ProbingTools) -> None:
    tools.show_pick()
    assert set(tools.test_window._pages) == {TestTab.PICK}
    tools.test_window.tabs.setCurrentIndex(list(TestTab).index(TestTab.SCAN))
    assert set(tools.test_window._pages) == {TestTab.PICK, TestTab.SCAN}
    assert tools.scan_page.isVisible()


def test_enter_presses_the_button_of_the_shown_tab(
    qtbot: QtBot, tools: ProbingTools, free_port: int
) -> None:
    tools.show_probe()
    tools.show_pick()
    page = tools.pick_page
    assert page.inspect_button.isDefault()
    assert not tools.probe_page.ask_button.isDefault()
    page.near.setText(str(free_port))
    page.dynamic.setChecked(True)
    qtbot.keyClick(page.near, Qt.Key.Key_Return)
    qtbot.waitUntil(page.copy_button.isEnabled, timeout=30_000)
    assert tools.probe_page.history.count() == 0


def test_the_close_button_closes_and_the_tab_is_remembered(
    tools: ProbingTools, settings: Settings
) -> None:
    tools.show_scan()
    tools.scan_page.close_button.click()
    assert not tools.test_window.isVisible()
    assert settings.get("test_tab", str, "") == "scan"
    tools.show_test()
    assert tools.scan_page.isVisible()


def test_escape_stops_what_runs_on_another_tab(
    qtbot: QtBot, tools: ProbingTools, silent_udp: int
) -> None:
    page = tools.probe_page
    page.form._timeouts[ProbeKind.UDP].setText("1h")
    page.open_for(ProbeKind.UDP, f"127.0.0.1:{silent_udp}")
    page.ask()
    tools.show_pick()
    qtbot.keyClick(tools.test_window, Qt.Key.Key_Escape)
    assert tools.test_window.isVisible()
    assert "Cancelled" in page.view.headline.text
    qtbot.keyClick(tools.test_window, Qt.Key.Key_Escape)
    assert not tools.test_window.isVisible()


def test_a_connection_test_is_copied_as_json(
    qtbot: QtBot, tools: ProbingTools, free_port: int, entry: Callable[..., SocketEntry]
) -> None:
    tools.test(entry(free_port))
    page = tools.connection_page
    qtbot.waitUntil(lambda: page.result is not None, timeout=30_000)
    page.json_button.click()
    document = json.loads(QGuiApplication.clipboard().text())
    assert document["severity"] == "problem"
    assert document["word"] == "Nothing listens"
    assert str(free_port) in document["title"]


def test_a_client_is_tested_at_its_server_and_a_server_at_its_own_port() -> None:
    server = an_entry("0.0.0.0:8080")
    came_in = an_entry("127.0.0.1:8080", Endpoint("192.0.2.9", 50_000))
    went_out = an_entry("127.0.0.1:50001", Endpoint("2001:db8::1", 443))
    everything = [server, came_in, went_out]
    assert targets_of(server, everything)[1:6] == (
        "localhost",
        "localhost:8080",
        "8080",
        "http://localhost:8080/",
        8080,
    )
    assert targets_of(came_in, everything).endpoint == "127.0.0.1:8080"
    outgoing = targets_of(went_out, everything)
    assert (outgoing.host, outgoing.endpoint, outgoing.url) == (
        "2001:db8::1",
        "[2001:db8::1]:443",
        "",
    )
    assert outgoing.protocol is Protocol.TCP
