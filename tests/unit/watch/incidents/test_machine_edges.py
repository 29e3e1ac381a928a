"""The edges of the state machine: exactly at a limit, after a gap, and what a reset forgets."""

from __future__ import annotations

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
    change_share,
    dismiss,
)

GOOD, BAD = Evaluation.GOOD, Evaluation.BAD


def at(seconds: float) -> Moment:
    return Moment(seconds, round(seconds * 1000) + 7)


def run(
    state: WatchState, steps: list[tuple[float, Evaluation]], thresholds: Thresholds
) -> tuple[WatchState, list[Event]]:
    made: list[Event] = []
    for seconds, evaluation in steps:
        state, events = advance(state, evaluation, at(seconds), thresholds, lambda: "i1")
        made += events
    return state, made


def test_a_time_that_has_just_passed_is_enough_to_fire() -> None:
    limits = Thresholds(failures=1, for_s=60.0, interval_s=30.0)
    state, events = run(WatchState(), [(100, BAD), (130, BAD), (160, BAD)], limits)
    assert state.condition is Condition.FIRING
    assert [event.kind for event in events] == [EventKind.FIRING]
    state, events = run(WatchState(), [(100, BAD), (130, BAD), (159.9, BAD)], limits)
    assert (state.condition, events) == (Condition.PENDING, [])


def test_a_good_evaluation_begins_the_time_again() -> None:
    limits = Thresholds(failures=1, for_s=60.0, interval_s=30.0)
    steps = [(100, BAD), (130, GOOD), (150, BAD), (170, BAD)]
    state, events = run(WatchState(), steps, limits)
    assert (state.condition, state.bad_since_s, events) == (Condition.PENDING, 150, [])
    settled, _ = run(state, [(180, GOOD)], limits)
    assert (settled.condition, settled.streak, settled.bad_since_s) == (Condition.OK, 0, None)


@pytest.mark.parametrize(("interval_s", "longest_s"), [(30.0, 90.0), (0.5, 3.0), (1.5, 4.5)])
def test_only_a_gap_of_more_than_three_intervals_begins_the_count_again(
    interval_s: float, longest_s: float
) -> None:
    limits = Thresholds(failures=2, for_s=0.0, interval_s=interval_s)
    _, events = run(WatchState(), [(100, BAD), (100 + longest_s, BAD)], limits)
    assert [event.kind for event in events] == [EventKind.FIRING]
    state, events = run(WatchState(), [(100, BAD), (100.01 + longest_s, BAD)], limits)
    assert (state.condition, state.streak, events) == (Condition.PENDING, 1, [])
    assert state.bad_since_s == 100.01 + longest_s


def test_what_was_about_to_change_is_settled_again_after_a_gap_whatever_is_seen_then() -> None:
    limits = Thresholds(failures=3, successes=2, interval_s=30.0)
    unreadable = Evaluation.UNREADABLE
    pending, _ = run(WatchState(), [(100, BAD), (1_000, unreadable)], limits)
    assert (pending.condition, pending.streak, pending.bad_since_s) == (Condition.OK, 0, None)
    firing, _ = run(WatchState(), [(100, BAD), (110, BAD), (120, BAD), (130, GOOD)], limits)
    assert firing.condition is Condition.RECOVERING
    after, events = run(firing, [(1_000, unreadable)], limits)
    assert (after.condition, after.streak, after.incident) == (Condition.FIRING, 0, "i1")
    assert events == []
    # One more good evaluation is not the second in a row any more.
    after, events = run(firing, [(1_000, GOOD)], limits)
    assert (after.condition, events) == (Condition.RECOVERING, [])


def shares(changes: int) -> tuple[bool, ...]:
    """Return 21 evaluations of which the newest steps are changes."""
    recent = [True] * (21 - changes)
    for _ in range(changes):
        recent.append(not recent[-1])
    return tuple(recent)


def test_flapping_begins_and_ends_at_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    from portview.watch.incidents import machine  # noqa: PLC0415

    limits = Thresholds(failures=99, successes=99)
    recent = shares(11)
    share = change_share((*recent[1:], recent[-1]))
    assert 0.25 < share < 1
    calm = WatchState(recent=recent, evaluated_at_s=100.0)
    evaluation = GOOD if recent[-1] else BAD
    monkeypatch.setattr(machine, "_FLAPS_FROM", share)
    begun, events = advance(calm, evaluation, at(101), limits, lambda: "i1")
    assert begun.is_flapping
    assert [event.kind for event in events] == [EventKind.FLAPPING]
    monkeypatch.setattr(machine, "_FLAPS_FROM", share + 1e-9)
    assert not advance(calm, evaluation, at(101), limits, lambda: "i1")[0].is_flapping
    monkeypatch.setattr(machine, "_FLAPS_UNTIL", share)
    flapping = WatchState(recent=recent, evaluated_at_s=100.0, is_flapping=True)
    assert not advance(flapping, evaluation, at(101), limits, lambda: "i1")[0].is_flapping
    monkeypatch.setattr(machine, "_FLAPS_UNTIL", share - 1e-9)
    assert advance(flapping, evaluation, at(101), limits, lambda: "i1")[0].is_flapping


def test_an_incident_that_ends_leaves_the_flapping_as_it_was() -> None:
    limits = Thresholds(successes=1)
    recent = (True, False) * 10
    state = WatchState(
        Condition.FIRING, incident="i1", is_flapping=True, recent=recent, evaluated_at_s=100.0
    )
    after, events = advance(state, GOOD, at(101), limits, lambda: "i2")
    assert after.is_flapping
    assert (after.condition, after.incident) == (Condition.OK, None)
    assert events == (Event(EventKind.RESOLVED, "i1", 101_007),)


@pytest.mark.parametrize("incident", [None, "i1"])
def test_a_watch_that_goes_begins_anew_from_that_moment(incident: str | None) -> None:
    condition = Condition.FIRING if incident else Condition.OK
    state, events = dismiss(WatchState(condition, incident=incident), at(5))
    assert state == WatchState(since_ms=5_007)
    assert events == ((Event(EventKind.RESOLVED, "i1", 5_007),) if incident else ())
