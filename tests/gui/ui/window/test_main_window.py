"""The window on this machine's real sockets."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from portview.domain.errors import PortViewError
from portview.domain.sockets.scope import Scope
from portview.domain.sockets.snapshot import Snapshot
from portview.domain.sockets.socket_row import State
from portview.domain.table.columns import COLUMNS
from portview.models.liveness import Mark
from portview.readers.choose import open_reader
from portview.settings import Settings
from tests.factories import row, snapshot
from tests.fakes.snapshots import FakeReader

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.domain.sockets.entry import SocketEntry
    from portview.models.socket_table_model import SocketTableModel

    Child = subprocess.Popen[str]


def entry_on(model: SocketTableModel, port: int) -> SocketEntry | None:
    found = [entry for entry in model.shown_entries if entry.row.local.port == port]
    return found[0] if found else None


def test_a_listener_appears_with_its_owner_and_goes_when_it_closes(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    child_listener: Callable[[], tuple[Child, int]],
) -> None:
    opened = open_window()
    model = opened.window.model
    qtbot.waitUntil(lambda: bool(opened.window.status.totals.text()))
    child, port = child_listener()
    taken: list[object] = []
    opened.poller.snapshot_taken.connect(taken.append)
    qtbot.waitUntil(lambda: len(taken) >= 2, timeout=15_000)
    entry = entry_on(model, port)
    assert entry is not None
    assert entry.row.state is State.LISTEN
    assert entry.row.pid == child.pid
    assert entry.info is not None
    assert "python" in (entry.info.name or "").lower()
    assert model.mark_of(entry.row.key) is Mark.NEW
    child.communicate()
    qtbot.waitUntil(lambda: entry_on(model, port) is None, timeout=15_000)


def test_selection_and_scroll_position_survive_the_tick(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    child_listener: Callable[[], tuple[Child, int]],
) -> None:
    _, port = child_listener()
    opened = open_window()
    window = opened.window
    qtbot.waitUntil(lambda: entry_on(window.model, port) is not None)
    key = entry_on(window.model, port).row.key
    assert window.table.select_key(key)
    taken: list[object] = []
    opened.poller.snapshot_taken.connect(taken.append)
    others = [child_listener() for _ in range(3)]
    qtbot.waitUntil(
        lambda: all(entry_on(window.model, other) for _, other in others), timeout=15_000
    )
    assert window.table.current_key() == key
    assert [window.model.entry_at(n).row.key for n in window.table.selected_rows()] == [key]


def test_rows_that_come_above_do_not_move_what_is_read(
    qtbot: QtBot, open_window: Callable[..., RunningWindow]
) -> None:
    reader = FakeReader()
    reader.snapshot = snapshot(row(port) for port in range(1000, 1400))
    opened = open_window(reader=reader)
    table, model = opened.window.table, opened.window.model
    qtbot.waitUntil(lambda: model.rowCount() == 400)
    table.verticalScrollBar().setValue(200)
    top = model.entry_at(table.rowAt(0)).row.key
    reader.snapshot = snapshot(row(port) for port in range(900, 1390))
    opened.poller.refresh()
    qtbot.waitUntil(lambda: model.rowCount() >= 490)
    assert model.entry_at(table.rowAt(0)).row.key == top
    assert table.select_key(model.entry_at(table.rowAt(0) + 3).row.key)
    current, place = table.current_key(), table.visualRect(table.currentIndex()).top()
    reader.snapshot = snapshot(row(port) for port in range(950, 1390))
    opened.poller.refresh()
    qtbot.waitUntil(lambda: model.rowCount() <= 450, timeout=15_000)
    assert table.current_key() == current
    assert table.visualRect(table.currentIndex()).top() == place


def test_scopes_show_their_rows_and_counts(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    child_listener: Callable[[], tuple[Child, int]],
) -> None:
    _, port = child_listener()
    opened = open_window()
    window = opened.window
    qtbot.waitUntil(lambda: entry_on(window.model, port) is not None)
    assert window.scope is Scope.LISTENING
    for scope, is_there in ((Scope.UDP, False), (Scope.CONNECTIONS, False), (Scope.ALL, True)):
        qtbot.mouseClick(window.scope_bar._buttons[scope], Qt.MouseButton.LeftButton)
        assert window.scope is scope
        assert (entry_on(window.model, port) is not None) is is_there
    assert window.scope_bar._buttons[Scope.ALL].accessibleName() != "All"


def test_typing_filters_and_a_mistake_keeps_the_last_good_filter(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    child_listener: Callable[[], tuple[Child, int]],
) -> None:
    _, port = child_listener()
    _, other = child_listener()
    window = open_window().window
    qtbot.waitUntil(lambda: bool(entry_on(window.model, port) and entry_on(window.model, other)))
    box = window.filter_box
    qtbot.keyClicks(box, f"port:{port}")
    qtbot.waitUntil(lambda: entry_on(window.model, other) is None)
    assert entry_on(window.model, port) is not None
    qtbot.keyClicks(box, " (")
    qtbot.waitUntil(lambda: box.mistake is not None)
    assert box.toolTip()
    assert entry_on(window.model, other) is None
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: entry_on(window.model, other) is not None)


def test_an_empty_table_says_why_and_what_to_do(
    qtbot: QtBot, open_window: Callable[..., RunningWindow]
) -> None:
    reader = FakeReader()
    reader.error = PortViewError("sockets_unreadable", "The table is gone.", "Wait.")
    opened = open_window(reader=reader)
    window = opened.window
    with qtbot.waitSignal(opened.poller.read_failed):
        opened.poller.refresh()
    assert window.empty_states.states[0].isVisible()
    assert window.empty_states.states[0].title == "The sockets could not be read"
    assert "The table is gone." in window.status._problem.text()
    reader.error = None
    with qtbot.waitSignal(opened.poller.snapshot_taken):
        opened.poller.refresh()
    assert window.empty_states.states[0].title == "Nothing here"
    assert window.status._problem.text() == ""


def test_only_a_first_reading_that_takes_long_is_spoken_of(
    qtbot: QtBot, open_window: Callable[..., RunningWindow]
) -> None:
    reader = FakeReader()
    reader.gate.clear()
    opened = open_window(reader=reader)
    notice = opened.window.empty_states.states[0]
    assert not notice.isVisible()
    qtbot.waitUntil(notice.isVisible)
    assert notice.title.startswith("Reading the sockets")
    reader.gate.set()
    qtbot.waitUntil(lambda: notice.title == "Nothing here")


def test_a_failed_reading_leaves_the_table_as_it_was(
    qtbot: QtBot, open_window: Callable[..., RunningWindow]
) -> None:
    reader = FakeReader()
    reader.snapshot = snapshot([row(80), row(443)])
    opened = open_window(reader=reader)
    qtbot.waitUntil(lambda: opened.window.model.rowCount() == 2)
    reader.error = OSError("not now")
    with qtbot.waitSignal(opened.poller.read_failed):
        opened.poller.refresh()
    assert opened.window.model.rowCount() == 2
    assert "not now" in opened.window.status._problem.text()


def test_space_pauses_and_resumes(qtbot: QtBot, open_window: Callable[..., RunningWindow]) -> None:
    opened = open_window()
    opened.window.table.setFocus()
    qtbot.keyClick(opened.window.table, Qt.Key.Key_Space)
    assert opened.poller.is_paused
    assert opened.window.live_button.text() == "Paused"
    qtbot.keyClick(opened.window.table, Qt.Key.Key_Space)
    assert not opened.poller.is_paused


def test_what_was_arranged_is_there_at_the_next_start(
    qtbot: QtBot, open_window: Callable[..., RunningWindow], tmp_path: Path
) -> None:
    path = tmp_path / "settings.json"
    first = open_window(settings=Settings(path))
    first.window.set_scope(Scope.UDP)
    first.window.resize(720, 500)
    first.window.columns.set_visible("command_line", is_visible=True)
    first.window.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    first.poller.set_interval(5000)
    first.window.close()
    first.close()
    second = open_window(settings=Settings(path))
    header = second.window.table.horizontalHeader()
    names = [column.id for column in COLUMNS]
    assert second.window.scope is Scope.UDP
    assert not header.isSectionHidden(names.index("command_line"))
    assert header.sortIndicatorSection() == 1
    assert header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
    assert json.loads(path.read_text())["interval_ms"] == 5000
    assert second.window.size().width() == 720


@pytest.mark.parametrize(
    "content",
    [
        '{"columns": [{"id": 7}, null, {"id": "port", "width": 99999999, "visible": 3}]}',
        '{"window": "\\u00ff", "scope": "moon", "interval_ms": true, "sort_column": []}',
        '{"columns": [{"id": "pid", "visible": false}, {"id": "pid"}], "theme": "neon"}',
    ],
)
def test_settings_that_make_no_sense_do_no_harm(
    qtbot: QtBot, open_window: Callable[..., RunningWindow], tmp_path: Path, content: str
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content)
    window = open_window(settings=Settings(path)).window
    assert window.scope is Scope.LISTENING
    header = window.table.horizontalHeader()
    assert header.hiddenSectionCount() < header.count()


def test_how_long_closed_rows_stay_can_be_chosen_and_is_remembered(
    qtbot: QtBot, open_window: Callable[..., RunningWindow], tmp_path: Path
) -> None:
    path = tmp_path / "settings.json"
    reader = FakeReader()
    reader.snapshot = snapshot([row(80), row(81)])
    first = open_window(settings=Settings(path), reader=reader)
    qtbot.waitUntil(lambda: first.window.model.rowCount() == 2)
    first.window.highlight_menu._actions[0].trigger()
    reader.snapshot = snapshot([row(80)])
    with qtbot.waitSignal(first.poller.snapshot_taken):
        first.poller.refresh()
    assert first.window.model.rowCount() == 1
    first.window.close()
    first.close()
    second = open_window(settings=Settings(path))
    assert second.window.highlight_menu._actions[0].isChecked()


def test_closing_in_the_middle_of_a_reading_leaves_nothing(
    qtbot: QtBot, open_window: Callable[..., RunningWindow]
) -> None:
    reader = FakeReader()
    opened = open_window(reader=reader)
    qtbot.waitUntil(lambda: not opened.poller.is_reading)
    reader.gate.clear()
    reader.entered.clear()
    opened.poller.refresh()
    assert reader.entered.wait(10)
    opened.window.close()
    threading.Timer(0.2, reader.gate.set).start()
    opened.close()
    assert not opened.poller.is_reading or not opened.poller._timer.isActive()


def test_a_machine_without_sockets_and_one_with_36_000(
    qtbot: QtBot, open_window: Callable[..., RunningWindow]
) -> None:
    reader = FakeReader()
    opened = open_window(reader=reader)
    opened.window.resize(1280, 720)
    model = opened.window.model
    with qtbot.waitSignal(opened.poller.snapshot_taken):
        opened.poller.refresh()
    assert opened.window.empty_states.states[0].title == "Nothing here"
    reader.snapshot = snapshot(row(n % 65_536, pid=n) for n in range(36_000))
    opened.poller.refresh()
    qtbot.waitUntil(lambda: model.rowCount() == 36_000, timeout=30_000)
    assert "36,000" in opened.window.scope_bar._buttons[Scope.LISTENING].text()
    reader.snapshot = Snapshot()
    model.set_highlight(0)
    opened.poller.refresh()
    qtbot.waitUntil(lambda: model.rowCount() == 0, timeout=30_000)


def test_a_window_that_is_closed_takes_nothing_in_any_more(
    qtbot: QtBot, open_window: Callable[..., RunningWindow]
) -> None:
    reader = FakeReader()
    opened = open_window(reader=reader)
    with qtbot.waitSignal(opened.poller.snapshot_taken):
        opened.poller.refresh()
    model = opened.window.model
    model.show_snapshot(snapshot([row(1)]))
    model.show_snapshot(snapshot(row(n % 65_536, pid=n) for n in range(20_000)))
    assert model.is_behind
    opened.window.close()
    count = model.rowCount()
    qtbot.wait(50)  # for more rows to come, were there any
    assert model.rowCount() == count


def test_the_window_names_its_own_process_truly(
    qtbot: QtBot, open_window: Callable[..., RunningWindow]
) -> None:
    import socket  # noqa: PLC0415 - one listener of this very process

    with socket.create_server(("127.0.0.1", 0)) as listener:
        window = open_window().window
        port = listener.getsockname()[1]
        qtbot.waitUntil(lambda: entry_on(window.model, port) is not None)
        assert entry_on(window.model, port).row.pid == os.getpid()


def test_the_reader_can_be_chosen_and_an_unknown_one_is_refused() -> None:
    reader = open_reader("psutil")
    assert reader.source == "psutil"
    reader.close()
    with pytest.raises(PortViewError, match="no socket reader"):
        open_reader("crystal_ball")
