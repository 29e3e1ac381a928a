"""A suspended process is told in the table by a word and a shape, and only rows in sight cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QSize, Qt

from portview.domain.owners.process import Execution, ProcessKey
from portview.domain.table.columns import COLUMNS
from portview.engine.execution_feed import ExecutionFeed
from tests.factories import row, snapshot
from tests.fakes.data_sources import FakeClock

if TYPE_CHECKING:
    from PySide6.QtGui import QIcon, QImage
    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.socket_row import SocketRow
    from portview.engine.task_runner import TaskRunner
    from tests.gui.conftest import DetailsBench

PROCESS = next(number for number, column in enumerate(COLUMNS) if column.id == "process")
HELD = ProcessKey(2, 5)
ROWS = [row(1000, pid=1), row(1001, pid=2), row(1002, pid=2)]


def show(bench: DetailsBench, rows: list[SocketRow], standing: dict[ProcessKey, Execution]) -> None:
    bench.standing = standing
    is_new = standing != dict(bench.executions.standing)
    if is_new:
        with bench.qtbot.waitSignal(bench.executions.changed):
            bench.show(snapshot(rows))
    else:
        bench.show(snapshot(rows))


def cell(bench: DetailsBench, number: int, role: Qt.ItemDataRole) -> str:
    return str(bench.model.index(number, PROCESS).data(role))


def icon(bench: DetailsBench, number: int) -> QImage:
    icon: QIcon = bench.model.index(number, PROCESS).data(Qt.ItemDataRole.DecorationRole)
    return icon.pixmap(QSize(16, 16)).toImage()


@pytest.mark.parametrize(
    ("how", "word"), [(Execution.SUSPENDED, "suspended"), (Execution.TRACED, "stopped")]
)
def test_it_is_told_by_a_word_a_shape_and_a_reason(
    bench: DetailsBench, how: Execution, word: str
) -> None:
    role = Qt.ItemDataRole
    show(bench, ROWS, {})
    before = [icon(bench, number) for number in range(3)]
    painted: list[bool] = []
    bench.model.dataChanged.connect(
        lambda first, last: painted.append(first.column() <= PROCESS <= last.column())
    )
    show(bench, ROWS, {HELD: how})
    # What is not told is painted when the pointer happens to come by.
    assert painted[-1]
    texts = [cell(bench, number, role.DisplayRole) for number in range(3)]
    assert texts == ["p1", f"p2, {word}", f"p2, {word}"]
    assert cell(bench, 1, role.AccessibleTextRole) == f"Process p2, {word}"
    assert "keeps its ports" in cell(bench, 1, role.ToolTipRole)
    assert "keeps its ports" not in cell(bench, 0, role.ToolTipRole)
    assert icon(bench, 0) == before[0]
    assert icon(bench, 1) != before[1]
    show(bench, ROWS, {})
    assert cell(bench, 1, role.DisplayRole) == "p2"
    assert icon(bench, 1) == before[1]


def test_the_order_and_what_is_copied_stay_as_they_are(bench: DetailsBench) -> None:
    show(bench, ROWS, {HELD: Execution.SUSPENDED})
    entry = bench.model.entry_at(1)
    column = COLUMNS[PROCESS]
    assert column.text(entry, bench.describe()) == "p2"
    assert column.value(entry, bench.describe()) == "p2"


def test_each_owner_of_a_row_in_sight_is_asked_for_once(bench: DetailsBench) -> None:
    rows = [row(1000 + number, pid=1 + number // 2) for number in range(400)]
    bench.show(snapshot(rows))
    bench.qtbot.waitUntil(lambda: bool(bench.owners_asked))
    visible_rows = {entry.row.key.owner for entry in bench.table.visible_entries()}
    assert set(bench.owners_asked[-1]) == visible_rows
    assert len(bench.owners_asked[-1]) == len(visible_rows) < 60
    bench.columns.set_visible("process", is_visible=False)
    count = len(bench.owners_asked)
    bench.show(snapshot(rows))
    assert len(bench.owners_asked) == count


def test_where_asking_is_dear_it_is_done_more_rarely(runner: TaskRunner, qtbot: QtBot) -> None:
    clock, asked = FakeClock(), []

    def read(processes: tuple[ProcessKey, ...]) -> dict[ProcessKey, Execution]:
        asked.append(processes)
        return {HELD: Execution.SUSPENDED}

    feed = ExecutionFeed(read, runner, pause_s=2.0, clock=clock)
    with qtbot.waitSignal(feed.changed):
        feed.look_at([HELD, None, HELD])
    clock.now_s += 1.9
    feed.look_at([HELD])
    assert asked == [(HELD,)]
    clock.now_s += 0.1
    feed.look_at([HELD])
    qtbot.waitUntil(lambda: len(asked) == 2)
    runner.shut_down()


def test_a_line_of_a_process_tells_it_as_well(bench: DetailsBench) -> None:
    bench.views.set_grouped(True)
    show(bench, ROWS, {HELD: Execution.SUSPENDED})
    tree = bench.views.processes
    lines = {str(tree.index(number, PROCESS).data()) for number in range(tree.rowCount())}
    assert lines == {"p1", "p2, suspended (2)"}


def test_a_reading_that_fails_marks_nobody(
    bench: DetailsBench, caplog: pytest.LogCaptureFixture
) -> None:
    show(bench, ROWS, {HELD: Execution.SUSPENDED})
    bench.executions._inquiry._answer = _fail
    with bench.qtbot.waitSignal(bench.executions.changed):
        bench.show(snapshot(ROWS))
    assert cell(bench, 1, Qt.ItemDataRole.DisplayRole) == "p2"
    assert "are suspended" in caplog.text


def _fail(_asked: object) -> dict[ProcessKey, Execution]:
    raise OSError(5, "no")
