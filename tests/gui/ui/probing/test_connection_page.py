"""Test connection, against real servers of this process."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from portview.domain.severity import Severity
from portview.domain.sockets.socket_row import Endpoint, Protocol, State

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.domain.sockets.entry import SocketEntry
    from portview.ui.probing.probing_tools import ProbingTools


def test_a_row_of_the_table_is_tested_with_ctrl_t(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    child_listener: Callable[[], tuple[subprocess.Popen[str], int]],
) -> None:
    _, port = child_listener()
    window = open_window().window

    def found() -> SocketEntry | None:
        rows = window.model.shown_entries
        return next((one for one in rows if one.row.local.port == port), None)

    qtbot.waitUntil(lambda: found() is not None)
    entry = found()
    assert entry is not None
    window.table.select_key(entry.row.key)
    qtbot.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    test = window.probing.connection_page
    qtbot.waitUntil(lambda: test.result is not None, timeout=30_000)
    assert test.result is not None
    assert test.result.word == "This machine only"
    assert "python" in test.explanation.text().lower()
    steps = [row.cells[0] for row in test.result.rows]
    assert steps[:2] == ["Listens", "Loopback"]
    assert test.view.table.rowCount() == len(steps)
    test.copy_button.click()
    copied = QGuiApplication.clipboard().text()
    assert f"TCP port {port}" in copied
    assert "Hint: Have the server listen on" in copied
    assert window.probing.test_window.isVisible()


def test_steps_come_while_it_runs_and_cancel_is_at_once(
    qtbot: QtBot,
    tools: ProbingTools,
    listener: Callable[..., int],
    entry: Callable[..., SocketEntry],
) -> None:
    port = listener()  # accepts and says nothing: the greeting takes its time
    tools.test(entry(port))
    test = tools.connection_page
    qtbot.waitUntil(lambda: test.view.table.rowCount() >= 2)
    assert test.result is None
    assert test.bar.isVisible()
    test.cancel_button.click()
    assert "Cancelled" in test.view.headline.text
    assert not test.bar.isVisible()
    assert test.again_button.isEnabled()
    test.again_button.click()
    qtbot.waitUntil(lambda: test.result is not None, timeout=30_000)
    assert test.result is not None
    assert test.result.word == "This machine only"
    marks = {row.cells[1] for row in test.result.rows}
    assert "Good" in marks  # a word, not only a colour


def test_a_port_that_nobody_listens_on_any_more(
    qtbot: QtBot, tools: ProbingTools, free_port: int, entry: Callable[..., SocketEntry]
) -> None:
    tools.test(entry(free_port))
    test = tools.connection_page
    qtbot.waitUntil(lambda: test.result is not None, timeout=30_000)
    assert test.result is not None
    assert (test.result.severity, test.result.word) == (Severity.BAD, "Nothing listens")


def test_a_client_is_tested_at_its_server(
    qtbot: QtBot,
    tools: ProbingTools,
    listener: Callable[..., int],
    entry: Callable[..., SocketEntry],
) -> None:
    port = listener()
    with socket.create_connection(("127.0.0.1", port)) as client:
        mine = client.getsockname()[1]
        tools.test(entry(mine, Endpoint("127.0.0.1", port), State.ESTABLISHED))
        test = tools.connection_page
        qtbot.waitUntil(lambda: test.result is not None, timeout=30_000)
    assert test.result is not None
    assert test.result.word == "Open"
    assert "goes out to" in test.explanation.text()


@pytest.mark.parametrize(("is_there", "word"), [(True, "Open or filtered"), (False, "Closed")])
def test_udp_is_asked_and_silence_is_not_called_open(
    qtbot: QtBot,
    tools: ProbingTools,
    silent_udp: int,
    free_port: int,
    entry: Callable[..., SocketEntry],
    is_there: bool,
    word: str,
) -> None:
    tools.test(entry(silent_udp if is_there else free_port, None, None, Protocol.UDP))
    test = tools.connection_page
    qtbot.waitUntil(lambda: test.result is not None, timeout=30_000)
    assert test.result is not None
    assert test.result.word == word
    assert "Silence proves nothing" in test.explanation.text()


def test_a_reader_that_fails_is_told(
    qtbot: QtBot,
    tools: ProbingTools,
    entry: Callable[..., SocketEntry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> tuple[()]:
        raise OSError("the table is gone")

    test = tools.connection_page
    monkeypatch.setattr(test, "_read_rows", fail)
    tools.test(entry(80))
    qtbot.waitUntil(lambda: test.result is not None)
    assert test.result is not None
    assert test.result.severity is Severity.BAD
    assert "the table is gone" in test.view.headline.text
