"""The History tab draws what was seen, hatches what was not, and says both in words."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QMessageBox

from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.snapshot import Snapshot
from portview.engine.task_runner import TaskRunner
from portview.models.history_lanes import arrange
from portview.ui.details.details_page import Subject
from portview.ui.history.history_page import HistoryPage
from portview.ui.history.lane_view import LaneView
from portview.ui.widgets.time_ticks import tick_label, ticks_between
from portview.watch.history.counting import PeerSeen
from portview.watch.history.peers import write_peers
from portview.watch.history.questions import Gap, HistoryAnswer, HistoryQuestion, Span, ask_history
from portview.watch.history.schema import HISTORY
from portview.watch.history.tracker import ListenerTracker, Owner
from portview.watch.history.writing import HistoryWriter, PortEvent
from portview.watch.incidents.machine import Moment
from portview.watch.store.database import open_store, store_path
from tests.factories import row, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

HOUR = 3_600_000


def span(from_ms: int, to_ms: int | None, process: str = "node", **more: object) -> Span:
    values: dict[str, object] = {
        "port": 80, "protocol": "tcp", "address": "0.0.0.0", "pid": 7, "from_ms": from_ms,  # noqa: S104
        "to_ms": to_ms, "is_start_seen": True, "process": process, "executable": "/bin/x",
        "command_line": None, "user": "dev", "what": None, "container": None,
        "owner_problem": None, **more,
    }  # fmt: skip
    return Span(**values)  # type: ignore[arg-type]


ANSWER = HistoryAnswer(
    (span(HOUR, 2 * HOUR), span(2 * HOUR, 3 * HOUR, "java"), span(5 * HOUR, None)),
    (PortEvent(2 * HOUR, "firing", 80, "tcp", "shop", "i", "gone"),),
    (Gap(3 * HOUR, 4 * HOUR),),
    is_recording=True,
    first_look_ms=HOUR,
)


def test_lanes_are_programs_with_the_present_one_first() -> None:
    lanes = arrange(ANSWER, 0, 6 * HOUR)
    assert [(lane.name, len(lane.bars)) for lane in lanes.lanes] == [("node", 2), ("java", 1)]
    assert lanes.lanes[0].bars[1].end_ms == 6 * HOUR
    # Before the first look, and in the gap, nothing is known.
    assert lanes.unknown == ((0, HOUR), (3 * HOUR, 4 * HOUR))
    assert "3 times" in lanes.summary
    assert "2 h" in lanes.summary
    assert len(lanes.marks) == 1


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=8),
    st.integers(0, 100),
    st.integers(1, 100),
)
def test_nothing_is_drawn_outside_of_the_window(
    pairs: list[tuple[int, int]], start: int, length: int
) -> None:
    answer = HistoryAnswer(
        tuple(span(min(pair), max(pair)) for pair in pairs),
        gaps=tuple(Gap(min(pair), max(pair)) for pair in pairs),
        first_look_ms=0,
    )
    lanes = arrange(answer, start, start + length)
    for lane in lanes.lanes:
        for bar in lane.bars:
            assert start <= bar.start_ms <= bar.end_ms <= start + length
    for begin, end in lanes.unknown:
        assert start <= begin < end <= start + length


@given(st.integers(0, 2 * 10**12), st.integers(1, 10**11), st.floats(50, 4000))
def test_marks_of_the_axis_lie_on_it_and_apart(start: int, length: int, width: float) -> None:
    ticks = ticks_between(start, start + length, width)
    assert all(start <= tick <= start + length for tick in ticks)
    assert len(ticks) <= max(1, width / 80) + 2
    assert all(tick_label(tick, length) for tick in ticks)


def test_each_place_says_what_is_there(qtbot: QtBot) -> None:
    view = LaneView()
    qtbot.addWidget(view)
    view.resize(700, 120)
    view.show_lanes(arrange(ANSWER, 0, 6 * HOUR))
    view.grab()
    layout = view.layout_now()
    area = layout.area

    def told(moment_ms: int, y: float) -> str:
        return view.tooltip_at(QPointF(layout.x(moment_ms), y))

    first, second = area.top() + 13, area.top() + 39
    assert "node (PID 7)" in told(HOUR + HOUR // 2, first)
    assert "java" in told(2 * HOUR + HOUR // 2, second)
    assert "PortView did not record" in told(3 * HOUR + HOUR // 2, first)
    assert told(4 * HOUR + HOUR // 2, first) == ""
    assert "shop" in told(2 * HOUR, 5)


@pytest.fixture
def runner() -> Iterator[TaskRunner]:
    made = TaskRunner()
    yield made
    made.shut_down()


def test_the_tab_shows_the_chosen_port_and_zooms(qtbot: QtBot, runner: TaskRunner) -> None:
    now_ms = time.time_ns() // 1_000_000
    with closing(open_store(store_path(), [HISTORY])) as connection:
        tracker, writer = ListenerTracker(), HistoryWriter(connection, "test")
        writer.write(tracker.look(snapshot([]), Moment(0, now_ms - 60_000)))
        writer.write(tracker.look(snapshot([row(80)]), Moment(5, now_ms - 55_000)))
    page = HistoryPage(runner)
    qtbot.addWidget(page)
    page.resize(800, 200)
    page.show()
    taken = snapshot([row(80)])
    page.show_subject(Subject(SocketEntry(row(80), None, ""), True, Snapshot(taken.rows)))
    qtbot.waitUntil(lambda: "once" in page.heading.text())
    shown = page.window_of_time
    before = shown.length_ms
    qtbot.keyClick(page.shown.view, Qt.Key.Key_Plus)
    assert shown.length_ms < before
    qtbot.keyClick(page.shown.view, Qt.Key.Key_Left)
    assert not shown.follows_now
    page.time_bar.period.setCurrentIndex(1)
    page.time_bar.period.activated.emit(1)
    assert shown.length_ms == 24 * HOUR
    assert shown.follows_now
    page.show_subject(Subject(SocketEntry(row(81), None, ""), True, Snapshot(taken.rows)))
    qtbot.waitUntil(lambda: "No process was seen" in page.heading.text())


def test_other_machines_are_named_where_they_were_recorded(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    now_ms = time.time_ns() // 1_000_000
    with closing(open_store(store_path(), [HISTORY])) as connection:
        tracker, writer = ListenerTracker(), HistoryWriter(connection, "test")
        writer.write(tracker.look(snapshot([row(80)]), Moment(0, now_ms)))
        seen = [PeerSeen(80, True, f"192.0.2.{number % 2}", Owner("p")) for number in range(3)]
        write_peers(connection, now_ms, [*seen, PeerSeen(80, False, "192.0.2.9", Owner("p"))])
    page = HistoryPage(runner)
    qtbot.addWidget(page)
    page.show()
    taken = snapshot([row(80)])
    page.show_subject(Subject(SocketEntry(row(80), None, ""), True, Snapshot(taken.rows)))
    qtbot.waitUntil(lambda: "2 other machines connected" in page.heading.text())
    assert page.heading.toolTip().count("192.0.2.") == 2


def test_forgetting_asks_first_and_deletes_this_port(qtbot: QtBot, runner: TaskRunner) -> None:
    now_ms = time.time_ns() // 1_000_000
    with closing(open_store(store_path(), [HISTORY])) as connection:
        tracker, writer = ListenerTracker(), HistoryWriter(connection, "test")
        writer.write(tracker.look(snapshot([row(80), row(81)]), Moment(0, now_ms)))
    page = HistoryPage(runner)
    qtbot.addWidget(page)
    page.show()
    taken = snapshot([row(80)])
    page.show_subject(Subject(SocketEntry(row(80), None, ""), True, Snapshot(taken.rows)))
    qtbot.waitUntil(lambda: "once" in page.heading.text())

    def answer(role: QMessageBox.ButtonRole) -> None:
        page.forget_button.click()
        [box] = page.findChildren(QMessageBox)
        [button] = [one for one in box.buttons() if box.buttonRole(one) is role]
        button.click()
        qtbot.waitUntil(lambda: not page.findChildren(QMessageBox))

    answer(QMessageBox.ButtonRole.RejectRole)
    assert len(ask_history(HistoryQuestion()).spans) == 2
    answer(QMessageBox.ButtonRole.DestructiveRole)
    qtbot.waitUntil(lambda: "No process was seen" in page.heading.text())
    assert [one.port for one in ask_history(HistoryQuestion()).spans] == [81]
