"""The filter box on the real window: what can be typed, where a mistake is, what stays in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from portview.domain.sockets.scope import Scope
from portview.domain.sockets.socket_row import State
from portview.ui.style.theme import mistake_colour

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from portview.ui.window.main_window import MainWindow


def offered(window: MainWindow) -> list[str]:
    model = window.filter_box.popup.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_keys_and_values_are_offered_from_what_the_machine_has(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    window.acts["scope_all"].trigger()
    window.acts["filter"].trigger()
    box, popup = window.filter_box, window.filter_box.popup
    QTest.keyClicks(box, "sta")
    qtbot.waitUntil(popup.isVisible)
    assert any("state:" in text for text in offered(window))
    QTest.keyClick(popup, Qt.Key.Key_Down)
    QTest.keyClick(popup, Qt.Key.Key_Return)
    assert box.text() == "state:"
    qtbot.waitUntil(popup.isVisible)
    # The states of the rows that there are, and no others.
    assert set(offered(window)) == {"listen", "established", "close-wait", "time-wait"}
    QTest.keyClicks(box, "close")
    qtbot.waitUntil(popup.isVisible)
    QTest.keyClick(popup, Qt.Key.Key_Down)
    QTest.keyClick(popup, Qt.Key.Key_Return)
    popup.hide()
    box.apply_now()
    states = {entry.row.state for entry in window.model.shown_entries}
    assert states == {State.CLOSE_WAIT}


def test_a_mistake_is_underlined_where_it_stands_and_the_last_good_filter_stays(
    window: MainWindow,
) -> None:
    window.acts["scope_all"].trigger()
    box = window.filter_box
    box.set_query_text("state:listen")
    good = [entry.row.key for entry in window.model.shown_entries]
    box.set_query_text("state:listen port:80x")
    mistake = box.mistake
    assert mistake is not None
    assert box.text()[mistake.start : mistake.end].strip() in {"80x", "port:80x", "x"}
    assert "80x" in box.toolTip() or mistake.message in box.toolTip()
    assert [entry.row.key for entry in window.model.shown_entries] == good
    picture, colour = box.grab().toImage(), mistake_colour(box.palette())
    ratio = picture.devicePixelRatio()
    red = {
        x
        for x in range(picture.width())
        for y in range(picture.height() // 2, picture.height())
        if picture.pixelColor(x, y) == colour
    }
    where = box._mistake_rect(mistake)
    assert red
    assert all(where.left() - 2 <= x / ratio <= where.right() + 2 for x in red)
    box.set_query_text("state:listen port:8080")
    assert box.mistake is None
    assert [entry.row.local.port for entry in window.model.shown_entries] == [8080]


def test_a_port_is_found_on_the_way_to_its_last_figure(window: MainWindow, qtbot: QtBot) -> None:
    window.set_scope(Scope.LISTENING)
    qtbot.keyClicks(window.filter_box, "port:80")
    qtbot.waitUntil(lambda: window.model.is_filtered)
    assert [entry.row.local.port for entry in window.model.shown_entries] == [8080]
    window.filter_box.apply_now()
    assert window.model.rowCount() == 0, "whoever has finished means this very port"


def test_what_matches_in_another_scope_is_offered(window: MainWindow) -> None:
    window.set_scope(Scope.LISTENING)
    window.filter_box.set_query_text("proc:dnsmasq")
    (state,) = window.empty_states.states
    assert state.title == "Nothing in Listening matches the filter"
    assert state.button.text() == "Show UDP"
    state.button.click()
    assert window.scope is Scope.UDP
    assert window.model.rowCount() == 1
    window.filter_box.set_query_text("proc:nobody")
    assert state.button.text() == "Clear filter"
    state.button.click()
    assert window.filter_box.text() == ""


def test_the_scopes_count_what_passes_the_filter(window: MainWindow) -> None:
    window.filter_box.set_query_text("proc:node")
    counts = [button.accessibleName() for button in window.scope_bar.buttons]
    assert counts == [
        "Listening, 3 sockets",
        "Connections, 2 sockets",
        "UDP, 0 sockets",
        "All, 5 sockets",
    ]
    window.filter_box.set_query_text("")
    assert window.scope_bar.buttons[3].accessibleName() == "All, 9 sockets"
