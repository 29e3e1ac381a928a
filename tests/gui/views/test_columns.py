"""The columns on the real window: room for all of them, and each one explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from portview.domain.table.columns import COLUMNS

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from portview.ui.window.main_window import MainWindow


def resize(qtbot: QtBot, window: MainWindow, width: int, height: int = 720) -> None:
    window.resize(width, height)
    qtbot.waitUntil(lambda: window.table.width() == window.width())


def test_nothing_is_cut_at_1280_by_720_and_much_room_is_used(
    qtbot: QtBot, window: MainWindow
) -> None:
    resize(qtbot, window, 1280)
    assert window.table.horizontalScrollBar().maximum() == 0
    narrow = window.table.columnWidth(0)
    resize(qtbot, window, 1560)
    assert window.table.columnWidth(0) > narrow


def test_a_width_that_a_person_chose_stays_until_the_columns_are_reset(
    qtbot: QtBot, window: MainWindow
) -> None:
    resize(qtbot, window, 1280)
    first = window.table.columnWidth(0)
    window.table.horizontalHeader().resizeSection(0, first + 40)
    resize(qtbot, window, 900)
    assert window.table.columnWidth(0) == first + 40
    window.acts["reset_columns"].trigger()
    assert window.table.columnWidth(0) < first + 40


def test_each_header_explains_itself_and_content_gets_the_room_it_needs(
    window: MainWindow,
) -> None:
    for number, column in enumerate(COLUMNS):
        tooltip = window.model.headerData(
            number, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole
        )
        assert column.description.split(";")[0] in tooltip
    window.table.setColumnWidth(0, 30)
    window.acts["fit_columns"].trigger()
    assert window.table.columnWidth(0) > 60


def test_columns_are_chosen_by_the_menu_and_moved_by_their_headers(window: MainWindow) -> None:
    view_menu = next(a.menu() for a in window.menuBar().actions() if "View" in a.text())
    columns_menu = next(a.menu() for a in view_menu.actions() if "olumns" in a.text() and a.menu())
    columns_menu.aboutToShow.emit()
    chosen = next(a for a in columns_menu.actions() if a.text() == "Command line")
    chosen.trigger()
    assert "command_line" in [column.id for column in window.columns.shown()]
    window.table.horizontalHeader().moveSection(window.columns.shown().index(COLUMNS[4]), 0)
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
