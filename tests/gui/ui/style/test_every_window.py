"""Every window and dialog, open at once: themes reach all texts, and all can be used by everybody.

A theme is switched while they are open, and each text is then compared with a window that was made
under that theme. The accessibility tree is walked as a screen reader walks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QColor, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QDialog,
    QLabel,
    QMenu,
    QTabBar,
    QWidget,
)

from portview.ui.style.theme import Theme, apply_theme, contrast_ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QAccessibleInterface
    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.socket_row import SocketRow
    from portview.ui.window.main_window import MainWindow

WAIT_MS = 20_000
READABLE = 4.5

ACTS = (
    *("settings", "palette", "cheat_sheet", "about", "whats_new", "watches", "action_list"),
    *("export", "why", "managed_rules", "test_window", "probe", "scan", "pick"),
)
TABS = {"probe", "scan", "pick"}
"""Acts that show another tab of a window that is open already."""

ROW_ACTS = ("properties", "free_port", "end_process", "watch_port", "why_port", "allow_in_firewall")


def shown() -> set[QWidget]:
    return {one for one in QApplication.topLevelWidgets() if one.isVisible()}


def wait_for_more(before: set[QWidget], qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: bool(shown() - before), timeout=WAIT_MS)


@pytest.fixture
def open_all(
    window: MainWindow, rows: tuple[SocketRow, ...], qtbot: QtBot
) -> Iterator[Callable[[], list[QWidget]]]:
    """Give a way to open all windows and dialogs; each is shown without blocking the others."""
    opened: list[QWidget] = []

    def open_them() -> list[QWidget]:
        assert window.table.select_key(rows[1].key)
        qtbot.waitUntil(lambda: window.details.pane.front_page is not None)
        for name in ACTS:
            before = shown()
            window.acts[name].trigger()
            if name not in TABS:
                wait_for_more(before, qtbot)
        for name in ROW_ACTS:
            before = shown()
            window.row_actions.trigger(name)
            assert not window.row_actions.why_not(name), (name, window.row_actions.why_not(name))
            if name != "why_port":
                wait_for_more(before, qtbot)
        for tab in range(window.details.pane.tabs.count()):
            window.details.pane.tabs.setCurrentIndex(tab)
        window.filter_box.set_query_text("proc:node user:ann")
        opened[:] = sorted(shown(), key=lambda one: one.windowTitle())
        return opened

    yield open_them
    apply_theme(Theme.SYSTEM)
    for one in opened:
        if shiboken6.isValid(one) and one is not window and isinstance(one, QDialog):
            one.reject()


def texts(windows: list[QWidget]) -> Iterator[QWidget]:
    for one in windows:
        for widget in one.findChildren(QWidget):
            if isinstance(widget, QLabel | QAbstractButton | QTabBar) and widget.isVisibleTo(one):
                yield widget


def background(widget: QWidget) -> QColor:
    """Return what lies behind a widget's text, as far as palettes tell."""
    if isinstance(widget, QAbstractButton):
        return widget.palette().color(QPalette.ColorRole.Button)
    place: QWidget | None = widget
    while place is not None:
        if place.autoFillBackground() or place.isWindow() or isinstance(place, QAbstractScrollArea):
            return place.palette().color(place.backgroundRole())
        place = place.parentWidget()
    return widget.palette().color(QPalette.ColorRole.Window)


def described(widget: QWidget) -> str:
    text = getattr(widget, "text", str)() if not isinstance(widget, QTabBar) else "tabs"
    return f"{type(widget).__name__} {text!r} in {widget.window().windowTitle()!r}"


def test_every_text_can_be_read_after_any_switch_of_the_theme(
    open_all: Callable[[], list[QWidget]], qtbot: QtBot
) -> None:
    windows = open_all()
    assert len(windows) >= 14
    for theme in (Theme.DARK, Theme.LIGHT, Theme.HIGH_CONTRAST, Theme.DARK, Theme.LIGHT):
        apply_theme(theme)
        QApplication.processEvents()
        seen, faint = 0, []
        for widget in texts(windows):
            colour = widget.palette().color(widget.foregroundRole())
            ratio = contrast_ratio(colour, background(widget))
            seen += 1
            # WCAG asks nothing of what is disabled, and systems make it faint.
            if widget.isEnabled() and ratio < READABLE:
                faint.append(f"{ratio:.1f} {described(widget)}")
        assert seen > 150
        assert not faint, (theme, faint)


