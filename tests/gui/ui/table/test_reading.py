"""Liveness without noise on the real window: marks, and rows that are suspended for a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from portview.domain.sockets.socket_row import OwnerProblem, State
from portview.domain.table.columns import COLUMNS
from portview.models.liveness import Mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.socket_row import SocketRow
    from portview.ui.window.main_window import MainWindow

STATE = [column.id for column in COLUMNS].index("state")


def ports(window: MainWindow) -> list[int]:
    return [entry.row.local.port for entry in window.model.shown_entries]


def point_at_rows(window: MainWindow) -> None:
    viewport = window.table.viewport()
    at = QPointF(viewport.rect().center())
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        at,
        viewport.mapToGlobal(at),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(viewport, event)


def waiting(window: MainWindow) -> str:
    label = window.status.waiting
    return label.text() if label.isVisible() else ""


def test_rows_never_move_under_the_pointer_and_the_window_says_what_waits(
    window: MainWindow,
    show: Callable[..., None],
    rows: tuple[SocketRow, ...],
    make_socket: Callable[..., SocketRow],
) -> None:
    before = ports(window)
    point_at_rows(window)
    show(make_socket(1), *rows)
    assert ports(window) == before
    assert waiting(window) == "1 change waiting"
    show(make_socket(1), make_socket(2), *rows[1:])
    # One has closed: it fades where it stands, and only its leaving will have to wait.
    assert ports(window) == before
    assert window.model.mark_of(rows[0].key) is Mark.CLOSED
    assert waiting(window) == "2 changes waiting"
    QApplication.sendEvent(window.table, QEvent(QEvent.Type.Leave))
    window.model.catch_up()
    assert ports(window)[:2] == [1, 2]
    assert waiting(window) == ""


def test_moving_through_the_rows_by_keys_holds_them_as_well(
    window: MainWindow,
    show: Callable[..., None],
    rows: tuple[SocketRow, ...],
    make_socket: Callable[..., SocketRow],
) -> None:
    window.table.selectRow(1)
    QTest.keyClick(window.table, Qt.Key.Key_Down)
    key = window.table.current_key()
    show(make_socket(1), *rows)
    assert (window.table.currentIndex().row(), window.table.current_key()) == (2, key)
    assert waiting(window) == "1 change waiting"
    window.table.gestures._on_reading_over()
    window.model.catch_up()
    assert (window.table.currentIndex().row(), window.table.current_key()) == (3, key)


def test_news_are_told_by_more_than_colour_and_the_first_load_tells_none(
    qtbot: QtBot,
    window: MainWindow,
    show: Callable[..., None],
    rows: tuple[SocketRow, ...],
    make_socket: Callable[..., SocketRow],
) -> None:
    model, role = window.model, Qt.ItemDataRole
    assert not any(model.mark_of(row.key) for row in rows)
    window.acts["scope_all"].trigger()
    new, gone = make_socket(7), rows[0]
    changed = next(row for row in rows if row.state is State.ESTABLISHED)
    others = [row for row in rows if row not in {gone, changed}]
    show(new, changed._replace(state=State.TIME_WAIT), *others)
    expected = ((new, Mark.NEW, "new"), (changed, Mark.CHANGED, "changed"))
    for row, mark, word in (*expected, (gone, Mark.CLOSED, "closed")):
        number = model.row_number(row.key)
        assert number is not None
        assert model.mark_of(row.key) is mark
        assert model.index(number, 0).data(role.AccessibleDescriptionRole) == word
        plain = model.index(model.row_number(others[0].key), 0).data(role.DecorationRole)
        if mark is not Mark.CHANGED:
            picture = model.index(number, 0).data(role.DecorationRole)
            assert picture.cacheKey() != plain.cacheKey()
    cell = model.index(model.row_number(changed.key), STATE)
    assert cell.data(role.FontRole).bold()


def test_an_owner_that_was_found_is_no_news_of_the_machine(
    window: MainWindow, show: Callable[..., None], rows: tuple[SocketRow, ...]
) -> None:
    known = next(row for row in rows if row.local.port == 8080)
    looking = known._replace(
        key=known.key._replace(owner=None),
        pid=None,
        owner_problem=OwnerProblem.LOOKING,
    )
    others = tuple(row for row in rows if row is not known)
    show(*others)
    show(*others, looking)
    assert window.model.mark_of(looking.key) is Mark.NEW
    show(*rows)
    assert window.model.mark_of(known.key) is Mark.NEW, "it is as new as it was"
    assert window.model.row_number(looking.key) is None, "and nothing closed"
    denied = looking._replace(owner_problem=OwnerProblem.ACCESS_DENIED)
    window.model.set_highlight(3000)
    old = looking._replace(key=looking.key._replace(token=9))
    show(*others, old)
    show(*others, denied._replace(key=old.key))
    assert window.model.mark_of(old.key) is Mark.NEW, "why it can't be told is no change"


def test_a_message_is_never_painted_over_the_counters(
    window: MainWindow, show: Callable[..., None], rows: tuple[SocketRow, ...]
) -> None:
    window.show_message("Copied 2 rows.")
    show(*rows[:3])
    assert not window.status.totals.isVisible()
    window.status.clearMessage()
    assert window.status.totals.isVisible()
    assert window.status.totals.text().startswith("3 listening")
