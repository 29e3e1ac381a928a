"""Ten everyday tasks on the real window, with the keys and clicks that each takes.

Counted from a window that is open with the table in focus; a typed number counts as one. What each
took before the port card was there stands in brackets.

1. Free the port that somebody reads in an error: number, Enter, Enter. 2 keys after it (11).
2. See who has a port and since when: number. 0 keys after it (2, and three tabs to read).
3. Know whether a port is free: number. 0 keys after it (1, and only that no socket has it).
4. Take a free port with you: number, Enter. 1 key after it (4).
5. Ask why a port can't be used: number, Ctrl+Y. 1 key after it (4).
6. Test whether a server answers: number, Ctrl+T. 1 key after it (4).
7. Find another port near it: number, one click (3).
8. End the process behind the chosen row, which asks: Delete, Tab, Enter. 3 keys (3, of which Enter
   cancelled).
9. Narrow the table to a program: Ctrl+F, its name. 1 key before it (1).
10. Go from a typed port to its row: number, Ctrl+Enter. 1 key after it (1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from portview.ui.confirm.action_dialog import ActionDialog

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.ui.window.main_window import MainWindow

    Listen = Callable[[], tuple[subprocess.Popen[str], int]]

WAIT_MS = 20_000
CTRL = Qt.KeyboardModifier.ControlModifier


class Hands:
    """Presses keys on whatever has the focus and counts them."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window = window
        self.qtbot = qtbot
        self.count = 0

    def number(self, port: int) -> None:
        """Type a port; that counts for nothing, because nobody can do without."""
        QTest.keyClicks(self._focus(), str(port)[0])
        QTest.keyClicks(self._focus(), str(port)[1:])

    def press(
        self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """Press one key."""
        self.count += 1
        QTest.keyClick(self._focus(), key, modifier)

    def _focus(self) -> QWidget:
        focus = QApplication.focusWidget()
        assert focus is not None
        return focus


@pytest.fixture
def hands(open_window: Callable[..., RunningWindow], qtbot: QtBot) -> Hands:
    """Give hands on a real window over this machine's sockets."""
    window = open_window().window
    window.activateWindow()
    qtbot.waitActive(window)
    window.table.setFocus()
    qtbot.waitUntil(lambda: window.first_rows.are_shown, timeout=WAIT_MS)
    return Hands(window, qtbot)


def card_says(hands: Hands, text: str) -> None:
    hands.qtbot.waitUntil(lambda: text in hands.window.port_card.text, timeout=WAIT_MS)


def test_freeing_a_port_takes_two_keys_after_the_number(
    hands: Hands, child_listener: Listen
) -> None:
    process, port = child_listener()
    hands.number(port)
    card_says(hands, "is in use")
    hands.press(Qt.Key.Key_Return)
    dialog = hands.window.findChild(ActionDialog)
    assert dialog is not None
    hands.qtbot.waitUntil(dialog.act_button.isVisible, timeout=WAIT_MS)
    hands.qtbot.waitActive(dialog)
    with hands.qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        hands.press(Qt.Key.Key_Return)
    assert process.wait(10) is not None
    assert hands.count == 2
    assert str(port) in dialog.now_text.text()
    dialog.reject()


def test_who_has_a_port_is_there_as_soon_as_the_number_is(
    hands: Hands, child_listener: Listen
) -> None:
    process, port = child_listener()
    hands.number(port)
    card_says(hands, f"PID {process.pid}")
    card_says(hands, "since ")
    assert hands.count == 0


def test_a_free_port_is_proved_and_taken_with_one_key(hands: Hands, child_listener: Listen) -> None:
    process, port = child_listener()
    process.communicate()
    hands.number(port)
    card_says(hands, f"TCP {port} is free")
    assert hands.count == 0
    hands.press(Qt.Key.Key_Return)
    assert QGuiApplication.clipboard().text() == str(port)
    assert hands.count == 1


def test_why_and_test_and_the_row_are_one_key_away(hands: Hands, child_listener: Listen) -> None:
    _process, port = child_listener()
    window = hands.window
    hands.number(port)
    card_says(hands, "is in use")
    hands.press(Qt.Key.Key_Return, CTRL)
    assert window.views.selection().first.row.local.port == port
    hands.press(Qt.Key.Key_T, CTRL)
    hands.qtbot.waitUntil(window.probing.test_window.isVisible, timeout=WAIT_MS)
    assert hands.count == 2
    window.activateWindow()
    hands.qtbot.waitActive(window)
    window.port_box.setFocus()
    hands.press(Qt.Key.Key_Y, CTRL)
    hands.qtbot.waitUntil(window.diagnosis.diagnosis_window.isVisible, timeout=WAIT_MS)
    assert hands.count == 3


def test_the_table_is_narrowed_with_one_key_before_the_name(hands: Hands) -> None:
    hands.press(Qt.Key.Key_F, CTRL)
    assert hands.window.filter_box.hasFocus()
    assert hands.count == 1


def test_another_port_is_one_click_away(hands: Hands, child_listener: Listen) -> None:
    _process, port = child_listener()
    hands.number(port)
    card_says(hands, "is in use")
    hands.window.port_card.buttons["Find another"].click()
    hands.qtbot.waitUntil(hands.window.probing.pick_page.isVisible, timeout=WAIT_MS)
    assert hands.count == 0


def test_ending_a_process_takes_three_keys(hands: Hands, child_listener: Listen) -> None:
    process, port = child_listener()
    hands.number(port)
    card_says(hands, "is in use")
    hands.press(Qt.Key.Key_Return, CTRL)
    hands.press(Qt.Key.Key_Escape)
    hands.count = 0
    hands.press(Qt.Key.Key_Delete)
    dialog = hands.window.findChild(ActionDialog)
    assert dialog is not None
    hands.qtbot.waitUntil(dialog.act_button.isVisible, timeout=WAIT_MS)
    hands.qtbot.waitActive(dialog)
    while not dialog.act_button.hasFocus():
        hands.press(Qt.Key.Key_Tab)
    with hands.qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        hands.press(Qt.Key.Key_Return)
    assert process.wait(10) is not None
    assert hands.count == 3
    dialog.reject()
