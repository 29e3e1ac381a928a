"""The sockets by process, in the window: what was opened, selected and looked at stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPoint, Qt

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.scope import Scope
from portview.domain.sockets.socket_row import SocketRow, State
from portview.domain.table.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from portview.settings import Settings
    from portview.ui.window.main_window import MainWindow


def all_lines(window: MainWindow) -> Iterator[tuple[int, QModelIndex]]:
    """Return the lines of all processes with their depth, from the top."""
    tree = window.views.processes

    def below(parent: QModelIndex, depth: int) -> Iterator[tuple[int, QModelIndex]]:
        entries = tree.entries_at(parent)
        first = len(entries) if len(entries) > 1 else 0
        for number in range(first, tree.rowCount(parent)):
            index = tree.index(number, 0, parent)
            yield depth, index
            yield from below(index, depth + 1)

    return below(QModelIndex(), 0)


def top(window: MainWindow, name: str) -> QModelIndex:
    """Return the line of the process whose name begins so."""
    return next(i for _, i in all_lines(window) if str(i.data()).startswith(name))


def lines(window: MainWindow) -> list[str]:
    return ["  " * depth + str(index.data()) for depth, index in all_lines(window)]


def grouped(window: MainWindow) -> None:
    window.set_scope(Scope.ALL)
    window.acts["group"].trigger()


def test_ctrl_g_shows_processes_and_goes_back(window: MainWindow, qtbot: QtBot) -> None:
    window.set_scope(Scope.ALL)
    window.table.setFocus()
    qtbot.keyClick(window.table, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert window.views.is_grouped
    assert lines(window) == [
        "<b>sh & co</b>",
        "  node (5)",
        "dnsmasq",
        "unknown: access denied",
        "no process",
    ]
    assert window.views.tree.hasFocus()
    qtbot.keyClick(window.views.tree, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert not window.views.is_grouped
    assert window.table.hasFocus()


def test_processes_with_most_sockets_can_stand_first(window: MainWindow) -> None:
    grouped(window)
    window.acts["by_count"].trigger()
    assert lines(window)[0] == "node (5)"


def test_scope_filter_and_order_are_those_of_the_table(window: MainWindow) -> None:
    grouped(window)
    window.set_scope(Scope.LISTENING)
    assert "dnsmasq" not in lines(window)
    window.filter_box.set_query_text("proc:node")
    assert lines(window) == ["node (3)"]
    window.views.tree.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    first = window.views.processes.index(0, 4, top(window, "node"))
    assert first.data() == "8443"
    window.acts["group"].trigger()
    assert window.model.entry_at(0).row.local.port == 8443
    header = window.table.horizontalHeader()
    assert header.sortIndicatorSection() == 4
    assert header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
    window.filter_box.set_query_text("proc:nobody")
    window.acts["group"].trigger()
    assert window.empty_states.states[1].isVisible()


def test_what_is_open_and_selected_stays_when_sockets_come_and_go(
    window: MainWindow,
    show: Callable[..., None],
    rows: tuple[SocketRow, ...],
    make_socket: Callable[..., SocketRow],
) -> None:
    grouped(window)
    tree = window.views.tree
    tree.expand(top(window, "node"))
    window.model.set_held(False)
    assert window.views.select_key(rows[0].key)
    others = [
        ProcessInfo(ProcessKey(pid, 1), name=f"other{pid}", user="ann") for pid in range(2000, 2040)
    ]
    processes = {info.key: info for info in others}
    come = [make_socket(info.pid - 1999, info) for info in others]
    node = next(entry.info for entry in window.model.all_entries() if entry.row == rows[0])
    assert node is not None
    processes[node.key] = node
    show(*rows, *come, make_socket(8081, node), processes=processes)
    show(rows[0]._replace(state=State.BOUND), *rows[1:], *come[:20], processes=processes)
    assert tree.isExpanded(top(window, "node"))
    assert not tree.isExpanded(top(window, "other2000"))
    assert [entry.row.key for entry in tree.selected_entries()] == [rows[0].key]
    assert tree.viewport().rect().contains(tree.visualRect(tree.currentIndex()).center())


def test_the_line_in_sight_keeps_its_place(
    window: MainWindow, show: Callable[..., None], make_socket: Callable[..., SocketRow]
) -> None:
    grouped(window)
    owners = [ProcessInfo(ProcessKey(pid, 1), name=f"p{pid}") for pid in range(1000, 1200)]
    processes = {info.key: info for info in owners}
    sockets = [make_socket(info.pid, info) for info in owners]
    window.model.set_highlight(0)
    show(*sockets[100:], processes=processes)
    tree = window.views.tree
    fiftieth = window.views.processes.index(50, 0)
    tree.scrollTo(fiftieth, tree.ScrollHint.PositionAtTop)
    before = tree.indexAt(QPoint(0, 0)).siblingAtColumn(0).data()
    window.model.set_held(False)
    show(*sockets[:20], *sockets[100:], processes=processes)
    assert tree.indexAt(QPoint(0, 0)).siblingAtColumn(0).data() == before
    show(*sockets[120:], processes=processes)
    assert tree.indexAt(QPoint(0, 0)).siblingAtColumn(0).data() == before == "p1150"


def test_a_process_stands_for_all_its_sockets(window: MainWindow) -> None:
    grouped(window)
    tree = window.views.tree
    tree.setCurrentIndex(top(window, "node"))
    selection = window.views.selection()
    assert [entry.row.local.port for entry in selection.entries] == [3000, 8080, 8443, 51000, 51001]
    assert selection.current is None
    window.acts["copy_cell"].trigger()
    assert window.status.currentMessage() == "No cell is current."
    tree.expandAll()
    tree.selectAll()
    keys = [entry.row.key for entry in window.views.selection().entries]
    assert len(keys) == len(set(keys)) == 9


def test_selection_is_handed_over(window: MainWindow, rows: tuple[SocketRow, ...]) -> None:
    window.set_scope(Scope.ALL)
    window.views.select_key(rows[4].key)
    window.acts["group"].trigger()
    assert window.views.selection().first.row.key == rows[4].key
    window.views.select_key(rows[1].key)
    window.acts["group"].trigger()
    assert window.views.selection().first.row.key == rows[1].key


def test_columns_are_shared_and_widths_are_not(window: MainWindow) -> None:
    window.set_scope(Scope.ALL)
    window.columns.set_visible("executable", is_visible=True)
    window.columns.set_visible("process", is_visible=False)
    port = [column.id for column in COLUMNS].index("port")
    narrow = window.table.columnWidth(port)
    grouped(window)
    names = [column.id for column in window.views.tree_columns.shown()]
    assert "executable" in names
    assert "process" in names
    assert window.views.tree.columnWidth(port) > narrow
    window.views.tree_columns.set_visible("executable", is_visible=False)
    window.acts["group"].trigger()
    names = [column.id for column in window.columns.shown()]
    assert "executable" not in names
    assert "process" not in names
    assert window.table.columnWidth(port) == narrow


def test_grouping_is_remembered(window: MainWindow, settings: Settings) -> None:
    acts = [window.acts[name] for name in ("by_count", "expand_all", "collapse_all")]
    assert [action.isEnabled() for action in acts] == [False] * 3
    grouped(window)
    assert [action.isEnabled() for action in acts] == [True] * 3
    window.views.tree.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    window.close()
    assert settings.get("grouped", bool, default=False)
    assert settings.get("sort_column", str, "") == COLUMNS[1].id


def test_the_details_are_about_what_is_chosen_in_the_tree(
    window: MainWindow, rows: tuple[SocketRow, ...], qtbot: QtBot
) -> None:
    grouped(window)
    window.views.select_key(rows[0].key)
    subject = window.details.chosen.subject
    assert subject is not None
    assert subject.entry.row == rows[0]
    window.views.tree.setCurrentIndex(top(window, "dnsmasq"))
    subject = window.details.chosen.subject
    assert subject is not None
    assert subject.entry.row.local.port == 53
    window.details.set_open(is_open=False)
    window.views.tree.setFocus()
    qtbot.keyClick(window.views.tree, Qt.Key.Key_Return)
    assert window.details.is_open


def test_rows_in_sight_are_those_of_open_processes(window: MainWindow) -> None:
    grouped(window)
    tree = window.views.tree
    # One alone is its process's line, and a process below another one is seen at once.
    assert [entry.row.local.port for entry in tree.visible_entries()] == [22, 53, 445, 9000]
    tree.expand(top(window, "node"))
    ports = [22, 3000, 8080, 8443, 51000, 51001, 53, 445, 9000]
    assert [entry.row.local.port for entry in tree.visible_entries()] == ports


def test_the_last_socket_of_a_process_stays_selected(
    window: MainWindow, show: Callable[..., None], rows: tuple[SocketRow, ...]
) -> None:
    grouped(window)
    window.model.set_held(False)
    window.model.set_highlight(0)
    assert window.views.select_key(rows[0].key)
    node = next(entry.info for entry in window.model.all_entries() if entry.row == rows[0])
    assert node is not None
    show(rows[0], processes={node.key: node})
    assert lines(window) == ["node"]
    assert [entry.row.key for entry in window.views.tree.selected_entries()] == [rows[0].key]
    show(rows[0], rows[1], processes={node.key: node})
    assert lines(window) == ["node (2)"]
    assert [entry.row.key for entry in window.views.tree.selected_entries()] == [rows[0].key]
