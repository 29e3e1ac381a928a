"""Keeps the states of all watches: what was observed in, states, incidents and messages out.

A round of observations is one transaction with the messages that it leads to, so that a process
that is killed has stored either both or neither.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.plain_text import inert
from portview.watch.incidents.machine import (
    RULE_CHANGED,
    Condition,
    Evaluation,
    EventKind,
    Moment,
    Thresholds,
    WatchState,
    advance,
    dismiss,
    resumed,
)
from portview.watch.incidents.suppression import suppression
from portview.watch.messages.outbox import enqueue, withdraw_unsent
from portview.watch.rules.model import DESKTOP, Expectation
from portview.watch.rules.shown import is_about_this_machine
from portview.watch.store.incident_store import Incident, StoredState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.watch.evaluation.observation import Observation
    from portview.watch.incidents.machine import Event
    from portview.watch.incidents.suppression import Surroundings
    from portview.watch.rules.model import Watch, WatchRules
    from portview.watch.store.incident_store import IncidentStore

logger = logging.getLogger(__name__)

_LONGEST_DETAIL = 1000
_WHAT_IT_WATCHES = (
    "expect", "port", "protocol", "address", "host", "url", "program", "service", "state",
    "resource", "above", "days", "status", "contains", "baseline",
)  # fmt: skip
_NOTES_EVERY_MS = 3_600_000
_DIAGNOSED = frozenset(
    {
        Expectation.LISTENING, Expectation.HELD_BY, Expectation.TCP, Expectation.UDP,
        Expectation.HTTP, Expectation.TLS, Expectation.NOT_EXPOSED,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Transition:
    """Something that became known about a watch, after it was stored."""

    watch: Watch
    kind: EventKind
    incident: str | None
    subject: str
    detail: str


class Tracker:
    """The states of all watches of the rules. For the thread that evaluates."""

    def __init__(self, store: IncidentStore) -> None:
        """Read what was kept."""
        self._store = store
        self._boot = boot_id()
        self._kept = {(one.watch, one.subject): one for one in store.states()}
        self._incidents = {one.id: one for one in store.open_incidents()}
        self._watches: dict[str, Watch] = {}

    def adopt(self, rules: WatchRules, at: Moment, *, is_new_run: bool = False) -> None:
        """Take over rules: what was edited or removed begins again, and its incident ends.

        ``is_new_run`` says that a process begins that keeps evaluating: what another run of the
        system counted is counted again. Raises sqlite3.Error.
        """
        self._watches = {one.name: one for one in rules.watches if one.is_enabled}
        with self._store.transaction():
            for key, kept in list(self._kept.items()):
                watch = self._watches.get(kept.watch)
                if watch is None or signature_of(watch) != kept.signature:
                    self._dismiss(key, kept, at, is_edited=watch is not None)
                elif kept.boot != self._boot or not _is_before(kept.state, at):
                    # Another run of the system: its clock has another beginning.
                    self._kept[key] = replace(kept, state=resumed(kept.state))
                elif not is_new_run:
                    # A single round: nobody looks in between, and that is no gap.
                    self._kept[key] = replace(kept, state=replace(kept.state, evaluated_at_s=None))

    def record(
        self,
        found: Iterable[tuple[Watch, Iterable[Observation]]],
        at: Moment,
        around: Surroundings,
    ) -> list[Transition]:
        """Store what a round found, with its messages.

        Raises sqlite3.Error; then all is as before.
        """
        before = dict(self._kept), dict(self._incidents)
        transitions: list[Transition] = []
        try:
            with self._store.transaction():
                for watch, observations in found:
                    for each in observations:
                        transitions += self._record(watch, each, at, around)
        except BaseException:
            self._kept, self._incidents = before
            raise
        for one in transitions:
            _log(one)
        return transitions

    def refresh_incidents(self) -> None:
        """Read the incidents again, which another process may have acknowledged."""
        self._incidents = {one.id: one for one in self._store.open_incidents()}

    def condition_of(self, name: str) -> Condition | None:
        """Return the worst condition of a watch's subjects, None for one that was not evaluated."""
        states = [one.state.condition for (watch, _s), one in self._kept.items() if watch == name]
        return max(states, key=_WORST_LAST.index, default=None)

    def state_of(self, name: str, subject: str = "") -> StoredState | None:
        """Return what is kept of a watch and subject."""
        return self._kept.get((name, subject))

    def subjects_of(self, name: str) -> list[str]:
        """Return the subjects of a watch that have a state of their own."""
        return [subject for watch, subject in self._kept if watch == name and subject]

    def is_acknowledged(self, incident: str | None) -> bool:
        """Return whether somebody has seen an incident."""
        kept = self._incidents.get(incident or "")
        return kept is not None and kept.acknowledged_ms is not None

    def _record(
        self, watch: Watch, found: Observation, at: Moment, around: Surroundings
    ) -> list[Transition]:
        key = (watch.name, found.subject)
        kept = self._kept.get(key)
        state = WatchState(since_ms=at.wall_ms) if kept is None else kept.state
        state = replace(state, is_acknowledged=self.is_acknowledged(state.incident))
        state, events = advance(state, found.evaluation, at, thresholds_of(watch), new_incident)
        detail = inert(found.detail, _LONGEST_DETAIL)
        is_good = found.evaluation is Evaluation.GOOD
        good_program = found.program_id if is_good else ""
        now = StoredState(
            watch.name, found.subject, signature_of(watch), state, detail, found.program,
            good_program or (kept.good_program if kept else ""), at.wall_ms, self._boot,
        )  # fmt: skip
        self._kept[key] = now
        for event in events:
            self._apply(watch, event, now, around)
        self._announce(watch, now, at, around)
        if found.subject and state.condition is Condition.OK:
            del self._kept[key]
            self._store.delete_state(*key)
        else:
            self._store.put_states([now])
        return [Transition(watch, one.kind, one.incident, found.subject, detail) for one in events]

    def _apply(self, watch: Watch, event: Event, now: StoredState, around: Surroundings) -> None:
        """Store an event and its messages, but for that of a firing, which ``_announce`` makes."""
        incident = self._incidents.get(event.incident or "")
        if event.kind is EventKind.FIRING:
            self._begin(watch, event, now)
        elif event.kind is EventKind.RESOLVED and incident is not None:
            self._end(incident, event.at_ms, now.detail, "")
        elif event.kind is EventKind.REMINDER:
            if (
                incident is not None
                and incident.is_announced
                and not self._why_not(watch, now.state, around)
            ):
                self._enqueue(event.kind, watch, incident, event.at_ms, now.detail)
        elif self._is_worth_a_note(watch, event, now, around):
            self._enqueue(event.kind, watch, incident, event.at_ms, now.detail)
        self._store.add_event(
            event.at_ms, event.kind.value, watch.name, watch.port, event.incident, now.detail
        )

    def _is_worth_a_note(
        self, watch: Watch, event: Event, now: StoredState, around: Surroundings
    ) -> bool:
        """Return whether to say that a watch flaps or can't be evaluated: not again and again."""
        state, without_start = (
            replace(now.state, is_flapping=False),
            replace(around, is_starting=False),
        )
        if self._why_not(watch, state, without_start):
            return False
        last_ms = self._store.last_event_ms(watch.name, event.kind.value)
        return last_ms is None or not 0 <= event.at_ms - last_ms < _NOTES_EVERY_MS

    def _begin(self, watch: Watch, event: Event, now: StoredState) -> None:
        incident = Incident(
            event.incident or "", watch.name, now.subject, watch.port,
            watch.protocol if watch.port is not None else None, event.at_ms, None,
            is_announced=False, channels=channels_of(watch), detail=now.detail,
            program=now.program, diagnosis=None if may_be_diagnosed(watch) else "",
        )  # fmt: skip
        self._store.begin_incident(incident)
        self._incidents[incident.id] = incident
        for child in self._watches.values():
            if watch.name in child.depends_on:
                self._withdraw(child)

    def _withdraw(self, child: Watch) -> None:
        """Take messages back that nobody was sent yet: what they say follows from another watch."""
        for incident in list(self._incidents.values()):
            if (
                incident.watch == child.name
                and incident.is_announced
                and withdraw_unsent(self._store.connection, incident.id, len(incident.channels))
            ):
                self._mark_announced(incident, is_announced=False)

    def _end(self, incident: Incident, at_ms: int, detail: str, reason: str) -> None:
        self._store.end_incident(incident.id, at_ms, reason)
        del self._incidents[incident.id]
        if not incident.is_announced:
            return
        for channel in incident.channels:
            enqueue(self._store.connection, channel, EventKind.RESOLVED.value, incident.watch,
                    incident.id, at_ms, incident.began_ms, detail)  # fmt: skip

    def _announce(self, watch: Watch, now: StoredState, at: Moment, around: Surroundings) -> None:
        incident = self._incidents.get(now.state.incident or "")
        if incident is None or incident.is_announced:
            return
        if now.state.condition is not Condition.FIRING or now.state.is_unknown:
            return
        if self._why_not(watch, now.state, around):
            return
        # A message that had to wait is as old as what it says: it joins no new group.
        self._enqueue(EventKind.FIRING, watch, incident, incident.began_ms, now.detail)
        self._mark_announced(incident, is_announced=True)
        del at

    def _mark_announced(self, incident: Incident, *, is_announced: bool) -> None:
        self._store.mark_announced(incident.id, is_announced=is_announced)
        self._incidents[incident.id] = replace(incident, is_announced=is_announced)

    def _enqueue(
        self, kind: EventKind, watch: Watch, incident: Incident | None, at_ms: int, detail: str
    ) -> None:
        began_ms = incident.began_ms if incident else at_ms
        for channel in channels_of(watch):
            enqueue(self._store.connection, channel, kind.value, watch.name,
                    incident.id if incident else None, at_ms, began_ms, detail)  # fmt: skip

    def _why_not(self, watch: Watch, state: WatchState, around: Surroundings) -> bool:
        return suppression(watch, state, around, self.condition_of) is not None

    def _dismiss(
        self, key: tuple[str, str], kept: StoredState, at: Moment, *, is_edited: bool
    ) -> None:
        _state, events = dismiss(kept.state, at)
        for event in events:
            incident = self._incidents.get(event.incident or "")
            if incident is not None:
                self._end(incident, at.wall_ms, kept.detail, RULE_CHANGED)
                self._store.add_event(at.wall_ms, event.kind.value, kept.watch, incident.port,
                                      incident.id, RULE_CHANGED)  # fmt: skip
        if not key[1]:
            self._store.forget_baseline(kept.watch)
        del self._kept[key]
        self._store.delete_state(*key)
        logger.info("watch %s: %s", kept.watch, "changed" if is_edited else "removed")


