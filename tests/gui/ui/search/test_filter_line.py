"""The line below the filter: mistakes in words, terms that can be taken away, hits elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from portview.domain.sockets.scope import Scope
from portview.ui.search.suggestions import _BESIDE

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from portview.ui.window.main_window import MainWindow


def chips(window: MainWindow) -> list[str]:
    return [chip.text() for chip in window.filter_line.chips if chip.isVisible()]


def elsewhere(window: MainWindow) -> list[str]:
    buttons = window.filter_line.elsewhere.values()
    return [button.text() for button in buttons if button.isVisible()]


def test_it_takes_no_room_without_a_filter(window: MainWindow) -> None:
    assert not window.filter_line.isVisible()
    window.filter_box.set_query_text("proc:node")
    assert window.filter_line.isVisible()
    window.filter_box.set_query_text("")
    assert not window.filter_line.isVisible()


def test_each_term_is_a_chip_that_takes_it_away(window: MainWindow) -> None:
    window.filter_box.set_query_text("proc:node -port:3000 AND (user:ann OR user:root)")
    assert chips(window) == ["proc:node", "-port:3000", "(user:ann OR user:root)"]
    window.filter_line.chips[1].click()
    assert window.filter_box.text() == "proc:node (user:ann OR user:root)"
    assert chips(window) == ["proc:node", "(user:ann OR user:root)"]
    assert window.filter_box.hasFocus()
    names = [chip.accessibleName() for chip in window.filter_line.chips]
    assert names[0] == "Remove from the filter: proc:node"


def test_a_mistake_is_said_in_words_and_the_table_stays(window: MainWindow) -> None:
    window.filter_box.set_query_text("proc:node")
    rows = window.model.rowCount()
    window.filter_box.set_query_text("adress:127.0.0.1")
    assert "Did you mean addr:?" in window.filter_line.message
    assert window.filter_line.isVisible()
    assert chips(window) == []
    assert elsewhere(window) == []
    assert window.model.rowCount() == rows
    window.filter_box.set_query_text("addr:127.0.0.1")
    assert window.filter_line.message == ""
    assert chips(window) == ["addr:127.0.0.1"]


def test_what_is_begun_is_no_mistake_while_the_list_helps(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    window.acts["filter"].trigger()
    box = window.filter_box
    QTest.keyClicks(box, "state:")
    qtbot.waitUntil(box.popup.isVisible)
    qtbot.waitUntil(lambda: box.mistake is not None)
    assert window.filter_line.message == ""
    QTest.keyClick(box.popup, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not box.popup.isVisible())
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert window.filter_line.message


def test_hits_in_other_scopes_are_offered(window: MainWindow) -> None:
    window.set_scope(Scope.LISTENING)
    window.filter_box.set_query_text("proc:node")
    assert elsewhere(window) == ["2 in Connections"]
    window.filter_line.elsewhere[Scope.CONNECTIONS].click()
    assert window.scope is Scope.CONNECTIONS
    assert elsewhere(window) == ["3 in Listening"]
    window.set_scope(Scope.ALL)
    assert elsewhere(window) == []


def test_suggestions_say_how_many_sockets_have_a_value(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitActive(window)
    window.acts["filter"].trigger()
    box = window.filter_box
    QTest.keyClicks(box, "proc:")
    qtbot.waitUntil(box.popup.isVisible)
    model = box.popup.model()
    said = {
        model.index(row, 0).data(): model.index(row, 0).data(_BESIDE)
        for row in range(model.rowCount())
    }
    assert said["node"] == "5 sockets"
    assert said["dnsmasq"] == "1 socket"
    box.popup.hide()
    box.set_query_text("")
