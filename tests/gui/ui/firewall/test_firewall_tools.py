"""The ways to the firewall in a whole window: menus, keys, notes, and what follows a change."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from portview import app
from portview.domain.firewall import FirewallVerdict, RuleEffect, RuleSpec
from portview.domain.sockets.scope import Scope
from portview.domain.sockets.socket_row import Protocol
from portview.ui.confirm.action_dialog import ActionDialog
from portview.ui.firewall.rule_dialog import RuleDialog
from portview.ui.window.cheat_sheet import help_sections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.ui.window.main_window import MainWindow
    from tests.fakes.firewall import FakeFirewall

WAIT_MS = 20_000
EVERYWHERE = "0.0.0.0"  # noqa: S104 - where a server listens that others are to reach


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    """Listen on all addresses and on loopback, where the kernel alone answers."""
    with (
        socket.create_server((EVERYWHERE, 0)) as everywhere,
        socket.create_server(("127.0.0.1", 0)) as here,
    ):
        yield everywhere.getsockname()[1], here.getsockname()[1]


@pytest.fixture
def opened(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    firewall: FakeFirewall,
    ports: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> RunningWindow:
    """Give a window on this machine's sockets and a firewall in memory."""
    monkeypatch.setattr(app, "_open_firewall", lambda: firewall)
    made = open_window()
    qtbot.waitUntil(lambda: port_row(made.window, ports[1]) is not None, timeout=WAIT_MS)
    return made


def port_row(window: MainWindow, port: int) -> object:
    entries = (entry for entry in window.model.shown_entries if entry.row.local.port == port)
    return next((entry.row.key for entry in entries), None)


def dialog_of(qtbot: QtBot, window: MainWindow, kind: type) -> object:
    qtbot.waitUntil(lambda: bool(window.findChildren(kind)), timeout=WAIT_MS)
    dialog = window.findChildren(kind)[-1]
    qtbot.waitUntil(lambda: not dialog.progress_bar.isVisible(), timeout=WAIT_MS)
    return dialog


def test_from_blocked_to_allowed_and_back(
    qtbot: QtBot, opened: RunningWindow, firewall: FakeFirewall, ports: tuple[int, int]
) -> None:
    window, port = opened.window, ports[0]
    key = port_row(window, port)
    assert window.table.select_key(key)

    def verdict() -> str | None:
        answer = window.model.context.firewall.get(key)
        return answer.verdict if answer else None

    qtbot.waitUntil(lambda: verdict() == FirewallVerdict.BLOCKED, timeout=WAIT_MS)
    qtbot.keyClick(
        window.table,
        Qt.Key.Key_A,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    dialog = dialog_of(qtbot, window, RuleDialog)
    with qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        dialog.act_button.click()
    qtbot.waitUntil(lambda: verdict() == FirewallVerdict.PARTLY, timeout=WAIT_MS)
    dialog.revoke_button.click()
    revoke = dialog_of(qtbot, window, ActionDialog)
    with qtbot.waitSignal(revoke.acted, timeout=WAIT_MS):
        revoke.act_button.click()
    revoke.close()
    assert firewall.read().managed_rules == ()
    qtbot.waitUntil(lambda: verdict() == FirewallVerdict.BLOCKED, timeout=WAIT_MS)


def test_where_no_rule_helps_the_menu_says_why(
    opened: RunningWindow, ports: tuple[int, int], qtbot: QtBot
) -> None:
    window = opened.window
    assert window.table.select_key(port_row(window, ports[1]))
    window.row_actions.refresh()
    for name in ("allow_in_firewall", "block_in_firewall"):
        assert not window.acts[name].isEnabled()
        assert "this machine alone" in window.acts[name].statusTip()
    window.acts["allow_in_firewall"].setEnabled(True)
    window.acts["allow_in_firewall"].trigger()
    assert "this machine alone" in window.status.currentMessage()
    window.set_scope(Scope.CONNECTIONS)


def test_the_menus_and_the_cheat_sheet_know_them(opened: RunningWindow) -> None:
    window = opened.window
    firewall = next(a.menu() for a in window.row_menu.actions() if a.text() == "Fire&wall")
    assert isinstance(firewall, QMenu)
    names = [action.objectName() for action in firewall.actions()]
    assert names == ["allow_in_firewall", "block_in_firewall"]
    told = [line.about for section in help_sections(window.menuBar()) for line in section.lines]
    for title in (
        "Allow through firewall\u2026",
        "Block in firewall\u2026",
        "Firewall rules created by PortView",
    ):
        assert any(line.endswith(title) for line in told)


def test_what_can_not_be_taken_back_is_noted_until_it_is_gone(
    qtbot: QtBot, opened: RunningWindow, firewall: FakeFirewall
) -> None:
    window = opened.window
    change = firewall.plan(
        RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 80, expires_at_ms=1000), firewall.read()
    )
    firewall.apply(change)
    window.firewall.show_expired("A rule has had its <b>time</b>.")
    assert window.status.note.isVisible()
    assert "&lt;b&gt;time" in window.status.note.toolTip()
    qtbot.mouseClick(window.status.note, Qt.MouseButton.LeftButton)
    listed = window.firewall.managed_rules_window
    qtbot.waitUntil(lambda: listed.table.rowCount() == 1, timeout=WAIT_MS)
    assert window.status.note.isVisible()
    listed.all_button.click()
    dialog = dialog_of(qtbot, window, ActionDialog)
    with qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        dialog.act_button.click()
    dialog.close()
    qtbot.waitUntil(lambda: listed.table.rowCount() == 0, timeout=WAIT_MS)
    assert not window.status.note.isVisible()


