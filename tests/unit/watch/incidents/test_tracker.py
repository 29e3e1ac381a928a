"""What is announced and when: silences, maintenance, parents, flapping, the start, edited rules."""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from portview.watch.evaluation.observation import Observation, bad, good, unreadable
from portview.watch.incidents.machine import Condition, Evaluation, Moment
from portview.watch.incidents.suppression import Surroundings
from portview.watch.messages import outbox
from portview.watch.rules.model import Expectation, Watch, WatchRules
from portview.watch.store.database import is_disk_full
from portview.watch.store.incident_store import IncidentStore
from portview.watch.tracking.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WATCH = Watch("shop", Expectation.LISTENING, port=80, failures=1, successes=1, notify=("ops",))
CHILD = Watch(
    "page",
    Expectation.HTTP,
    port=80,
    failures=1,
    successes=1,
    notify=("ops",),
    depends_on=("shop",),
)
NOON = dt.datetime(2026, 1, 31, 12)  # noqa: DTZ001 - by the clock on the wall
AROUND = Surroundings(NOON)


class Teller:
    """A tracker with a clock, and what it wanted to be told."""

    def __init__(self, store: IncidentStore, *watches: Watch) -> None:
        self.store = store
        self.now_s = 100.0
        self.tracker = Tracker(store)
        self.adopt(*watches)

    def adopt(self, *watches: Watch) -> None:
        self.tracker.adopt(WatchRules(watches), self.moment(), is_new_run=True)

    def moment(self) -> Moment:
        self.now_s += 1
        return Moment(self.now_s, round(self.now_s * 1000))

    def see(self, watch: Watch, found: Observation, around: Surroundings = AROUND) -> None:
        self.tracker.record([(watch, [found])], self.moment(), around)

    def told(self) -> list[str]:
        return [one.kind for one in outbox.waiting(self.store.connection, "ops", 100)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IncidentStore]:
    opened = IncidentStore.open(tmp_path / "store.sqlite3")
    yield opened
    opened.close()


BAD, GOOD, UNREADABLE = bad("no"), good("yes"), unreadable("who knows")


@pytest.mark.parametrize(
    "around",
    [
        Surroundings(NOON, silenced={"shop": 1}),
        Surroundings(NOON, is_starting=True),
        Surroundings(NOON.replace(hour=3)),
    ],
    ids=["silenced", "starting", "maintenance"],
)
def test_what_is_held_back_is_told_as_soon_as_it_may_be(
    store: IncidentStore, around: Surroundings
) -> None:
    watch = replace(WATCH, maintenance=("02:00-04:00",))
    teller = Teller(store, watch)
    teller.see(watch, BAD, around)
    assert teller.tracker.condition_of("shop") is Condition.FIRING
    assert teller.told() == []
    teller.see(watch, BAD)
    assert teller.told() == ["firing"]
    teller.see(watch, GOOD, around)
    # Whoever was told of the beginning is told of the end.
    assert teller.told() == ["firing", "resolved"]


def test_what_began_and_ended_while_held_back_is_not_told(store: IncidentStore) -> None:
    teller = Teller(store, WATCH)
    silenced = Surroundings(NOON, silenced={"shop": 1})
    teller.see(WATCH, BAD, silenced)
    teller.see(WATCH, GOOD, silenced)
    teller.see(WATCH, GOOD)
    assert teller.told() == []


@pytest.mark.parametrize("child_first", [False, True])
def test_a_child_says_nothing_while_its_parent_is_down(
    store: IncidentStore, child_first: bool
) -> None:
    teller = Teller(store, WATCH, CHILD)
    order = [(CHILD, BAD), (WATCH, BAD)] if child_first else [(WATCH, BAD), (CHILD, BAD)]
    for watch, found in order:
        teller.see(watch, found)
    waiting = outbox.waiting(store.connection, "ops", 10)
    assert [one.watch for one in waiting] == ["shop"]
    teller.see(WATCH, GOOD)
    teller.see(CHILD, BAD)
    # The parent is well, and the child is not: now it is the child's own trouble.
    assert [one.watch for one in outbox.waiting(store.connection, "ops", 10)][-1] == "page"


