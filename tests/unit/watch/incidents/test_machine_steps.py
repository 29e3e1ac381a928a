"""Single steps of a watch's machine, with all that each leaves behind and makes known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portview.watch.incidents.machine import (
    Condition,
    Evaluation,
    Event,
    EventKind,
    Moment,
    Thresholds,
    WatchState,
    advance,
    resumed,
)

GOOD, BAD, BLIND = Evaluation.GOOD, Evaluation.BAD, Evaluation.UNREADABLE
RULE = Thresholds(failures=3, successes=2, remind_s=100.0, interval_s=10.0)
LONGEST_S = 30.0
"""Three intervals: what lies further apart was not evaluated in a row."""
LAST_S = 500.0

PENDING = WatchState(Condition.PENDING, streak=2, bad_since_s=480.0, evaluated_at_s=LAST_S)
FIRING = WatchState(
    Condition.FIRING, incident="one", since_ms=7, reminded_at_s=450.0, evaluated_at_s=LAST_S
)
RECOVERING = replace(FIRING, condition=Condition.RECOVERING, streak=1)


def step(state: WatchState, evaluation: Evaluation, after_s: float = 10.0) -> tuple[
    WatchState, tuple[Event, ...]
]:  # fmt: skip
    return advance(state, evaluation, Moment(LAST_S + after_s, 9_000), RULE, lambda: "new")


def test_the_last_failure_fires_with_its_incident_and_time() -> None:
    state, events = step(PENDING, BAD)
    assert events == (Event(EventKind.FIRING, "new", 9_000),)
    assert (state.condition, state.streak, state.incident) == (Condition.FIRING, 0, "new")
    assert (state.since_ms, state.reminded_at_s) == (9_000, LAST_S + 10)


def test_a_gap_of_just_three_intervals_is_none() -> None:
    assert step(PENDING, BAD, LONGEST_S)[0].condition is Condition.FIRING
    state, events = step(PENDING, BAD, LONGEST_S + 1)
    assert (state.condition, state.streak, events) == (Condition.PENDING, 1, ())
    assert state.bad_since_s == LAST_S + LONGEST_S + 1


def test_after_a_gap_recovery_begins_again_and_the_incident_stays_open() -> None:
    assert step(RECOVERING, GOOD)[1] == (Event(EventKind.RESOLVED, "one", 9_000),)
    state, events = step(RECOVERING, GOOD, LONGEST_S + 1)
    assert (state.condition, state.streak, state.incident) == (Condition.RECOVERING, 1, "one")
    assert events == ()


def test_after_a_gap_what_fires_still_fires() -> None:
    state, events = step(FIRING, BAD, LONGEST_S + 1)
    assert (state.condition, state.incident, events) == (Condition.FIRING, "one", ())


def test_a_resolved_watch_keeps_its_course_and_no_incident() -> None:
    before = replace(RECOVERING, recent=(False, True), is_flapping=False)
    state, _ = step(before, GOOD)
    assert state.recent == (False, True, True)
    assert state == WatchState(
        recent=state.recent, evaluated_at_s=LAST_S + 10, since_ms=9_000, is_flapping=False
    )


def test_a_reminder_names_the_incident_and_begins_its_interval_again() -> None:
    state, events = step(replace(FIRING, evaluated_at_s=LAST_S + 40), BAD, 50.0)
    assert events == (Event(EventKind.REMINDER, "one", 9_000),)
    assert state.reminded_at_s == LAST_S + 50
    assert state.since_ms == 7


def test_the_first_look_of_a_run_begins_the_interval_of_reminders() -> None:
    state, events = step(replace(FIRING, reminded_at_s=None, evaluated_at_s=None), BAD)
    assert (state.reminded_at_s, state.incident, events) == (LAST_S + 10, "one", ())


def test_what_can_not_be_evaluated_is_told_once_with_its_incident() -> None:
    state = replace(FIRING, unreadable_streak=2)
    state, events = step(state, BLIND)
    assert events == (Event(EventKind.CANNOT_TELL, "one", 9_000),)
    assert (state.is_unknown, state.since_ms, state.unreadable_streak) == (True, 9_000, 3)
    state, events = step(state, BLIND)
    assert events == ()
    state, _ = step(state, BAD)
    assert (state.is_unknown, state.unreadable_streak, state.shown) == (False, 0, "firing")


@pytest.mark.parametrize(
    ("stored", "condition"),
    [
        (PENDING, Condition.OK),
        (RECOVERING, Condition.FIRING),
        (FIRING, Condition.FIRING),
    ],
)
def test_a_new_run_counts_from_nothing(stored: WatchState, condition: Condition) -> None:
    state = resumed(stored)
    assert (state.condition, state.streak, state.incident) == (condition, 0, stored.incident)
    assert (state.bad_since_s, state.reminded_at_s, state.evaluated_at_s) == (None, None, None)


def test_flapping_begins_and_ends_with_its_incident() -> None:
    restless = replace(FIRING, recent=tuple(place % 2 == 0 for place in range(20)))
    state, events = step(restless, BAD)
    assert events[-1] == Event(EventKind.FLAPPING, "one", 9_000)
    assert state.is_flapping is True
    calm = replace(FIRING, recent=(False,) * 20, is_flapping=True)
    assert step(calm, BAD)[0].is_flapping is False
