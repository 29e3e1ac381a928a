"""What waits for one channel: when it is due, how often it is tried, when it is given up."""

from __future__ import annotations

import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from portview.domain.local_time import local_moment
from portview.watch.incidents.machine import RULE_CHANGED, EventKind
from portview.watch.messages import outbox
from portview.watch.messages.grouping import group_events
from portview.watch.messages.texts import Background, Composer, Style
from portview.watch.store.incident_store import IncidentStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portview.watch.messages.grouping import Group
    from portview.watch.messages.outbox import OutgoingEvent
    from portview.watch.messages.texts import Message

_MOST_ROWS = 1000
_DIAGNOSIS_MS = 8000
_DIAGNOSIS_PAUSE_S = 0.3
_LONGEST_BACKOFF_S = 30.0
_MINUTE_S = 60.0
_MANY_ATTEMPTS = 100
_MOST_ATTEMPTS_SHOWN = 5


class Sender(Protocol):
    """A way of sending."""

    def send(self, message: Message, handing_over: Callable[[], None]) -> str:
        """Send a message; return "" where it was taken, else why not.

        ``handing_over`` is called once right before its bytes leave.
        """
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a channel is used."""

    group_wait_s: float = 0.0
    rate_per_minute: int = 20


class ChannelQueue:
    """Sends what waits for one channel. For one thread, with a connection of its own."""

    def __init__(
        self,
        name: str,
        sender: Sender,
        pace: Pace,
        open_store: Callable[[], IncidentStore] = IncidentStore.open,
        style: Style | None = None,
    ) -> None:
        self._name = name
        self._sender = sender
        self._pace = pace
        self._open_store = open_store
        self._style = style or Style()
        self._has_settled = False
        self._failures = 0
        self._try_at_s = 0.0
        self._sent_at_s: deque[float] = deque()

    def step(self) -> float | None:
        """Send what is due; return after how many seconds to look again, None for nothing waits.

        Raises sqlite3.Error and PortViewError.
        """
        with closing(self._open_store()) as store:
            if not self._has_settled:
                with store.transaction():
                    outbox.settle_interrupted(store.connection, self._name)
                self._has_settled = True
            while True:
                events = self._waiting(store)
                if not events:
                    return None
                wait_s = max(
                    self._until_due_s(events),
                    self._until_allowed_s(),
                    _until_diagnosed_s(store, events),
                )
                if wait_s > 0:
                    return wait_s
                for group in group_events(events):
                    if not self._send(store, group):
                        return max(self._until_allowed_s(), 0.01)
                    if self._until_allowed_s() > 0:
                        break

    def _waiting(self, store: IncidentStore) -> list[OutgoingEvent]:
        now_ms = time.time_ns() // 1_000_000
        events = outbox.waiting(store.connection, self._name, _MOST_ROWS)
        # Age alone proves nothing: a clock may have been put right since.
        expired = [
            one
            for one in events
            if now_ms - one.at_ms > outbox.EXPIRES_AFTER_MS and one.attempts >= _MANY_ATTEMPTS
        ]
        if expired:
            with store.transaction():
                outbox.remove(store.connection, expired)
        return [one for one in events if one not in expired]

    def _until_due_s(self, events: list[OutgoingEvent]) -> float:
        """Return how long the oldest waits for others of its burst; a clock set back waits not."""
        age_s = time.time() - min(one.at_ms for one in events) / 1000
        if age_s < 0 or any(one.attempts for one in events):
            return 0.0
        return max(0.0, self._pace.group_wait_s - age_s)

    def _until_allowed_s(self) -> float:
        now = time.monotonic()
        while self._sent_at_s and now - self._sent_at_s[0] >= _MINUTE_S:
            self._sent_at_s.popleft()
        by_rate = 0.0
        if len(self._sent_at_s) >= self._pace.rate_per_minute:
            by_rate = self._sent_at_s[0] + _MINUTE_S - now
        return max(by_rate, self._try_at_s - now, 0.0)

    def _send(self, store: IncidentStore, group: Group) -> bool:
        backgrounds = backgrounds_of(store, group.events)
        message = Composer(backgrounds, style=self._style).compose(group)
        with store.transaction():
            outbox.mark_tried(store.connection, group.events)

        def handing_over() -> None:
            with store.transaction():
                outbox.mark_handed(store.connection, group.events, time.time_ns() // 1_000_000)

        problem = self._sender.send(message, handing_over)
        now_ms = time.time_ns() // 1_000_000
        if not problem:
            # At once and alone: who is killed between the two sends it again.
            with store.transaction():
                outbox.remove(store.connection, group.events)
        with store.transaction():
            if problem:
                outbox.mark_handed(store.connection, group.events, None)
            outbox.count_result(store.connection, self._name, now_ms, problem)
        if problem:
            self._failures += 1
            pause_s = min(_LONGEST_BACKOFF_S, 2.0 ** min(self._failures - 1, 6))
            self._try_at_s = time.monotonic() + pause_s
            return False
        self._failures = 0
        self._sent_at_s.append(time.monotonic())
        return True


def _until_diagnosed_s(store: IncidentStore, events: Iterable[OutgoingEvent]) -> float:
    """Return how long to wait for what a diagnosis says about an incident that just began."""
    now_ms = time.time_ns() // 1_000_000
    for event in events:
        is_young = 0 <= now_ms - event.at_ms < _DIAGNOSIS_MS
        if not is_young or event.kind != EventKind.FIRING.value or not event.incident:
            continue
        incident = store.incident(event.incident)
        if incident is not None and incident.diagnosis is None and incident.ended_ms is None:
            return _DIAGNOSIS_PAUSE_S
    return 0.0


def backgrounds_of(store: IncidentStore, events: Iterable[OutgoingEvent]) -> dict[str, Background]:
    """Return what is known about the incidents of events. Raises sqlite3.Error."""
    found: dict[str, Background] = {}
    for event in events:
        incident = store.incident(event.incident) if event.incident else None
        if incident is None or incident.id in found:
            continue
        last = store.connection.execute(
            "SELECT good_program FROM watch_states WHERE watch = ? AND subject = ?",
            (incident.watch, incident.subject),
        ).fetchone()
        found[incident.id] = Background(
            incident.port,
            incident.protocol,
            incident.program,
            last[0] if last else "",
            incident.diagnosis or "",
            _attempts(store, incident.id),
            incident.acknowledged_ms is not None,
            incident.end_reason == RULE_CHANGED,
        )
    return found


def _attempts(store: IncidentStore, incident: str) -> list[str]:
    rows = store.connection.execute(
        "SELECT at_ms, detail FROM repair_attempts WHERE incident = ? ORDER BY id DESC LIMIT ?",
        (incident, _MOST_ATTEMPTS_SHOWN),
    ).fetchall()
    return [f"{local_moment(at_ms)}: {detail}" for at_ms, detail in reversed(rows)]