def test_while_it_flaps_it_says_so_once_and_holds_the_rest_back(store: IncidentStore) -> None:
    teller = Teller(store, WATCH)
    for number in range(60):
        teller.see(WATCH, BAD if number % 2 else GOOD)
    told = teller.told()
    assert told.count("flapping") == 1
    assert len(told) < 30
    after = told.index("flapping")
    assert "firing" not in told[after:]
    for _each in range(40):
        teller.see(WATCH, BAD)
    assert teller.told()[-1] == "firing"


def test_what_can_not_be_read_is_told_once_and_changes_nothing(store: IncidentStore) -> None:
    watch = replace(WATCH, failures=2)
    teller = Teller(store, watch)
    teller.see(watch, GOOD)
    for _each in range(5):
        teller.see(watch, UNREADABLE)
    assert teller.told() == ["cannot_tell"]
    kept = teller.tracker.state_of("shop")
    assert kept is not None
    assert kept.state.shown == "unknown"
    teller.see(watch, GOOD)
    kept = teller.tracker.state_of("shop")
    assert kept is not None
    assert kept.state.shown == "ok"


def test_an_edited_or_removed_watch_ends_its_incident(store: IncidentStore) -> None:
    teller = Teller(store, WATCH)
    teller.see(WATCH, BAD)
    teller.adopt(replace(WATCH, interval_s=5.0))
    assert teller.told() == ["firing"]
    teller.adopt(replace(WATCH, port=81))
    assert teller.told() == ["firing", "resolved"]
    assert store.open_incidents() == []


def test_each_new_listener_is_an_incident_of_its_own(store: IncidentStore) -> None:
    watch = replace(WATCH, expect=Expectation.NO_NEW_LISTENERS, port=None)
    teller = Teller(store, watch)
    new = [Observation(Evaluation.BAD, f"New: {name}", subject=name) for name in ("tcp/1", "tcp/2")]
    teller.tracker.record([(watch, [GOOD, *new])], teller.moment(), AROUND)
    assert len(store.open_incidents()) == 2
    gone = Observation(Evaluation.GOOD, "gone", subject="tcp/1")
    teller.tracker.record([(watch, [GOOD, gone])], teller.moment(), AROUND)
    (left,) = store.open_incidents()
    assert left.subject == "tcp/2"
    assert teller.tracker.subjects_of("shop") == ["tcp/2"]


def test_acknowledged_it_is_not_reminded_of(store: IncidentStore) -> None:
    watch = replace(WATCH, remind_s=5.0)
    teller = Teller(store, watch)
    for _each in range(10):
        teller.see(watch, BAD)
    reminded = teller.told().count("reminder")
    assert reminded == 1
    (incident,) = store.open_incidents()
    with store.transaction():
        store.acknowledge(incident.id, 1, "")
    teller.tracker.refresh_incidents()
    for _each in range(20):
        teller.see(watch, BAD)
    assert teller.told().count("reminder") == reminded


def test_where_the_disk_is_full_nothing_is_half_stored_and_it_is_told_later(
    store: IncidentStore,
) -> None:
    teller = Teller(store, WATCH)
    teller.see(WATCH, GOOD)
    store.connection.execute("PRAGMA max_page_count = 1")
    long = bad("x" * 900)
    filler = [
        Observation(Evaluation.BAD, "x" * 900, subject=f"tcp/{number}") for number in range(200)
    ]
    with pytest.raises(sqlite3.OperationalError) as caught:
        teller.tracker.record([(WATCH, [long, *filler])], teller.moment(), AROUND)
    assert is_disk_full(caught.value)
    assert teller.told() == []
    assert teller.tracker.condition_of("shop") is Condition.OK
    store.connection.execute("PRAGMA max_page_count = 100000")
    teller.see(WATCH, long)
    assert teller.told() == ["firing"]
    assert len(store.open_incidents()) == 1