_WORST_LAST = (Condition.OK, Condition.PENDING, Condition.RECOVERING, Condition.FIRING)


def may_be_diagnosed(watch: Watch) -> bool:
    """Return whether a watch is about a port of this machine, which a diagnosis can explain."""
    is_explained = watch.port is not None and watch.expect in _DIAGNOSED
    return is_explained and is_about_this_machine(watch)


def channels_of(watch: Watch) -> tuple[str, ...]:
    """Return the channels that a watch speaks through."""
    return watch.notify or (DESKTOP,)


def thresholds_of(watch: Watch) -> Thresholds:
    """Return when a watch changes its state."""
    return Thresholds(
        watch.failures, watch.successes, watch.for_s, watch.remind_s, watch.interval_s
    )


def signature_of(watch: Watch) -> str:
    """Return a text that changes when a rule watches something else; it shows no URL."""
    values = repr([getattr(watch, name) for name in _WHAT_IT_WATCHES])
    return hashlib.sha256(values.encode()).hexdigest()[:16]


def new_incident() -> str:
    """Return the id of a new incident."""
    return uuid.uuid4().hex


def boot_id() -> str:
    """Return what reports one run of the system from another, "" where nothing does."""
    if sys.platform != "linux":
        return ""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _is_before(state: WatchState, at: Moment) -> bool:
    """Return whether a kept monotonic time can be of this run of the system."""
    return state.evaluated_at_s is None or state.evaluated_at_s <= at.monotonic_s


def _log(transition: Transition) -> None:
    """Log one transition; what reads JSON gets its parts as fields of ECS."""
    watch = transition.watch
    kind, incident = transition.kind.value, transition.incident or ""
    fields = {
        "event.kind": "alert",
        "event.action": kind,
        "event.id": incident or None,
        "event.outcome": _OUTCOMES.get(transition.kind, "unknown"),
        "rule.name": watch.name,
        "destination.port": watch.port,
        "network.transport": watch.protocol if watch.port is not None else None,
    }
    logger.info(
        "watch %s: %s (%s) %s",
        watch.name,
        kind,
        incident[:8],
        transition.detail,
        extra={"ecs": fields},
    )


_OUTCOMES = {
    EventKind.FIRING: "failure",
    EventKind.REMINDER: "failure",
    EventKind.RESOLVED: "success",
}
