"""Go to port: who holds it, live, and the way there."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QToolButton

from portview.domain.sockets.scope import Scope
from portview.domain.sockets.socket_row import Endpoint, SocketRow, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from portview.domain.user_input.port_query import PortAnswer
    from portview.engine.poller import Poller
    from portview.ui.window.main_window import MainWindow


def ask(window: MainWindow, qtbot: QtBot, text: str) -> str:
    window.port_box.clear()
    qtbot.keyClicks(window.port_box, text)
    return window.port_bar.text


def steps(window: MainWindow) -> dict[str, QToolButton]:
    buttons = window.port_bar.findChildren(QToolButton)
    return {button.text(): button for button in buttons if button.isVisible()}


def test_ctrl_l_takes_a_port_and_enter_leads_to_its_holder(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    qtbot.keyClick(window.table, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.port_box.hasFocus()
    assert not window.port_bar.isVisible()
    assert ask(window, qtbot, "8080") == "8080: node, PID 1234, listens on TCP 127.0.0.1:8080"
    qtbot.keyClick(window.port_box, Qt.Key.Key_Return)
    assert window.views.selection().first.row.local.port == 8080
    qtbot.keyClick(window.port_box, Qt.Key.Key_Escape)
    assert window.table.hasFocus()
    assert not window.port_bar.isVisible()


def test_it_leads_into_another_scope_and_out_of_a_filter_and_says_so(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.filter_box.set_query_text("proc:nobody")
    assert ask(window, qtbot, "udp 53") == "udp 53: dnsmasq, PID 53, on UDP 127.0.0.1:53"
    qtbot.keyClick(window.port_box, Qt.Key.Key_Return)
    assert window.scope is Scope.UDP
    assert window.filter_box.text() == ""
    assert window.views.selection().first.row.local.port == 53
    assert "UDP" in window.status.currentMessage()
    assert "filter" in window.status.currentMessage()


def test_it_works_in_the_tree(window: MainWindow, qtbot: QtBot) -> None:
    window.acts["group"].trigger()
    ask(window, qtbot, "22")
    qtbot.keyClick(window.port_box, Qt.Key.Key_Return)
    assert window.views.selection().first.row.local.port == 22


def test_enter_goes_round_where_several_hold_the_port(
    window: MainWindow,
    qtbot: QtBot,
    show: Callable[..., None],
    rows: tuple[SocketRow, ...],
    make_socket: Callable[..., SocketRow],
) -> None:
    client = make_socket(8080, None, State.ESTABLISHED, remote=Endpoint("10.0.0.9", 5))
    show(*rows, make_socket(8080, address="::1"), client)
    assert ask(window, qtbot, "8080").endswith(", and 2 more")
    assert "[::1]:8080" in window.port_bar._text.toolTip()
    seen = []
    for _ in range(4):
        qtbot.keyClick(window.port_box, Qt.Key.Key_Return)
        seen.append(window.views.selection().first.row)
    assert len(set(seen[:3])) == 3
    assert seen[2] == client
    assert seen[3] == seen[0]


def test_the_answer_is_live(
    window: MainWindow,
    qtbot: QtBot,
    show: Callable[..., None],
    rows: tuple[SocketRow, ...],
    make_socket: Callable[..., SocketRow],
    poller: Poller,
) -> None:
    window.port_bar.set_trial(None)
    free = "No socket of this machine has 7777"
    assert ask(window, qtbot, "7777") == free
    assert list(steps(window)) == ["Copy", "Why?"]
    show(*rows, make_socket(7777))
    assert window.port_bar.text == "7777: node, PID 1234, listens on TCP 127.0.0.1:7777"
    window.model.set_held(True)
    show(*rows)
    assert window.port_bar.text == free, "also while the rows of the table stand still"
    poller.set_paused(True)
    assert window.port_bar.text == f"{free}  (paused)"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("9000", "Nobody holds 9000; 1 closed connection waits in TIME_WAIT"),
        (
            "51000",
            "51000 is taken by a connection of node, PID 1234, ESTABLISHED on TCP 10.0.0.1:51000",
        ),
        (
            "443",
            "No socket of this machine has 443; 3 connections to that port elsewhere",
        ),
        ("445", "445: unknown: access denied, listens on TCP 127.0.0.1:445"),
        ("22", "22: <b>sh & co</b>, PID 100, listens on TCP 127.0.0.1:22"),
        ("10.0.0.1:8080", "No socket of this machine has 10.0.0.1:8080"),
        (
            "http://localhost:3000/",
            "tcp localhost:3000: node, PID 1234, listens on TCP 0.0.0.0:3000",
        ),
    ],
)
def test_what_a_port_is_used_for(window: MainWindow, qtbot: QtBot, asked: str, answer: str) -> None:
    window.port_bar.set_trial(None)
    assert ask(window, qtbot, asked) == answer


def test_a_mistake_is_told_at_the_place(window: MainWindow, qtbot: QtBot) -> None:
    assert ask(window, qtbot, "70000").startswith("Ports go from 1 to 65535. Write a port")
    assert window.port_box.accessibleDescription() == window.port_bar.text
    assert window.port_bar.answer is None
    assert steps(window) == {}
    qtbot.keyClick(window.port_box, Qt.Key.Key_Return)
    assert window.views.selection().entries == ()


def test_next_steps(window: MainWindow, qtbot: QtBot) -> None:
    ask(window, qtbot, "443")
    steps(window)["Copy"].click()
    assert QGuiApplication.clipboard().text() == window.port_bar.text
    steps(window)["Show its connections"].click()
    assert window.scope is Scope.ALL
    assert window.model.rowCount() == 3
    taken: list[PortAnswer] = []
    window.port_bar.add_next_step("Watch", lambda answer: answer.is_free, taken.append)
    ask(window, qtbot, "8080")
    assert "Watch" not in steps(window)
    ask(window, qtbot, "8081")
    steps(window)["Watch"].click()
    assert taken[0].question.port == 8081


def test_a_port_is_called_free_after_a_bind_alone(window: MainWindow, qtbot: QtBot) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        # The window's own snapshot does not show this socket: only the bind finds it.
        assert ask(window, qtbot, f"127.0.0.1:{port}").startswith("No socket of this machine has")
        qtbot.waitUntil(lambda: "can't be taken" in window.port_bar.text)
    window.port_box.clear()
    ask(window, qtbot, f"127.0.0.1:{port}")
    qtbot.waitUntil(lambda: window.port_bar.text.endswith("is free: a server can take it"))
