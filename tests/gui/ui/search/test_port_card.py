"""Go to port: who holds it, live, and the way there."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from portview.domain.sockets.scope import Scope
from portview.domain.sockets.socket_row import Endpoint, SocketRow, State
from portview.ui.confirm.action_dialog import ActionDialog
from portview.ui.search.port_card import CardStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from portview.domain.user_input.port_query import PortAnswer
    from portview.engine.poller import Poller
    from portview.ui.window.main_window import MainWindow


def ask(window: MainWindow, qtbot: QtBot, text: str) -> str:
    window.port_box.clear()
    qtbot.keyClicks(window.port_box, text)
    return window.port_card.text


def show_in_table(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    window.port_box.setFocus()
    qtbot.keyClick(window.port_box, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def steps(window: MainWindow) -> list[str]:
    return list(window.port_card.buttons)


def test_ctrl_l_takes_a_port_and_shows_who_has_it(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    qtbot.keyClick(window.table, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.port_box.hasFocus()
    assert not window.port_card.isVisible()
    assert ask(window, qtbot, "8080").splitlines()[:2] == [
        "TCP 8080 is in use",
        "node, PID 1234",
    ]
    show_in_table(window, qtbot)
    assert window.views.selection().first.row.local.port == 8080
    qtbot.keyClick(window.port_box, Qt.Key.Key_Escape)
    assert window.table.hasFocus()
    assert not window.port_card.isVisible()


def test_digits_typed_in_the_table_go_to_the_box(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    window.table.setFocus()
    qtbot.keyClick(window.table, "8")
    qtbot.keyClicks(window.focusWidget(), "080")
    assert window.port_box.text() == "8080"
    assert window.port_card.isVisible()


def test_enter_and_ctrl_k_lead_to_the_dialog_that_frees_the_port(
    window: MainWindow, qtbot: QtBot
) -> None:
    ask(window, qtbot, "8080")
    assert window.port_card.first_step is not None
    assert window.port_card.first_step.keys == "Ctrl+K"
    qtbot.keyClick(window.port_box, Qt.Key.Key_Return)
    dialog = window.findChild(ActionDialog)
    assert dialog is not None
    assert dialog.windowTitle() == "Free port 8080"
    dialog.reject()


def test_no_shortcut_of_the_card_is_swallowed_by_the_box(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    ask(window, qtbot, "8080")
    window.port_box.setFocus()
    window.port_box.setCursorPosition(1)
    qtbot.keyClick(window.port_box, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.port_box.text() == "8080", "Ctrl+K deletes to the end of the line elsewhere"
    dialog = window.findChild(ActionDialog)
    assert dialog is not None
    dialog.reject()


def test_it_leads_into_another_scope_and_out_of_a_filter_and_says_so(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.filter_box.set_query_text("proc:nobody")
    assert ask(window, qtbot, "udp 53").startswith("UDP 53 is in use\ndnsmasq, PID 53")
    show_in_table(window, qtbot)
    assert window.scope is Scope.UDP
    assert window.filter_box.text() == ""
    assert window.views.selection().first.row.local.port == 53
    assert "UDP" in window.status.currentMessage()
    assert "filter" in window.status.currentMessage()


def test_it_works_in_the_tree(window: MainWindow, qtbot: QtBot) -> None:
    window.acts["group"].trigger()
    ask(window, qtbot, "22")
    show_in_table(window, qtbot)
    assert window.views.selection().first.row.local.port == 22


def test_it_goes_round_where_several_have_the_port(
    window: MainWindow,
    qtbot: QtBot,
    show: Callable[..., None],
    rows: tuple[SocketRow, ...],
    make_socket: Callable[..., SocketRow],
) -> None:
    client = make_socket(8080, state=State.ESTABLISHED, remote=Endpoint("10.0.0.9", 5))
    show(*rows, make_socket(8080, address="::1"), client)
    said = ask(window, qtbot, "8080")
    assert "Listens on 127.0.0.1, ::1: only this machine reaches it" in said
    assert "1 client is connected" in said
    seen = []
    for _ in range(4):
        show_in_table(window, qtbot)
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
    window.port_card.set_trial(None)
    unproved = "TCP 7777: checking…\nNo socket uses it. Trying to bind it…"
    assert ask(window, qtbot, "7777") == unproved
    assert steps(window) == ["Why?", "Watch\u2026", "Copy text"]
    show(*rows, make_socket(7777))
    assert window.port_card.text.startswith("TCP 7777 is in use\nnode, PID 1234")
    window.model.set_held(True)
    show(*rows)
    assert window.port_card.text == unproved, "also while the rows of the table are suspended"
    poller.set_paused(True)
    assert window.port_card.text.splitlines()[0] == "TCP 7777: checking\u2026 (paused)"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("9000", ["TCP 9000 is closing", "1 closed connection waits in TIME_WAIT"]),
        (
            "51000",
            [
                "TCP 51000 is used by a connection",
                "node, PID 1234",
                "10.0.0.1:51000 \u2192 10.0.0.9:443 ESTABLISHED",
            ],
        ),
        ("443", ["TCP 443: checking", "3 connections to that port on other machines"]),
        ("445", ["TCP 445 is in use", "unknown: access denied"]),
        ("22", ["TCP 22 is in use", "<b>sh & co</b>, PID 100"]),
        ("10.0.0.1:8080", ["TCP 10.0.0.1:8080: checking"]),
        (
            "http://localhost:3000/",
            ["TCP localhost:3000 is in use", "node, PID 1234", "Listens on all IPv4 addresses"],
        ),
    ],
)
def test_what_a_port_is_used_for(
    window: MainWindow, qtbot: QtBot, asked: str, answer: list[str]
) -> None:
    window.port_card.set_trial(None)
    said = ask(window, qtbot, asked)
    assert [part for part in answer if part not in said] == []


def test_a_mistake_is_told_at_the_place(window: MainWindow, qtbot: QtBot) -> None:
    assert "Ports go from 1 to 65535." in ask(window, qtbot, "70000")
    assert window.port_box.accessibleDescription() == window.port_card.text
    assert window.port_card.answer is None
    assert steps(window) == []
    qtbot.keyClick(window.port_box, Qt.Key.Key_Return)
    assert window.views.selection().entries == ()


def test_next_steps(window: MainWindow, qtbot: QtBot) -> None:
    ask(window, qtbot, "443")
    window.port_card.buttons["Copy text"].click()
    assert QGuiApplication.clipboard().text() == window.port_card.text
    window.port_card.buttons["Show its connections"].click()
    assert window.scope is Scope.ALL
    assert window.model.rowCount() == 3
    taken: list[PortAnswer] = []
    watch = CardStep("Watch", lambda answer: answer.is_free, taken.append, may_be_first=False)
    window.port_card.add_step(watch)
    ask(window, qtbot, "8080")
    assert "Watch" not in steps(window)
    ask(window, qtbot, "8081")
    window.port_card.buttons["Watch"].click()
    assert taken[0].question.port == 8081


def test_the_steps_are_reached_by_the_arrow_keys(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    ask(window, qtbot, "8080")
    window.port_box.setFocus()
    qtbot.keyClick(window.port_box, Qt.Key.Key_Down)
    assert window.port_card.buttons["Free port\u2026"].hasFocus()
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Right)
    assert window.port_card.buttons["Test"].hasFocus()
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert not window.port_card.isVisible()
    assert window.table.hasFocus()


def test_a_port_is_called_free_after_a_bind_alone(window: MainWindow, qtbot: QtBot) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        # The window's own snapshot does not show this socket: only the bind finds it.
        assert "No socket uses it" in ask(window, qtbot, f"127.0.0.1:{port}")
        qtbot.waitUntil(lambda: "can't be used" in window.port_card.text)
        assert window.port_card.first_step is not None
        assert window.port_card.first_step.title == "Why?"
    window.port_box.clear()
    ask(window, qtbot, f"127.0.0.1:{port}")
    qtbot.waitUntil(lambda: f"TCP 127.0.0.1:{port} is free" in window.port_card.text)
    qtbot.keyClick(window.port_box, Qt.Key.Key_Return)
    assert QGuiApplication.clipboard().text() == str(port)
