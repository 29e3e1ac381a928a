"""The icon in the tray and what closing the window means; all of it off until asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QMessageBox, QSystemTrayIcon

from portview.domain.errors import PortViewError
from portview.override import override
from portview.settings import Settings
from portview.ui.commands.window_actions import ActionSpec, WindowActions
from portview.ui.window.tray import BACKGROUND_ACTIONS, Tray, quit_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PySide6.QtGui import QCloseEvent
    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.autostart import Autostart

# The offscreen platform of the tests has no tray; Qt says so when an icon is shown on it.
pytestmark = pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)


class Window(QMainWindow):
    """As much of the main window as the background knows."""

    def __init__(self) -> None:
        super().__init__()
        self.notified: list[str] = []
        self.show_message = self.notified.append
        self.acts = WindowActions(self)
        self.acts.add("pause", ActionSpec("Pause", is_checkable=True), lambda _on: None)

    def bring_to_front(self) -> None:
        self.show()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        event.setAccepted(self.background.may_close())

    background: Tray


class MemoryAutostart:
    """A log-in that is remembered here only."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.state = False
        self.refuses = refuses

    def is_on(self) -> bool:
        return self.state

    def set_on(self, is_on: bool) -> None:
        if self.refuses:
            raise PortViewError("autostart_not_changed", "The registry refused.", "Try again.")
        self.state = is_on


@pytest.fixture
def make(tmp_path: Path, qtbot: QtBot) -> Iterator[Callable[..., Window]]:
    made: list[Window] = []

    def make_one(autostart: Autostart | None = None, *, has_tray: bool = True) -> Window:
        window = Window()
        settings = Settings(tmp_path / "settings.json")
        window.background = Tray(window, window.acts, settings, autostart, has_tray=has_tray)
        window.background.show_requested.connect(window.bring_to_front)
        window.background.notified.connect(window.show_message)
        window.settings = settings  # type: ignore[attr-defined]
        window.show()
        made.append(window)
        return window

    yield make_one
    for window in made:
        window.background.quit()
        window.deleteLater()


def question_of(window: Window) -> QMessageBox | None:
    return next((box for box in window.findChildren(QMessageBox) if box.isVisible()), None)


def press(window: Window, text: str) -> None:
    question = question_of(window)
    assert question is not None
    next(button for button in question.buttons() if button.text() == text).click()
    QCoreApplication.processEvents()


def test_everything_is_off_at_first_and_closing_ends_the_program(
    make: Callable[..., Window],
) -> None:
    window = make(MemoryAutostart())
    assert not any(window.acts[name].isChecked() for name in BACKGROUND_ACTIONS)
    assert not window.background.icon.isVisible()
    assert window.close()
    assert question_of(window) is None


def test_with_an_icon_the_first_close_asks_and_the_answer_is_kept(
    make: Callable[..., Window],
) -> None:
    window = make()
    window.acts["tray"].setChecked(True)
    assert window.background.icon.isVisible()
    assert not window.close()
    assert window.isVisible()
    press(window, "&Keep running")
    assert not window.isVisible()
    assert window.acts["close_to_tray"].isChecked()
    window.bring_to_front()
    assert not window.close()
    assert not window.isVisible()
    assert question_of(window) is None


def test_the_person_may_answer_that_closing_is_to_quit(make: Callable[..., Window]) -> None:
    window = make()
    window.acts["tray"].setChecked(True)
    window.close()
    press(window, quit_title())
    assert not window.isVisible()
    assert not window.background.icon.isVisible()
    again = make()
    again.background._settings.set("tray", True)
    assert again.background._settings.get("close_to_tray", bool, None) is None


def test_cancelling_the_question_changes_nothing_and_it_is_asked_again(
    make: Callable[..., Window],
) -> None:
    window = make()
    window.acts["tray"].setChecked(True)
    window.close()
    press(window, "Cancel")
    assert window.isVisible()
    assert not window.close()
    assert question_of(window) is not None
    press(window, "Cancel")


def test_quit_ends_it_although_closing_goes_to_the_tray(make: Callable[..., Window]) -> None:
    window = make()
    window.acts["tray"].setChecked(True)
    window.acts["close_to_tray"].setChecked(True)
    window.background.quit()
    assert not window.isVisible()
    assert not window.background.icon.isVisible()
    assert QApplication.quitOnLastWindowClosed()


def test_a_session_that_ends_is_not_held_up(make: Callable[..., Window]) -> None:
    window = make()
    window.acts["tray"].setChecked(True)
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    window.background._on_session_end()
    assert window.close()


def test_a_click_on_the_icon_shows_the_window(make: Callable[..., Window]) -> None:
    window = make()
    window.acts["tray"].setChecked(True)
    window.hide()
    window.background.icon.activated.emit(QSystemTrayIcon.ActivationReason.Context)
    assert not window.isVisible()
    window.background.icon.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)
    assert window.isVisible()


def test_the_menu_of_the_icon_is_small_and_plain(make: Callable[..., Window]) -> None:
    window = make()
    menu = window.background.icon.contextMenu()
    texts = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert texts == ["&Show PortView", "Pause", quit_title()]


def test_started_in_the_background_it_stays_in_the_tray_or_minimised(
    make: Callable[..., Window],
) -> None:
    window = make()
    window.hide()
    window.background.open()
    assert window.isMinimized()
    hidden = make()
    hidden.acts["tray"].setChecked(True)
    hidden.hide()
    hidden.background.open()
    assert not hidden.isVisible()


def test_a_desktop_without_a_tray_says_so(make: Callable[..., Window]) -> None:
    window = make(has_tray=False)
    assert not window.acts["tray"].isEnabled()
    assert "no notification area" in window.acts["tray"].toolTip()
    assert not window.acts["close_to_tray"].isEnabled()
    assert not window.acts["autostart"].isEnabled()
    assert window.acts["autostart"].toolTip()


def test_starting_at_log_in_is_switched_and_told_where_it_fails(
    make: Callable[..., Window],
) -> None:
    autostart = MemoryAutostart()
    window = make(autostart)
    window.acts["autostart"].setChecked(True)
    assert autostart.state
    window.acts["autostart"].setChecked(False)
    assert not autostart.state
    refusing = make(MemoryAutostart(refuses=True))
    refusing.acts["autostart"].setChecked(True)
    assert not refusing.acts["autostart"].isChecked()
    assert refusing.notified == ["The registry refused. Try again."]


def test_the_settings_are_there_at_the_next_start(
    open_window: Callable[..., RunningWindow], tmp_path: Path
) -> None:
    settings = Settings(tmp_path / "kept.json")
    settings.set("close_to_tray", True)
    window = open_window(settings).window
    assert window.acts["close_to_tray"].isChecked()
    titles = [action.objectName() for action in window.menuBar().actions()[0].menu().actions()]
    assert [title for title in titles if title in BACKGROUND_ACTIONS] == list(BACKGROUND_ACTIONS)


@pytest.mark.windows_only("the shell's own tray")
def test_windows_has_a_tray_and_takes_the_icon(make: Callable[..., Window], qtbot: QtBot) -> None:
    assert QSystemTrayIcon.isSystemTrayAvailable()
    window = make()
    window.acts["tray"].setChecked(True)
    qtbot.waitUntil(window.background.icon.isVisible)
