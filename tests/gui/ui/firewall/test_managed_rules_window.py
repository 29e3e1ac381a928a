"""The rules that PortView made stand in a list, from which they are revoked."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from portview.domain.firewall import RuleEffect, RuleSpec
from portview.domain.sockets.socket_row import Protocol
from portview.settings import Settings
from portview.ui.confirm.action_dialog import ActionDialog
from portview.ui.confirm.confirmation_view import CardView
from portview.ui.firewall.managed_rules_window import ManagedRulesWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import TaskRunner
    from tests.fakes.firewall import FakeFirewall

RULE_SPEC = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 80, "/opt/web")
WAIT_MS = 20_000


@pytest.fixture
def window(
    qtbot: QtBot, runner: TaskRunner, firewall: FakeFirewall, tmp_path: Path
) -> Iterator[ManagedRulesWindow]:
    """Give the list over a window, not yet shown."""
    parent = QMainWindow()
    parent.show()
    settings = Settings(tmp_path / "settings.json")
    made = ManagedRulesWindow(firewall, lambda: firewall, runner, settings, parent)
    yield made
    made.close()
    parent.close()
    parent.deleteLater()


@pytest.fixture
def show(qtbot: QtBot, window: ManagedRulesWindow) -> Callable[[], list[list[str]]]:
    """Give a way to read the list again, as rows of texts."""

    def texts() -> list[list[str]]:
        window.bring_up()
        window.refresh()
        qtbot.waitUntil(lambda: not window.is_reading, timeout=WAIT_MS)
        table = window.table
        return [
            [table.item(row, column).text() for column in range(table.columnCount())]
            for row in range(table.rowCount())
        ]

    return texts


def make(firewall: FakeFirewall, rule_spec: RuleSpec = RULE_SPEC) -> str:
    change = firewall.plan(rule_spec, firewall.read())
    firewall.apply(change)
    return change.id


def test_an_empty_list_says_what_would_stand_there(
    window: ManagedRulesWindow, show: Callable[[], list[list[str]]]
) -> None:
    assert show() == []
    assert "PortView has created no rule" in window.note.text()
    assert not window.table.isVisible()
    assert not window.revoke_button.isEnabled()
    assert not window.all_button.isEnabled()


def test_each_rule_is_told_with_its_effect_and_its_end(
    firewall: FakeFirewall, window: ManagedRulesWindow, show: Callable[[], list[list[str]]]
) -> None:
    make(firewall)
    make(
        firewall,
        replace(RULE_SPEC, effect=RuleEffect.BLOCK, port=81, program=None, remotes=("any",)),
    )
    first, second = show()
    assert first == [
        "PortView: allow tcp 80",
        "Allows",
        "TCP 80",
        "the local subnet",
        "it is revoked",
        "Partly allowed",
        "/opt/web",
    ]
    assert second[1:4] == ["Blocks", "TCP 81", "any address"]
    assert second[5:] == ["Blocked", "any"]
    assert window.all_button.isEnabled()


def test_selected_rules_are_taken_back_after_a_question(
    qtbot: QtBot,
    runner: TaskRunner,
    firewall: FakeFirewall,
    window: ManagedRulesWindow,
    show: Callable[[], list[list[str]]],
) -> None:
    for port in (80, 81, 82):
        make(firewall, replace(RULE_SPEC, port=port))
    show()
    table, keys = window.table, Qt.KeyboardModifier
    # Clicked, because selectRow goes by the keys that an earlier test was the last to press.
    for row, key in ((0, keys.NoModifier), (2, keys.ControlModifier)):
        place = table.visualItemRect(table.item(row, 0)).center()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, key, place)
    with qtbot.waitSignal(window.action_wanted) as wanted:
        window.revoke_button.click()
    dialog = ActionDialog(wanted.args[0], runner)
    dialog.open()
    qtbot.waitUntil(lambda: not dialog.progress_bar.isVisible(), timeout=WAIT_MS)
    assert dialog.headline.text() == "Revoke 2 rules created by PortView?"
    assert len(dialog.findChildren(CardView)) == 2
    assert len(firewall.read().managed_rules) == 3
    with qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        dialog.act_button.click()
    assert "The rule is gone." in dialog.now_text.text()
    dialog.close()
    assert [row[2] for row in show()] == ["TCP 81"]


def test_a_rule_that_has_had_its_time_is_marked(
    qtbot: QtBot,
    firewall: FakeFirewall,
    window: ManagedRulesWindow,
    show: Callable[[], list[list[str]]],
) -> None:
    told: list[bool] = []
    window.none_expired.connect(lambda: told.append(True))
    now_ms = time.time_ns() // 1_000_000
    rule_id = make(firewall, replace(RULE_SPEC, expires_at_ms=now_ms - 1000))
    make(firewall, replace(RULE_SPEC, expires_at_ms=now_ms + 3_600_000))
    first, second = show()
    assert "it expired" in first[4]
    assert not window.table.item(0, 0).icon().isNull()
    assert "ended" not in second[4]
    assert told == []
    firewall.apply(firewall.plan_removal(firewall.read().managed_rules[0]))
    assert rule_id not in [own.id for own in firewall.read().managed_rules]
    show()
    assert told == [True]


def test_a_list_that_can_not_be_read_says_why(
    firewall: FakeFirewall, window: ManagedRulesWindow, show: Callable[[], list[list[str]]]
) -> None:
    firewall.problem = "Reading the rules needs root."
    assert show() == []
    assert window.note.text() == "Reading the rules needs root."


def test_hostile_names_are_inert_and_copied_whole(
    qtbot: QtBot,
    firewall: FakeFirewall,
    window: ManagedRulesWindow,
    show: Callable[[], list[list[str]]],
) -> None:
    hostile = "/opt/<b>x</b>\u202e" + "y" * 32_000
    make(firewall, replace(RULE_SPEC, program=hostile))
    (row,) = show()
    assert row[6].startswith("/opt/<b>x</b>\\u{202E}yyy")
    assert len(row[6]) <= 500
    window.table.selectAll()
    qtbot.keyClick(window.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert hostile in QGuiApplication.clipboard().text()
