"""The machine of a watch, by single steps and by properties over any course of evaluations."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.watch.incidents.machine import (
    Condition,
    Evaluation,
    Event,
    EventKind,
    Moment,
    Thresholds,
    WatchState,
    advance,
    change_share,
    dismiss,
    resumed,
)

GOOD, BAD, BLIND = Evaluation.GOOD, Evaluation.BAD, Evaluation.UNREADABLE
RULE = Thresholds(failures=3, successes=2, remind_s=100.0, interval_s=10.0)
COURSES = st.lists(st.sampled_from(list(Evaluation)), max_size=60)
RULES = st.builds(
    Thresholds,
    failures=st.integers(1, 4),
    successes=st.integers(1, 4),
    for_s=st.sampled_from([0.0, 15.0, 45.0]),
    remind_s=st.none() | st.sampled_from([10.0, 60.0]),
    interval_s=st.just(10.0),
)


def run(
    course: list[Evaluation],
    rule: Thresholds = RULE,
    state: WatchState | None = None,
    *,
    wall_ms: int = 0,
    gap_s: float = 10.0,
) -> tuple[list[WatchState], list[Event]]:
    state, events, states = state or WatchState(), [], []
    numbers = count(1)
    begin = state.evaluated_at_s if state.evaluated_at_s is not None else 1000.0
    for place, evaluation in enumerate(course, 1):
        at = Moment(begin + place * gap_s, wall_ms + place)
        state, more = advance(state, evaluation, at, rule, lambda: f"incident-{next(numbers)}")
        states.append(state)
        events += more
    return states, events


def shown(states: list[WatchState]) -> list[str]:
    return [state.shown for state in states]


def kinds(events: list[Event]) -> list[EventKind]:
    return [event.kind for event in events]


def test_it_fires_after_so_many_failures_and_resolves_after_so_many_successes() -> None:
    states, events = run([BAD, BAD, BAD, BAD, GOOD, BAD, GOOD, GOOD, GOOD])
    assert shown(states) == [
        *("pending", "pending", "firing", "firing", "recovering", "firing"),
        *("recovering", "ok", "ok"),
    ]
    assert kinds(events) == [EventKind.FIRING, EventKind.RESOLVED]
    assert {event.incident for event in events} == {"incident-1"}
    assert states[-1].incident is None


def test_a_success_ends_what_only_threatened_without_a_word() -> None:
    states, events = run([BAD, BAD, GOOD, BAD, BAD, GOOD])
    assert shown(states) == ["pending", "pending", "ok", "pending", "pending", "ok"]
    assert events == []


def test_for_asks_for_time_as_well() -> None:
    states, _ = run([BAD] * 6, replace(RULE, for_s=45.0))
    assert shown(states) == ["pending"] * 5 + ["firing"]


def test_a_reminder_comes_once_in_its_interval_and_not_after_an_acknowledgement() -> None:
    states, events = run([BAD] * 25)
    assert kinds(events) == [EventKind.FIRING, EventKind.REMINDER, EventKind.REMINDER]
    acknowledged = replace(states[-1], is_acknowledged=True)
    assert run([BAD] * 25, state=acknowledged)[1] == []


def test_what_can_not_be_read_is_said_once_and_freezes_the_rest() -> None:
    states, events = run([BAD, BAD, BLIND, BLIND, BLIND, BLIND, BAD])
    assert shown(states) == ["pending"] * 4 + ["unknown"] * 2 + ["firing"]
    assert kinds(events) == [EventKind.CANNOT_TELL, EventKind.FIRING]
    firing, _ = run([BAD] * 3)
    blind, events = run([BLIND] * 9, state=firing[-1])
    assert blind[-1].incident == firing[-1].incident
    assert kinds(events) == [EventKind.CANNOT_TELL]


def test_after_sleep_it_counts_again_but_an_incident_stays() -> None:
    states, _ = run([BAD, BAD])
    slept, events = run([BAD], state=states[-1], gap_s=3600.0)
    assert (slept[0].shown, slept[0].streak, events) == ("pending", 1, [])
    firing, _ = run([BAD] * 3)
    slept, events = run([BAD], state=firing[-1], gap_s=31.0)
    assert slept[0].incident == firing[-1].incident


def test_a_run_that_begins_anew_keeps_the_incident_and_resolves_it() -> None:
    firing, _ = run([BAD] * 3 + [GOOD])
    stored = resumed(firing[-1])
    assert stored.condition is Condition.FIRING
    states, events = run([GOOD, GOOD], state=stored)
    assert kinds(events) == [EventKind.RESOLVED]
    assert events[0].incident == firing[-1].incident
    pending, _ = run([BAD, BAD])
    assert resumed(pending[-1]).condition is Condition.OK
    assert states[-1].incident is None


def test_a_rule_that_goes_ends_its_incident() -> None:
    at = Moment(0.0, 7)
    firing, _ = run([BAD] * 3)
    assert dismiss(firing[-1], at)[1] == (Event(EventKind.RESOLVED, firing[-1].incident, 7),)
    assert dismiss(WatchState(), at) == (WatchState(since_ms=7), ())


def test_flapping_is_said_once_until_it_is_calm_again() -> None:
    restless = [BAD, GOOD] * 15
    states, events = run(restless)
    assert kinds(events) == [EventKind.FLAPPING]
    assert states[-1].is_flapping
    calm, events = run([GOOD] * 21, state=states[-1])
    assert not calm[-1].is_flapping
    assert kinds(run(restless, state=calm[-1])[1]) == [EventKind.FLAPPING]


@pytest.mark.parametrize(
    ("recent", "share"),
    [((True,) * 21, 0.0), ((True, False) * 10 + (True,), 1.0), ((True, False) * 5, 0.0)],
)
def test_the_share_of_changes(recent: tuple[bool, ...], share: float) -> None:
    assert change_share(recent) == pytest.approx(share)


def test_newer_changes_count_more() -> None:
    old = (False, *(True,) * 20)
    assert change_share(old) < change_share(old[::-1])


@given(COURSES, RULES)
def test_firing_and_resolved_alternate_and_share_their_incident(
    course: list[Evaluation], rule: Thresholds
) -> None:
    states, events = run(course, rule)
    turns = [event for event in events if event.kind in {EventKind.FIRING, EventKind.RESOLVED}]
    for place, event in enumerate(turns):
        assert event.kind is (EventKind.FIRING if place % 2 == 0 else EventKind.RESOLVED)
        assert event.incident == f"incident-{place // 2 + 1}"
    is_open = len(turns) % 2 == 1
    if states:
        assert (states[-1].incident is not None) == is_open
        assert (states[-1].condition in {Condition.FIRING, Condition.RECOVERING}) == is_open


@given(COURSES, RULES, st.integers(-(10**12), 10**12))
def test_a_clock_that_is_set_changes_nothing(
    course: list[Evaluation], rule: Thresholds, wall_ms: int
) -> None:
    plain, shifted = run(course, rule), run(course, rule, wall_ms=wall_ms)
    assert shown(plain[0]) == shown(shifted[0])
    assert kinds(plain[1]) == kinds(shifted[1])


@given(COURSES, RULES)
def test_it_fires_only_after_enough_failures_in_a_row(
    course: list[Evaluation], rule: Thresholds
) -> None:
    states, _ = run(course, rule)
    for place, state in enumerate(states):
        before = states[place - 1] if place else WatchState()
        if state.condition is Condition.FIRING and before.incident is None:
            seen = [one for one in course[: place + 1] if one is not BLIND]
            assert seen[-rule.failures :] == [BAD] * rule.failures


@given(COURSES, RULES)
def test_blind_evaluations_alone_change_no_condition(
    course: list[Evaluation], rule: Thresholds
) -> None:
    states, _ = run(course, rule)
    for place, evaluation in enumerate(course):
        before = states[place - 1] if place else WatchState()
        if evaluation is BLIND:
            assert states[place].condition is before.condition
            assert states[place].streak == before.streak