def test_colours_after_a_switch_are_those_of_a_window_made_under_the_theme(
    open_all: Callable[[], list[QWidget]],
) -> None:
    apply_theme(Theme.DARK)
    windows = open_all()
    QApplication.processEvents()
    found = {id(widget): (state(widget), colours(widget)) for widget in texts(windows)}
    for theme in (Theme.LIGHT, Theme.HIGH_CONTRAST, Theme.DARK):
        apply_theme(theme)
        QApplication.processEvents()
    changed = [
        f"{described(widget)}: {found[id(widget)]}, now {colours(widget)}"
        for widget in texts(windows)
        # What came to say something else meanwhile may have another colour for it.
        if found.get(id(widget), (None,))[0] == state(widget)
        and found[id(widget)][1] != colours(widget)
    ]
    assert not changed


def state(widget: QWidget) -> tuple[str, bool]:
    return described(widget), widget.isEnabled()


def colours(widget: QWidget) -> tuple[str, str]:
    palette = widget.palette()
    return (
        palette.color(widget.foregroundRole()).name(),
        palette.color(widget.backgroundRole()).name(),
    )


def walk(interface: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    yield interface
    if interface.role() in CELLS:
        return  # a row of sockets is told by its model
    for number in range(interface.childCount()):
        child = interface.child(number)
        if child is not None and child.isValid():
            yield from walk(child)


CELLS = {
    QAccessible.Role.Table,
    QAccessible.Role.Tree,
    QAccessible.Role.List,
    QAccessible.Role.ComboBox,
}
ROLES_OF_NOTHING = {QAccessible.Role.NoRole, QAccessible.Role.Client}


def test_everything_that_takes_the_keyboard_has_a_name_and_a_role(
    open_all: Callable[[], list[QWidget]],
) -> None:
    nameless = []
    count = 0
    for window in open_all():
        for interface in walk(QAccessible.queryAccessibleInterface(window)):
            state = interface.state()
            if not state.focusable or state.invisible:
                continue
            owner = interface.object()
            if isinstance(owner, QWidget) and owner.focusProxy() is not None:
                continue
            count += 1
            name = interface.text(QAccessible.Text.Name)
            # Qt knows no role for a picture that scrolls; its description says what is in it.
            is_picture = isinstance(owner, QAbstractScrollArea) and owner.accessibleDescription()
            has_role = interface.role() not in ROLES_OF_NOTHING or is_picture
            if not name.strip() or not has_role:
                nameless.append(
                    f"{type(owner).__name__} {owner.objectName()} {interface.role()} "
                    f"in {window.windowTitle()!r}"
                )
    assert count > 100
    assert not nameless, "\n".join(nameless)


def test_tab_reaches_everything_that_can_be_used(open_all: Callable[[], list[QWidget]]) -> None:
    lost = []
    for window in open_all():
        reached: set[QWidget] = set()
        place: QWidget | None = window
        while place is not None and place not in reached:
            reached.add(place)
            place = place.nextInFocusChain()
        for widget in window.findChildren(QWidget):
            takes_focus = widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus
            is_asked = widget.isVisibleTo(window) and takes_focus and widget.window() is window
            if is_asked and widget not in reached and widget.focusProxy() is None:
                lost.append(described(widget))
    assert not lost


def mnemonic(text: str) -> str:
    sequence = QKeySequence.mnemonic(text)
    return sequence.toString()


def twice(texts_: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts_:
        if keys := mnemonic(text):
            found.setdefault(keys, []).append(text)
    return {keys: named for keys, named in found.items() if len(named) > 1}


def menus_of(window: MainWindow) -> Iterator[tuple[str, list[str]]]:
    yield "menu bar", [action.text() for action in window.menuBar().actions()]
    for menu in window.findChildren(QMenu):
        menu.aboutToShow.emit()
        texts_ = [action.text() for action in menu.actions() if action.isVisible()]
        menu.aboutToHide.emit()
        yield menu.title() or "context menu", texts_


def test_no_letter_stands_for_two_entries_of_a_menu(
    window: MainWindow, rows: tuple[SocketRow, ...]
) -> None:
    window.table.select_key(rows[1].key)
    found = {title: twice(texts_) for title, texts_ in menus_of(window)}
    assert len(found) > 10
    assert not {title: letters for title, letters in found.items() if letters}


def test_no_letter_stands_for_two_things_of_a_dialog(
    open_all: Callable[[], list[QWidget]],
) -> None:
    found = {}
    for window in open_all():
        if isinstance(window, QDialog):
            texts_ = [
                widget.text()
                for widget in window.findChildren(QWidget)
                if widget.isVisibleTo(window)
                and widget.window() is window
                and (
                    isinstance(widget, QAbstractButton)
                    or (isinstance(widget, QLabel) and widget.buddy() is not None)
                )
            ]
            found[window.windowTitle()] = twice(texts_)
    assert not {title: letters for title, letters in found.items() if letters}
