"""Spans say what was seen: through restarts, pauses, set clocks and owners found later."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.snapshot import Snapshot, SnapshotDelta
from portview.domain.sockets.socket_row import Endpoint, OwnerProblem, Protocol, State
from portview.watch.history import questions
from portview.watch.history.questions import HistoryQuestion, ask_history
from portview.watch.history.retention import Retention, forget, prune
from portview.watch.history.schema import HISTORY
from portview.watch.history.tracker import ListenerTracker
from portview.watch.history.writing import HistoryWriter, PortEvent, add_event
from portview.watch.incidents.machine import Moment
from portview.watch.store.database import open_store, store_path
from tests.factories import row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.sockets.socket_row import SocketRow
    from portview.watch.history.questions import Span

START_MS = 1_700_000_000_000


class Recording:
    """Looks at snapshots that the test makes up, by clocks that it moves."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.monotonic_s = 100.0
        self.wall_ms = START_MS
        self.begin()

    def begin(self) -> None:
        """Stand for a new process."""
        self.tracker = ListenerTracker()
        self.writer = HistoryWriter(self.connection, "test")

    def look(
        self, *rows: SocketRow, after_s: float = 1.0, clock_s: float = 0.0, names: str = "p"
    ) -> None:
        self.monotonic_s += after_s
        self.wall_ms += round((after_s + clock_s) * 1000)
        processes = {
            one.key.owner: ProcessInfo(one.key.owner, name=f"{names}{one.key.owner.pid}")
            for one in rows
            if one.key.owner
        }
        shot = Snapshot(rows, processes, self.wall_ms)
        self.tracker.begin_again(self.writer.take_forgotten())
        self.writer.write(self.tracker.look(shot, Moment(self.monotonic_s, self.wall_ms)))


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recording]:
    with closing(open_store(store_path(), [HISTORY])) as connection:
        made = Recording(connection)
        monkeypatch.setattr(questions, "_is_recording", lambda path, last_ms: True)
        yield made


def spans(port: int | None = 80, **more: int) -> list[tuple[float, float | None, str | None]]:
    """Return beginning, end and process, in seconds after the first moment."""
    return [
        (
            (span.from_ms - START_MS) / 1000,
            None if span.to_ms is None else (span.to_ms - START_MS) / 1000,
            span.process,
        )
        for span in found(port, **more)
    ]


def found(port: int | None = 80, **more: int) -> tuple[Span, ...]:
    return ask_history(HistoryQuestion(port, **more)).spans  # type: ignore[arg-type]


def test_a_span_begins_when_first_seen_and_ends_when_last_seen(recording: Recording) -> None:
    recording.look()
    recording.look(row(80))
    recording.look(row(80))
    recording.look()
    assert spans() == [(2.0, 3.0, "p1")]
    assert found()[0].is_start_seen


def test_another_program_on_the_port_is_another_span(recording: Recording) -> None:
    recording.look(row(80, pid=1))
    recording.look(row(80, pid=2))
    assert spans() == [(1.0, 1.0, "p1"), (2.0, None, "p2")]
    assert [span.is_start_seen for span in found()] == [False, True]


def test_only_what_waits_for_clients_is_kept(recording: Recording) -> None:
    connection = row(81, State.ESTABLISHED)._replace(
        key=row(81).key._replace(remote=Endpoint("127.0.0.1", 5)),
    )
    talking = row(82, None, Protocol.UDP)
    talking = talking._replace(key=talking.key._replace(remote=Endpoint("127.0.0.1", 5)))
    recording.look(row(80), connection, talking, row(83, None, Protocol.UDP), row(84, State.BOUND))
    assert [span.port for span in found(None)] == [80, 83]


def test_an_owner_that_is_found_later_is_the_owner_all_along(recording: Recording) -> None:
    owned = row(80, pid=7)
    looking = owned._replace(
        key=owned.key._replace(owner=None), owner_problem=OwnerProblem.LOOKING, pid=None
    )
    recording.look(looking)
    assert spans() == [(1.0, None, None)]
    recording.look(owned)
    assert spans() == [(1.0, None, "p7")]
    assert found()[0].owner_problem is None


