"""The timeline shows every port over time, and one of them in detail."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QMainWindow

from portview.engine.task_runner import TaskRunner
from portview.models.count_series import POINTS, count_series
from portview.models.history_lanes import Tone, arrange, arrange_ports
from portview.settings import Settings, settings_path
from portview.ui.history.history_tools import HistoryTools
from portview.ui.history.timeline_window import TimelineWindow
from portview.watch.history.counters import CounterBuffer, CountPoint
from portview.watch.history.questions import HistoryAnswer, IncidentSpan
from portview.watch.history.schema import HISTORY
from portview.watch.history.tracker import ListenerTracker
from portview.watch.history.writing import HistoryWriter
from portview.watch.incidents.machine import Moment
from portview.watch.store.database import open_store, store_path
from tests.factories import row, snapshot
from tests.gui.ui.history.test_history_page import ANSWER, HOUR, span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def runner() -> Iterator[TaskRunner]:
    made = TaskRunner()
    yield made
    made.shut_down()


@pytest.fixture
def recorded() -> int:
    """Record three ports, of which one begins and ends; return the time of the last look."""
    now_ms = time.time_ns() // 1_000_000
    with closing(open_store(store_path(), [HISTORY])) as connection:
        tracker, writer = ListenerTracker(), HistoryWriter(connection, "test")
        for at_s, ports in ((0, (80, 443)), (5, (80, 443, 8080)), (9, (80, 443)), (12, (80, 443))):
            shot = snapshot([row(port, pid=port) for port in ports])
            at_ms = now_ms - 60_000 + at_s * 1000
            writer.write(tracker.look(shot, Moment(at_s, at_ms)))
        buffer = CounterBuffer()
        buffer.count(now_ms - 59_000, [(80, 7)])
        buffer.write(connection)
    return now_ms


@pytest.fixture
def window(qtbot: QtBot, runner: TaskRunner, recorded: int) -> Iterator[TimelineWindow]:
    main = QMainWindow()
    qtbot.addWidget(main)
    made = TimelineWindow(runner, Settings(settings_path()), main)
    made.resize(900, 600)
    made.show()
    qtbot.waitUntil(lambda: len(made.view.lanes.lanes) == 3)
    yield made
    made.stop()
    made.hide()


def names(window: TimelineWindow) -> list[str]:
    return [lane.name for lane in window.view.lanes.lanes]


def test_ports_are_lanes_that_can_be_filtered_and_chosen(
    qtbot: QtBot, window: TimelineWindow
) -> None:
    assert names(window) == ["80/tcp", "443/tcp", "8080/tcp"]
    window.changed_box.setChecked(True)
    assert names(window) == ["8080/tcp"]
    window.changed_box.setChecked(False)
    window.filter_field.setText("443")
    qtbot.waitUntil(lambda: names(window) == ["443/tcp"])
    window.filter_field.setText("nothing")
    qtbot.waitUntil(lambda: "No port fits" in window.heading.text())
    window.filter_field.clear()
    qtbot.waitUntil(lambda: len(names(window)) == 3)
    assert window.below.isHidden()
    qtbot.keyClick(window.view, Qt.Key.Key_Down)
    assert window.port_title.text() == "TCP 80"
    assert window.below.isVisible()
    qtbot.waitUntil(lambda: len(window.port_history.view.lanes.lanes) == 1)
    with qtbot.waitSignal(window.port_wanted) as wanted:
        qtbot.keyClick(window.view, Qt.Key.Key_Return)
    assert wanted.args == [80]


def test_counts_of_the_chosen_port_are_a_chart(qtbot: QtBot, window: TimelineWindow) -> None:
    window.view.choose(0)
    window.port_history.choice.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(window.port_history.answer.counts) == 1)
    plot = window.port_history.plot
    assert plot is not None
    assert window.port_history.currentWidget() is plot
    assert not window.port_history.picture().isNull()


def test_a_moment_can_be_jumped_to_and_one_that_is_none_is_refused(
    qtbot: QtBot, window: TimelineWindow
) -> None:
    window.time_bar.jump_field.setText("3h")
    qtbot.keyClick(window.time_bar.jump_field, Qt.Key.Key_Return)
    moment = window.time_window.moment_ms
    assert moment is not None
    from_ms, to_ms = window.time_window.bounds()
    assert from_ms < moment < to_ms
    assert abs((from_ms + to_ms) / 2 - moment) <= 1 or window.time_window.follows_now
    window.time_bar.zoom_in.click()
    window.time_bar.zoom_in.click()
    window.time_bar.zoom_in.click()
    window.time_bar.jump_field.setText("3d")
    qtbot.keyClick(window.time_bar.jump_field, Qt.Key.Key_Return)
    assert not window.time_window.follows_now
    assert window.time_bar.period.currentIndex() == -1
    window.time_bar.jump_field.setText("soon")
    qtbot.keyClick(window.time_bar.jump_field, Qt.Key.Key_Return)
    assert "is not a point in time" in window.heading.text()


def test_dragging_moves_the_time_and_hovering_says_which(
    qtbot: QtBot, window: TimelineWindow
) -> None:
    port = window.view.viewport()
    _before, end = window.time_window.bounds()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=QPoint(300, 30))
    qtbot.mouseMove(port, QPoint(500, 30))
    qtbot.waitUntil(lambda: not window.time_window.follows_now)
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=QPoint(500, 30))
    assert window.time_window.bounds()[1] < end
    plain = window.view.grab().toImage()
    window.view.point_at(QPoint(400, 40))
    assert window.view.grab().toImage() != plain


def test_what_is_shown_can_be_saved(qtbot: QtBot, window: TimelineWindow, tmp_path: Path) -> None:
    window.filter_field.setText("8080")
    qtbot.waitUntil(lambda: names(window) == ["8080/tcp"])
    with qtbot.waitSignal(window.export.notified):
        window.export.save_csv(tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert ",8080,tcp," in lines[1]
    with qtbot.waitSignal(window.export.notified):
        window.export.save_png(tmp_path / "a.png")
    assert not QImage(str(tmp_path / "a.png")).isNull()
    with qtbot.waitSignal(window.export.notified) as told:
        window.export.save_csv(tmp_path / "missing" / "a.csv")
    assert "could not be saved" in told.args[0]


def test_the_view_of_what_is_new_says_when_history_is_too_short(
    qtbot: QtBot, runner: TaskRunner, recorded: int
) -> None:
    main = QMainWindow()
    qtbot.addWidget(main)
    tools = HistoryTools(main, runner, Settings(settings_path()))
    with qtbot.waitSignal(tools.notified) as told:
        tools.find_new()
    assert "does not reach back far enough" in told.args[0]
    with closing(open_store(store_path(), [HISTORY])) as connection:
        connection.execute("UPDATE looks SET from_ms = from_ms - 200000000")
    with qtbot.waitSignal(tools.notified) as told:
        tools.find_new()
    assert "Nothing that listens now is new" in told.args[0]
    tools.close()


def test_a_port_that_changes_hands_has_bars_that_differ_and_names_in_them() -> None:
    lanes = arrange_ports(ANSWER, 0, 6 * HOUR)
    [lane] = lanes.lanes
    assert [(bar.label, bar.tone) for bar in lane.bars] == [
        ("node", Tone.PAST), ("java", Tone.OTHER), ("node", Tone.NOW),
    ]  # fmt: skip
    assert len(lane.marks) == 1


def test_a_watch_that_fired_is_a_lane_below_the_programs() -> None:
    incidents = (
        IncidentSpan("a", "shop", 80, HOUR, 2 * HOUR, "refused", None),
        IncidentSpan("b", "shop", 80, 5 * HOUR, None, "refused", None),
        IncidentSpan("c", "old", 80, 0, 1, "refused", None),
    )
    lanes = arrange(ANSWER._replace(incidents=incidents), HOUR, 6 * HOUR)
    [*programs, watch] = lanes.lanes
    assert len(programs) == 2
    assert watch.name == "Watch shop"
    assert [(bar.tone, bar.is_open) for bar in watch.bars] == [
        (Tone.FIRING, False), (Tone.FIRING, True),
    ]  # fmt: skip


def test_lines_are_unknown_where_nobody_looked_and_keep_every_byte() -> None:
    points = [CountPoint(0, 60_000, 2.0, 5, 600, 60, 60), CountPoint(120_000, 180_000, 4.0, 4,
                                                                      None, None, 1)]  # fmt: skip
    series = count_series(points, [(180_000, 240_000)], 0, 240_000)
    assert max(series.connections[: POINTS // 4]) == 2.0
    assert series.connections[POINTS // 4 + 1] == 0.0
    assert all(value != value for value in series.connections[-POINTS // 4 :])  # noqa: PLR0124 - NaN
    whole = sum(value for value in series.received_per_s[: POINTS // 2])
    assert whole * (240 / POINTS) == pytest.approx(600)
    assert series.has_bytes
    assert not count_series([], [], 0, 1).has_bytes


def test_many_ports_are_drawn_no_more_than_are_in_sight(qtbot: QtBot, runner: TaskRunner) -> None:
    from portview.ui.history.lane_view import LaneView  # noqa: PLC0415 - here alone

    view = LaneView()
    view.has_choice = True
    qtbot.addWidget(view)
    view.resize(600, 200)
    answer = HistoryAnswer(
        tuple(span(HOUR, None, port=1 + number) for number in range(3000)),
        is_recording=True,
        first_look_ms=0,
    )
    view.show_lanes(arrange_ports(answer, 0, 6 * HOUR))
    view.show()
    assert len(view.layout_now().visible()) < 12
    view.choose(2999)
    assert 2999 in view.layout_now().visible()
    chosen = view.chosen_lane
    assert chosen is not None
    assert chosen.port == 3000
    # The choice stays with its port when others come and go.
    view.show_lanes(arrange_ports(answer._replace(spans=answer.spans[1000:]), 0, 6 * HOUR))
    assert view.chosen_lane is not None
    assert view.chosen_lane.port == 3000
