"""Screen readers hear of results: mistakes of the filter, answers of the card, ends of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QAccessible

from portview.ui.widgets import announce as module

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from PySide6.QtGui import QAccessibleAnnouncementEvent
    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.domain.sockets.socket_row import SocketRow
    from portview.ui.window.main_window import MainWindow

WAIT_MS = 20_000


class Reader:
    """Stands in for a running screen reader: notes what Qt would hand to it."""

    AnnouncementPoliteness = QAccessible.AnnouncementPoliteness

    def __init__(self) -> None:
        self.heard: list[tuple[str, bool]] = []

    def isActive(self) -> bool:  # noqa: N802 - Qt's name
        return True

    def updateAccessibility(self, event: QAccessibleAnnouncementEvent) -> None:  # noqa: N802
        urgent = QAccessible.AnnouncementPoliteness.Assertive
        assert event.type() is QAccessible.Event.Announcement
        self.heard.append((event.message(), event.politeness() is urgent))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    made = Reader()
    monkeypatch.setattr(module, "QAccessible", made)
    return made


def test_a_mistake_in_the_filter_is_said(window: MainWindow, reader: Reader) -> None:
    window.filter_box.set_query_text("adress:1")
    assert any("Did you mean addr:?" in text for text, _urgent in reader.heard)


def test_an_answer_about_a_port_is_said_once(
    window: MainWindow, reader: Reader, show: Callable[..., None], rows: tuple[SocketRow, ...]
) -> None:
    window.port_box.setText("8080")
    assert [text for text, _urgent in reader.heard if "8080" in text] == [
        "TCP 8080 is in use. node, PID 1234"
    ]
    show(*rows)
    assert len([text for text, _urgent in reader.heard if "8080" in text]) == 1
    window.port_box.clear()


def test_a_message_of_the_status_bar_is_said(window: MainWindow, reader: Reader) -> None:
    window.show_message("Copied: 1 row.")
    assert reader.heard == [("Copied: 1 row.", False)]
    window.status.clearMessage()


def test_how_an_action_ended_is_said(
    open_window: Callable[..., RunningWindow],
    child_listener: Callable[[], tuple[subprocess.Popen[str], int]],
    qtbot: QtBot,
    reader: Reader,
) -> None:
    from portview.ui.confirm.action_dialog import ActionDialog  # noqa: PLC0415 - after the window

    process, port = child_listener()
    window = open_window().window
    window.port_box.setText(str(port))
    qtbot.waitUntil(lambda: "is in use" in window.port_card.text, timeout=WAIT_MS)
    window.port_card.buttons["Free port\u2026"].click()
    [dialog] = window.findChildren(ActionDialog)
    qtbot.waitUntil(dialog.act_button.isVisible, timeout=WAIT_MS)
    with qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        dialog.act_button.click()
    process.wait(10)
    said = dialog.now_text.text()
    assert any(text.startswith(said) for text, _urgent in reader.heard)
    dialog.reject()


def test_nothing_is_prepared_where_no_reader_runs(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QAccessible, "isActive", lambda: False)
    monkeypatch.setattr(module, "QAccessibleAnnouncementEvent", None)
    module.announce(window, "unheard")
