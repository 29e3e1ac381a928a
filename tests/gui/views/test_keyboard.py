"""A walk with only the keyboard reaches every action and every part of the window."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QToolButton, QWidget

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QAction
    from pytestqt.qtbot import QtBot

    from portview.ui.main_window import MainWindow


def walk(actions: Sequence[QAction]) -> Iterator[QAction]:
    for action in actions:
        menu = action.menu()
        if isinstance(menu, QMenu):
            yield from walk(menu.actions())
        elif not action.isSeparator():
            yield action


def test_every_action_stands_in_the_menu_bar_and_has_words(window: MainWindow) -> None:
    reached = set(walk(window.menuBar().actions()))
    for action in window.acts.all():
        assert action in reached, action.objectName()
        assert action.text().replace("&", "").strip()


def test_every_menu_opens_by_a_letter_of_its_own(window: MainWindow) -> None:
    letters = [menu.text().partition("&")[2][:1].lower() for menu in window.menuBar().actions()]
    assert all(letters)
    assert len(set(letters)) == len(letters)


def test_the_arrow_keys_reach_every_enabled_action(window: MainWindow, qtbot: QtBot) -> None:
    reached: set[QAction] = set()

    def go_through(menu: QMenu, depth: int = 0) -> None:
        assert depth < 4
        usable = [each for each in menu.actions() if not each.isSeparator() and each.isEnabled()]
        for _ in usable:
            QTest.keyClick(menu, Qt.Key.Key_Down)
            action = menu.activeAction()
            assert action is not None
            submenu = action.menu()
            if not isinstance(submenu, QMenu):
                reached.add(action)
                continue
            QTest.keyClick(menu, Qt.Key.Key_Right)
            if submenu.isVisible():
                submenu.setActiveAction(submenu.actions()[-1])  # so that Down begins at the top
                go_through(submenu, depth + 1)
                QTest.keyClick(submenu, Qt.Key.Key_Left)

    window.table.selectRow(0)
    expected: set[QAction] = set()
    for top in window.menuBar().actions():
        menu = top.menu()
        assert isinstance(menu, QMenu)
        menu.popup(window.mapToGlobal(window.rect().topLeft()))
        expected |= {each for each in walk(menu.actions()) if each.isEnabled()}
        go_through(menu)
        menu.close()
    ours = set(window.acts.all())
    assert expected & ours <= reached


def test_no_shortcut_means_two_things(window: MainWindow) -> None:
    keys = Counter(key.toString() for action in window.acts.all() for key in action.shortcuts())
    assert [key for key, count in keys.items() if count > 1] == []


def test_tab_visits_the_tool_bar_and_the_rows_and_comes_round(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    window.views.view.setFocus()
    visited: list[QWidget] = []
    for _ in range(60):
        focused = QApplication.focusWidget()
        assert focused is not None
        if focused in visited:
            break
        visited.append(focused)
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    wanted = [
        window.live_button,
        window.filter_box,
        window.port_box,
        window.table,
        *(
            button
            for button in window.centralWidget().findChildren(QToolButton)
            # Those inside a line edit belong to it: Esc clears as they do.
            if button.isVisible() and not isinstance(button.parent(), QLineEdit)
        ),
    ]
    for widget in wanted:
        is_reached = widget in visited or widget.focusPolicy() is Qt.FocusPolicy.NoFocus
        assert is_reached, (widget, widget.accessibleName())
        assert widget.accessibleName() or widget.text(), widget
    assert any(window.scope_bar.isAncestorOf(each) for each in visited)


def test_the_menu_key_opens_the_menu_of_the_row(window: MainWindow, qtbot: QtBot) -> None:
    asked: list[object] = []
    window.views.menu_requested.disconnect()
    window.views.menu_requested.connect(asked.append)
    window.table.selectRow(1)
    window.table.setFocus()
    centre = window.table.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, centre, centre)
    QApplication.sendEvent(window.table, event)
    below = window.table.viewport().mapToGlobal(
        window.table.visualRect(window.table.currentIndex()).bottomLeft()
    )
    assert asked == [below]
