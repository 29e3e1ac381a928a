"""The columns on the real window: room for all of them, and each one explained."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest

from portview.domain.sockets.scope import Scope
from portview.domain.sockets.socket_row import State
from portview.domain.table.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.socket_row import SocketRow
    from portview.ui.window.main_window import MainWindow

IDS = [column.id for column in COLUMNS]
PROCESS, WHAT = IDS.index("process"), IDS.index("what")


def resize(qtbot: QtBot, window: MainWindow, width: int, height: int = 720) -> None:
    window.resize(width, height)
    qtbot.waitUntil(lambda: window.table.width() == window.width())


def test_nothing_is_cut_at_1280_by_720_and_much_room_is_used(
    qtbot: QtBot, window: MainWindow
) -> None:
    for scope in Scope:
        window.set_scope(scope)
        resize(qtbot, window, 1280)
        assert window.table.horizontalScrollBar().maximum() == 0
        narrow = window.table.columnWidth(WHAT)
        resize(qtbot, window, 1560)
        assert window.table.columnWidth(WHAT) > narrow


def test_what_tells_most_is_whole_at_800_by_500(qtbot: QtBot, window: MainWindow) -> None:
    resize(qtbot, window, 800, 500)
    assert window.width() == 800
    for scope in (Scope.LISTENING, Scope.UDP):
        window.set_scope(scope)
        assert window.table.horizontalScrollBar().maximum() == 0
    metrics = QFontMetrics(window.table.font())
    window.set_scope(Scope.LISTENING)
    for column in window.columns.shown():
        number = COLUMNS.index(column)
        if column.id in {"port", "pid", "process", "local_address"}:
            for entry in window.model.shown_entries:
                text = str(window.model.cell(entry, number))
                assert metrics.horizontalAdvance(text) < window.table.columnWidth(number), text


def test_each_scope_has_its_own_columns_and_keeps_what_was_chosen_there(
    window: MainWindow,
) -> None:
    def ids() -> list[str]:
        return [column.id for column in window.columns.shown()]

    assert ids()[:2] == ["port", "what"]
    assert not {"remote_address", "down", "up", "service", "state"} & set(ids())
    window.columns.set_visible("service", is_visible=True)
    window.set_scope(Scope.CONNECTIONS)
    assert {"remote_address", "remote_host", "down", "up"} < set(ids())
    assert "service" not in ids()
    window.set_scope(Scope.UDP)
    assert not {"remote_address", "down", "up", "state"} & set(ids())
    window.set_scope(Scope.LISTENING)
    assert "service" in ids()


def test_connections_show_time_wait_only_where_that_is_wanted(window: MainWindow) -> None:
    window.set_scope(Scope.CONNECTIONS)

    def states() -> set[State | None]:
        return {entry.row.state for entry in window.model.shown_entries}

    assert State.TIME_WAIT not in states()
    assert "2" in window.scope_bar.buttons[1].text()
    window.filter_box.set_query_text("state:time_wait")
    assert states() == {State.TIME_WAIT}, "who asks for them sees them"
    window.filter_box.set_query_text("")
    window.acts["time_wait"].trigger()
    assert State.TIME_WAIT in states()
    assert "3" in window.scope_bar.buttons[1].text()


def test_a_width_that_a_person_chose_stays_until_the_columns_are_reset(
    qtbot: QtBot, window: MainWindow
) -> None:
    resize(qtbot, window, 1280)
    first = window.table.columnWidth(PROCESS)
    window.table.horizontalHeader().resizeSection(PROCESS, first + 40)
    resize(qtbot, window, 900)
    assert window.table.columnWidth(PROCESS) == first + 40
    window.acts["reset_columns"].trigger()
    assert window.table.columnWidth(PROCESS) < first + 40


def test_each_header_explains_itself_and_content_gets_the_room_it_needs(
    window: MainWindow,
) -> None:
    for number, column in enumerate(COLUMNS):
        tooltip = window.model.headerData(
            number, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole
        )
        assert column.description.split(";")[0] in unescape(tooltip)
    window.table.setColumnWidth(PROCESS, 30)
    window.acts["fit_columns"].trigger()
    assert window.table.columnWidth(PROCESS) > 60


def test_columns_are_chosen_by_the_menu_and_moved_by_their_headers(window: MainWindow) -> None:
    view_menu = next(a.menu() for a in window.menuBar().actions() if "View" in a.text())
    columns_menu = next(a.menu() for a in view_menu.actions() if "olumns" in a.text() and a.menu())
    columns_menu.aboutToShow.emit()
    chosen = next(a for a in columns_menu.actions() if a.text() == "Command line")
    chosen.trigger()
    assert "command_line" in [column.id for column in window.columns.shown()]
    header = window.table.horizontalHeader()
    header.moveSection(header.visualIndex(IDS.index("port")), 0)
    assert window.columns.shown()[0].id == "port"


def test_a_click_on_a_header_sorts_and_another_one_turns_with_the_chosen_row_in_sight(
    window: MainWindow,
) -> None:
    window.acts["scope_all"].trigger()
    header = window.table.horizontalHeader()
    window.table.selectRow(2)
    chosen = window.table.current_key()
    for number, column in enumerate(COLUMNS):
        if header.isSectionHidden(number):
            continue
        window.table.scrollTo(window.model.index(0, number))
        for _ in range(2):
            x = header.sectionViewportPosition(number) + header.sectionSize(number) // 2
            where = QPoint(x, header.height() // 2)
            QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=where)
            assert header.sortIndicatorSection() == number
            entries, context = window.model.shown_entries, window.model.context
            known = [v for e in entries if (v := column.value(e, context)) is not None]
            is_descending = header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
            assert known == sorted(known, reverse=is_descending)
            assert window.table.current_key() == chosen
            assert chosen in [entry.row.key for entry in window.table.visible_entries()]


def test_an_empty_scope_does_not_deny_what_it_leaves_out(
    window: MainWindow, show: Callable[..., None], rows: tuple[SocketRow, ...]
) -> None:
    window.set_scope(Scope.CONNECTIONS)
    window.model.set_highlight(0)
    show(*(row for row in rows if row.state in {State.LISTEN, State.TIME_WAIT}))
    (state,) = window.empty_states.states
    assert state.title == "No open connections"
    assert "1 connection is closed already" in state._reason.text()
    window.acts["time_wait"].trigger()
    assert window.model.rowCount() == 1


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("size", [(800, 500), (1280, 720)])
def test_all_columns_of_a_scope_fit_into_the_window(
    window: MainWindow, qtbot: QtBot, scope: Scope, size: tuple[int, int]
) -> None:
    window.resize(*size)
    window.set_scope(scope)
    table = window.table
    qtbot.waitUntil(lambda: window.width() == size[0] and table.width() > size[0] - 40)
    window.columns.fit_first_widths()
    header = table.horizontalHeader()
    assert header.length() <= table.viewport().width(), [
        (column.id, header.sectionSize(COLUMNS.index(column))) for column in window.columns.shown()
    ]