def test_a_name_that_is_read_later_takes_the_place_of_the_old_one(recording: Recording) -> None:
    recording.look(row(80), names="half")
    recording.look(row(80), names="whole")
    assert spans() == [(1.0, None, "whole1")]


def test_sleep_is_a_gap_and_what_went_meanwhile_ended_before_it(recording: Recording) -> None:
    recording.look(row(80, pid=1), row(81))
    recording.look(row(80, pid=1), row(81), after_s=2)
    recording.look(row(80, pid=2), row(81), after_s=3600)
    assert spans() == [(1.0, 3.0, "p1"), (3603.0, None, "p2")]
    assert not found()[1].is_start_seen
    assert spans(81) == [(1.0, None, "p1")]
    [gap] = ask_history(HistoryQuestion(80)).gaps
    assert ((gap.from_ms - START_MS) / 1000, (gap.to_ms or 0) - START_MS) == (3.0, 3_603_000)


@pytest.mark.parametrize("step_s", [-7200.0, 7200.0])
def test_a_clock_that_is_set_is_an_event_and_no_span_is_negative(
    recording: Recording, step_s: float
) -> None:
    recording.look(row(80, pid=1))
    recording.look(row(80, pid=1), clock_s=step_s)
    recording.look(row(80, pid=2))
    answer = ask_history(HistoryQuestion(80))
    assert [event.kind for event in answer.events] == ["clock_set"]
    assert all(span.to_ms is None or span.to_ms >= span.from_ms for span in answer.spans)
    assert len(answer.spans) == 2


def test_what_a_killed_process_left_open_ended_when_it_was_last_seen(recording: Recording) -> None:
    recording.look(row(80))
    recording.look(row(80), after_s=2)
    recording.begin()
    recording.look(row(80), after_s=60)
    assert spans() == [(1.0, 3.0, "p1"), (63.0, None, "p1")]
    assert not found()[1].is_start_seen


