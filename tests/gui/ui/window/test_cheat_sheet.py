"""The cheat sheet: made of what the window has, so that it can't be out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from portview.domain.query.syntax import parse_query
from portview.domain.query.terms import Key
from portview.ui.commands.window_actions import ActionSpec
from portview.ui.window.cheat_sheet import CheatSheet, HelpSection, help_sections

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from portview.ui.window.main_window import MainWindow


def section(sections: list[HelpSection], title: str) -> HelpSection:
    return next(each for each in sections if each.title == title)


def test_shift_f1_opens_it_and_esc_closes_it(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    qtbot.keyClick(window.table, Qt.Key.Key_F1, Qt.KeyboardModifier.ShiftModifier)
    result = window.findChild(CheatSheet)
    assert result is not None
    qtbot.waitUntil(result.search.hasFocus)
    with qtbot.waitSignal(result.rejected):
        qtbot.keyClick(result.search, Qt.Key.Key_Escape)


def test_it_has_every_shortcut_of_the_window(window: MainWindow) -> None:
    window.menuBar().addAction(
        window.acts.add("new", ActionSpec("Brand &new", ("Ctrl+9",)), lambda: None)
    )
    lines = [line for each in help_sections(window.menuBar()) for line in each.lines]
    told = {line.keys for line in lines}
    assert [line.about for line in lines].count("Copy rows") == 1
    for action in window.acts.all():
        form = QKeySequence.SequenceFormat.NativeText
        keys = ", ".join(each.toString(form) for each in action.shortcuts())
        assert not keys or keys in told, action.text()
    assert any("Brand new" in line.about for line in lines)


def test_every_key_of_the_language_has_an_example_that_is_a_query(window: MainWindow) -> None:
    lines = section(help_sections(window.menuBar()), "The filter language").lines
    for line in lines:
        parse_query(line.keys)
    for key in Key:
        assert any(line.keys.startswith(f"{key}:") for line in lines)


def test_typing_narrows_it(window: MainWindow, qtbot: QtBot) -> None:
    result = CheatSheet(help_sections(window.menuBar()))
    qtbot.addWidget(result)
    qtbot.keyClicks(result.search, "go to port")
    shown = [
        item.text(1)
        for top in result._tops
        if not top.isHidden()
        for item in (top.child(n) for n in range(top.childCount()))
        if item is not None and not item.isHidden()
    ]
    assert shown == ["Go to port"]
    result.search.clear()
    assert not any(top.isHidden() for top in result._tops)
