"""A walk with only the keyboard reaches every action and every part of the window."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QActionGroup, QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QToolButton, QWidget

from portview.domain.table.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QAction
    from pytestqt.qtbot import QtBot

    from portview.ui.window.main_window import MainWindow


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


def view_submenu(window: MainWindow, title: str) -> QMenu:
    menus = [action.menu() for action in walk_menus(window.menuBar().actions())]
    return next(menu for menu in menus if menu.title().replace("&", "") == title)


def walk_menus(actions: Sequence[QAction]) -> Iterator[QAction]:
    for action in actions:
        menu = action.menu()
        if isinstance(menu, QMenu):
            yield action
            yield from walk_menus(menu.actions())


def test_rows_are_sorted_without_a_mouse(window: MainWindow) -> None:
    for title, is_ascending in (("PID", True), ("Descending", False)):
        menu = view_submenu(window, "Sort by")
        menu.aboutToShow.emit()
        next(a for a in menu.actions() if a.text().replace("&", "") == title).trigger()
        pids = [entry.row.pid for entry in window.model.shown_entries if entry.row.pid]
        assert len(set(pids)) > 1
        assert pids == sorted(pids, reverse=not is_ascending)
    menu.aboutToShow.emit()
    assert [a.text() for a in menu.actions() if a.isChecked()] == ["PID", "&Descending"]


def test_a_menu_that_is_opened_again_keeps_nothing_of_before(
    window: MainWindow, qtbot: QtBot
) -> None:
    menu = view_submenu(window, "Sort by")
    for _ in range(3):
        menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: len(menu.findChildren(QActionGroup)) == 2)


def test_columns_change_places_without_a_mouse(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    window.table.setFocus()
    before = [column.id for column in window.columns.shown()]
    second = [column.id for column in COLUMNS].index(before[1])
    window.table.setCurrentIndex(window.model.index(0, second))
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    QTest.keyClick(window.table, Qt.Key.Key_Left, modifiers)
    assert [column.id for column in window.columns.shown()][:2] == [before[1], before[0]]
    QTest.keyClick(window.table, Qt.Key.Key_Left, modifiers)
    assert next(column.id for column in window.columns.shown()) == before[1]
    QTest.keyClick(window.table, Qt.Key.Key_Right, modifiers)
    assert [column.id for column in window.columns.shown()] == before


def test_what_has_the_focus_can_be_seen(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    window.views.view.setFocus()
    stops = [window.live_button, window.filter_box, window.port_box, *window.scope_bar.buttons]
    without = {stop: stop.grab().toImage() for stop in stops}
    seen: set[QWidget] = set()
    for _ in range(40):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        if focused in without:
            assert focused.grab().toImage() != without[focused], focused.accessibleName()
            seen.add(focused)
    # Of the scopes, Tab visits the one that is pressed; arrow keys go to the others.
    assert {window.live_button, window.filter_box, window.port_box} < seen