def test_without_a_recorder_an_open_span_ends_with_the_last_look(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording.look(row(80))
    recording.look(row(80), after_s=2)
    monkeypatch.setattr(questions, "_is_recording", lambda path, last_ms: False)
    assert found()[0].to_ms == START_MS + 3000
    assert ask_history(HistoryQuestion(80)).gaps[-1] == (START_MS + 3000, None)


def test_a_time_keeps_the_spans_that_reach_into_it(recording: Recording) -> None:
    for pid in range(1, 5):
        recording.look(row(80, pid=pid), after_s=5)
        recording.look(row(80, pid=pid), after_s=4)
    at = START_MS + 12_000
    assert [name for _, _, name in spans(since_ms=at)] == ["p2", "p3", "p4"]
    assert [name for _, _, name in spans(until_ms=at)] == ["p1"]
    assert spans(since_ms=START_MS + 16_000, until_ms=START_MS + 16_000)[0][2] == "p2"
    assert [s.from_ms for s in found()] == sorted(s.from_ms for s in found())


def test_forgetting_a_port_leaves_no_trace_and_begins_again(recording: Recording) -> None:
    recording.look(row(80), row(81), names="private-name-")
    event = PortEvent(START_MS, "firing", 80, "tcp", "w", "i", "d")
    add_event(recording.connection, event)
    assert ask_history(HistoryQuestion(80)).events == (event,)
    with closing(open_store(store_path(), [HISTORY])) as other:
        assert forget(other, port=80) == 1
        assert ask_history(HistoryQuestion(80)).events == ()
        assert len(found(81)) == 1
        recording.look(row(80), row(81), names="private-name-")
        assert len(found(80)) == 1
        assert not found(80)[0].is_start_seen
        forget(other)
    recording.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert b"private-name-" not in store_path().read_bytes()


def test_forgetting_a_program_goes_by_its_name(recording: Recording) -> None:
    recording.look(row(80, pid=1), row(81, pid=2))
    with closing(open_store(store_path(), [HISTORY])) as other:
        assert forget(other, program="P1.EXE") == 1
    assert [span.port for span in found(None)] == [81]


def test_old_spans_and_too_many_go_and_open_ones_stay(recording: Recording) -> None:
    for pid in range(1, 400):
        recording.look(row(80, pid=pid), row(81))
    now_ms = recording.wall_ms + 86_400_000
    assert prune(recording.connection, Retention(days=2), now_ms) == 0
    assert prune(recording.connection, Retention(days=1), now_ms - 200_000) == 198
    assert prune(recording.connection, Retention(size_bytes=1), now_ms) == 200
    assert [(span.port, span.to_ms) for span in found(None)] == [(81, None), (80, None)]


def test_names_of_files_may_be_anything(recording: Recording) -> None:
    recording.look(row(80), names="bad\udcff\x00\u202e")
    assert found()[0].process == "bad\\udcff\x00\u202e1"


@given(st.lists(st.sets(st.tuples(st.integers(1, 4), st.integers(1, 2))), max_size=12))
def test_a_step_of_the_reader_says_what_a_whole_comparison_says(
    looks: list[set[tuple[int, int]]],
) -> None:
    by_step, whole = ListenerTracker(), ListenerTracker()
    rows: dict[tuple[int, int], SocketRow] = {
        (port, pid): row(port, pid=pid) for port in range(1, 5) for pid in (1, 2)
    }
    before: tuple[SocketRow, ...] = ()
    for second, names in enumerate(looks):
        now = tuple(rows[name] for name in sorted(names))
        step = SnapshotDelta(
            before,
            tuple(one for one in before if one not in now),
            tuple(one for one in now if one not in before),
        )
        at = Moment(second, second * 1000)
        first = by_step.look(Snapshot(now, step=step), at)
        second_look = whole.look(Snapshot(now), at)
        assert set(first.opened) == set(second_look.opened)
        assert set(first.ended) == set(second_look.ended)
        before = now


def test_two_processes_that_hold_one_socket_are_two_spans(recording: Recording) -> None:
    first, second = row(80, pid=1), row(80, pid=2)
    recording.look(first, second)
    recording.look(second)
    assert spans() == [(1.0, 1.0, "p1"), (1.0, None, "p2")]
    assert second.key.owner == ProcessKey(2, 5)


def test_what_is_recognised_in_the_moment_it_goes_is_only_gone(recording: Recording) -> None:
    recording.look(row(80, pid=1), row(81, pid=1), names="half")
    recording.look(row(81, pid=1), names="whole")
    assert spans() == [(1.0, 1.0, "half1")]
    assert spans(81) == [(1.0, None, "whole1")]


LOOKS = st.lists(
    st.tuples(
        st.sets(st.tuples(st.integers(1, 3), st.integers(0, 2))),
        st.sampled_from(["a", "b"]),
        st.sampled_from([1.0, 1.0, 60.0]),
        st.sampled_from([0.0, 0.0, -3600.0, 3600.0]),
    ),
    max_size=8,
)


@given(LOOKS)
def test_any_course_of_looks_is_written_and_leaves_what_is_there_open(
    looks: list[tuple[set[tuple[int, int]], str, float, float]],
) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in HISTORY.scripts[0].split(";"):
            connection.execute(statement)
        recording = Recording(connection)
        there: set[tuple[int, int]] = set()
        for there, names, after_s, clock_s in looks:
            rows = [
                one if pid else one._replace(key=one.key._replace(owner=None))
                for port, pid in sorted(there)
                for one in [row(port, pid=pid)]
            ]
            recording.look(*rows, after_s=after_s, clock_s=clock_s, names=names)
        found = connection.execute(
            "SELECT port, from_ms <= coalesce(to_ms, from_ms) FROM spans WHERE to_ms IS NULL"
        ).fetchall()
        assert sorted(port for port, _ in found) == sorted(port for port, _ in there)
        bad = connection.execute("SELECT count(*) FROM spans WHERE to_ms < from_ms").fetchone()
        assert bad == (0,)
