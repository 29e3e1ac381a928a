"""The state machine of one watch: evaluations in, states and events out. Pure.

An incident begins after ``failures`` bad evaluations in a row and ends after ``successes`` good
ones. What could not be read freezes the counters: it neither fires nor resolves. Time is counted
by a monotonic clock, so that a clock that is set changes nothing; wall time is for people alone.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

RULE_CHANGED = "rule_changed"
"""Why an incident ended whose watch was changed or removed."""


class Condition(enum.StrEnum):
    """Where a watch stands, apart from what is laid over it."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"


class Evaluation(enum.Enum):
    """What one evaluation found."""

    GOOD = enum.auto()
    BAD = enum.auto()
    UNREADABLE = enum.auto()


class EventKind(enum.StrEnum):
    """What a step of the machine makes known; the value is stored."""

    FIRING = "firing"
    RESOLVED = "resolved"
    REMINDER = "reminder"
    CANNOT_TELL = "cannot_tell"
    FLAPPING = "flapping"


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment by both clocks."""

    monotonic_s: float
    wall_ms: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a watch changes its state, as the rules have it."""

    failures: int = 3
    successes: int = 2
    for_s: float = 0.0
    """How long it must have been bad, besides the number of evaluations."""
    remind_s: float | None = None
    interval_s: float = 30.0


@dataclass(frozen=True, slots=True)
class WatchState:
    """The state of one watch and subject. Monotonic times hold for this run of the system only."""

    condition: Condition = Condition.OK
    streak: int = 0
    """Evaluations in a row that lead away from ``condition``'s settled neighbour."""
    unreadable_streak: int = 0
    incident: str | None = None
    since_ms: int = 0
    """Wall time at which ``shown`` became what it is."""
    bad_since_s: float | None = None
    reminded_at_s: float | None = None
    evaluated_at_s: float | None = None
    is_unknown: bool = False
    is_flapping: bool = False
    is_acknowledged: bool = False
    recent: tuple[bool, ...] = ()
    """The last evaluations that could see, oldest first; True is good."""

    @property
    def shown(self) -> str:
        """Return the state as documents and people have it.

        One that nobody could evaluate yet is no "ok": it is pending until it is seen or unknown.
        """
        if self.is_unknown:
            return "unknown"
        if self.unreadable_streak and not self.recent and self.condition is Condition.OK:
            return Condition.PENDING.value
        return self.condition.value


@dataclass(frozen=True, slots=True)
class Event:
    """Something to make known. ``incident`` is the same from firing to resolved."""

    kind: EventKind
    incident: str | None
    at_ms: int


Step = tuple[WatchState, tuple[Event, ...]]

_FLAP_WINDOW = 21
_FLAPS_FROM, _FLAPS_UNTIL = 0.50, 0.25
_SLEPT_AFTER_INTERVALS = 3


def advance(
    state: WatchState,
    evaluation: Evaluation,
    at: Moment,
    thresholds: Thresholds,
    new_incident: Callable[[], str],
) -> Step:
    """Return the state after one evaluation, and what it makes known."""
    state = _after_a_gap(state, at, thresholds)
    state = replace(state, evaluated_at_s=at.monotonic_s)
    if evaluation is Evaluation.UNREADABLE:
        return _unreadable(state, at, thresholds)
    is_good = evaluation is Evaluation.GOOD
    before = state.shown
    recent = (*state.recent, is_good)[-_FLAP_WINDOW:]
    state = replace(state, recent=recent, unreadable_streak=0, is_unknown=False)
    state, events = (_good if is_good else _bad)(state, at, thresholds, new_incident)
    if state.shown != before:
        state = replace(state, since_ms=at.wall_ms)
    return _judge_flapping(state, events, at)


def dismiss(state: WatchState, at: Moment) -> Step:
    """Return the state of a watch whose rule changed or went; an incident ends with it."""
    if state.incident is None:
        return WatchState(since_ms=at.wall_ms), ()
    ended = Event(EventKind.RESOLVED, state.incident, at.wall_ms)
    return WatchState(since_ms=at.wall_ms), (ended,)


def resumed(state: WatchState) -> WatchState:
    """Return a stored state for a run that begins now: its clock has another beginning.

    An incident stays open until recovery is seen. A watch that was about to fire begins to count
    again, because nobody looked meanwhile.
    """
    state = replace(state, bad_since_s=None, reminded_at_s=None, evaluated_at_s=None)
    if state.condition is Condition.PENDING:
        return replace(state, condition=Condition.OK, streak=0)
    if state.condition is Condition.RECOVERING:
        return replace(state, condition=Condition.FIRING, streak=0)
    return state