def test_the_tab_leads_to_the_same_dialogs(
    qtbot: QtBot, opened: RunningWindow, ports: tuple[int, int]
) -> None:
    window = opened.window
    assert window.table.select_key(port_row(window, ports[0]))
    window.details.pane.tabs.setCurrentIndex(3)
    page = window.details.pane.front_page
    qtbot.mouseClick(page.block_button, Qt.MouseButton.LeftButton)
    dialog = dialog_of(qtbot, window, RuleDialog)
    assert dialog.windowTitle() == "Block in firewall"
    dialog.close()
    qtbot.mouseClick(page.managed_button, Qt.MouseButton.LeftButton)
    assert window.firewall.managed_rules_window.isVisible()


def test_the_ladder_has_the_firewalls_word(
    qtbot: QtBot, opened: RunningWindow, firewall: FakeFirewall, ports: tuple[int, int]
) -> None:
    window = opened.window
    assert window.table.select_key(port_row(window, ports[0]))
    window.acts["test"].trigger()
    test = window.probing.connection_page
    qtbot.waitUntil(lambda: test.result is not None, timeout=60_000)
    assert test.result is not None
    lines = {row.cells[0]: row for row in test.result.rows}
    assert "blocked. No rule lets it in." in lines["Firewall"].cells[3]
    assert test.result.word in {"Blocked", "This machine only"}  # the latter without any network
    assert window.table.select_key(port_row(window, ports[1]))
    window.acts["test"].trigger()
    qtbot.waitUntil(lambda: test.result is not None, timeout=60_000)
    assert test.result is not None
    assert "Firewall" not in {row.cells[0] for row in test.result.rows}


def test_the_firewall_is_closed_with_the_window(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    firewall: FakeFirewall,
    monkeypatch: pytest.MonkeyPatch,
    ports: tuple[int, int],
) -> None:
    monkeypatch.setattr(app, "_open_firewall", lambda: firewall)
    made = open_window()
    qtbot.waitUntil(lambda: bool(made.window.model.context.firewall), timeout=WAIT_MS)
    made.window.close()
    made.close()
    assert firewall.is_closed