def change_share(recent: tuple[bool, ...]) -> float:
    """Return how much of the recent evaluations were changes, newer ones counting more; 0 to 1."""
    if len(recent) < _FLAP_WINDOW:
        return 0.0
    changes = [before is not after for before, after in pairwise(recent)]
    steps = len(changes) - 1
    weights = [0.8 + 0.4 * place / steps for place in range(len(changes))]
    changed = sum(
        weight for weight, has_changed in zip(weights, changes, strict=True) if has_changed
    )
    return changed / len(changes)


def _after_a_gap(state: WatchState, at: Moment, thresholds: Thresholds) -> WatchState:
    """Begin to count again where the machine slept: evaluations in a row must follow each other."""
    last = state.evaluated_at_s
    longest = _SLEPT_AFTER_INTERVALS * max(thresholds.interval_s, 1.0)
    if last is None or at.monotonic_s - last <= longest:
        return state
    if state.condition is Condition.PENDING:
        return replace(state, streak=0, bad_since_s=None, condition=Condition.OK)
    if state.condition is Condition.RECOVERING:
        return replace(state, streak=0, condition=Condition.FIRING)
    return state


def _unreadable(state: WatchState, at: Moment, thresholds: Thresholds) -> Step:
    streak = state.unreadable_streak + 1
    state = replace(state, unreadable_streak=streak)
    if state.is_unknown or streak < thresholds.failures:
        return state, ()
    state = replace(state, is_unknown=True, since_ms=at.wall_ms)
    return state, (Event(EventKind.CANNOT_TELL, state.incident, at.wall_ms),)


def _bad(
    state: WatchState, at: Moment, thresholds: Thresholds, new_incident: Callable[[], str]
) -> Step:
    if state.condition in {Condition.FIRING, Condition.RECOVERING}:
        state = replace(state, condition=Condition.FIRING, streak=0)
        return _remind(state, at, thresholds)
    since = at.monotonic_s if state.bad_since_s is None else state.bad_since_s
    state = replace(state, condition=Condition.PENDING, streak=state.streak + 1, bad_since_s=since)
    if state.streak < thresholds.failures or at.monotonic_s - since < thresholds.for_s:
        return state, ()
    state = replace(
        state,
        condition=Condition.FIRING,
        streak=0,
        incident=new_incident(),
        reminded_at_s=at.monotonic_s,
    )
    return state, (Event(EventKind.FIRING, state.incident, at.wall_ms),)


def _good(
    state: WatchState, at: Moment, thresholds: Thresholds, _new_incident: Callable[[], str]
) -> Step:
    if state.condition in {Condition.OK, Condition.PENDING}:
        return replace(state, condition=Condition.OK, streak=0, bad_since_s=None), ()
    state = replace(state, condition=Condition.RECOVERING, streak=state.streak + 1)
    if state.streak < thresholds.successes:
        return state, ()
    ended = Event(EventKind.RESOLVED, state.incident, at.wall_ms)
    return WatchState(recent=state.recent, evaluated_at_s=state.evaluated_at_s,
                      is_flapping=state.is_flapping), (ended,)  # fmt: skip


def _remind(state: WatchState, at: Moment, thresholds: Thresholds) -> Step:
    if state.reminded_at_s is None:
        # A run that began with an open incident: the interval counts from here.
        return replace(state, reminded_at_s=at.monotonic_s), ()
    is_due = (
        thresholds.remind_s is not None
        and not state.is_acknowledged
        and at.monotonic_s - state.reminded_at_s >= thresholds.remind_s
    )
    if not is_due:
        return state, ()
    event = Event(EventKind.REMINDER, state.incident, at.wall_ms)
    return replace(state, reminded_at_s=at.monotonic_s), (event,)


def _judge_flapping(state: WatchState, events: tuple[Event, ...], at: Moment) -> Step:
    share = change_share(state.recent)
    if not state.is_flapping and share >= _FLAPS_FROM:
        begun = Event(EventKind.FLAPPING, state.incident, at.wall_ms)
        return replace(state, is_flapping=True), (*events, begun)
    if state.is_flapping and share <= _FLAPS_UNTIL:
        return replace(state, is_flapping=False), events
    return state, events
