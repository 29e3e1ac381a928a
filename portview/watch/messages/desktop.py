"""The desktop as a channel: its messages wait in the outbox until a window shows them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from portview.watch.incidents.machine import EventKind
from portview.watch.messages import outbox
from portview.watch.messages.channel_queue import backgrounds_of
from portview.watch.messages.grouping import group_events
from portview.watch.messages.texts import Composer
from portview.watch.rules.model import DESKTOP

if TYPE_CHECKING:
    from portview.watch.messages.texts import Message
    from portview.watch.store.incident_store import IncidentStore

_MOST_ROWS = 200
_SHOWN_KINDS = frozenset(kind.value for kind in EventKind)


def take_desktop_messages(store: IncidentStore, group_wait_s: float = 0.0) -> list[Message]:
    """Return what the desktop is to show now, each message once. Raises sqlite3.Error.

    What waits longer than some minutes is not shown any more: the window shows the state.
    """
    now_ms = time.time_ns() // 1_000_000
    events = outbox.waiting(store.connection, DESKTOP, _MOST_ROWS)
    if not events:
        return []
    age_ms = now_ms - min(one.at_ms for one in events)
    if 0 <= age_ms < group_wait_s * 1000:
        return []
    fresh = [one for one in events if now_ms - one.at_ms < outbox.DESKTOP_EXPIRES_AFTER_MS]
    with store.transaction():
        outbox.remove(store.connection, events)
    composer = Composer(backgrounds_of(store, fresh), host="")
    return [composer.compose(group) for group in group_events(fresh)]


def messages_of_events(store: IncidentStore, after: int | None) -> tuple[list[Message], int]:
    """Return what to show of the events after one, and the last event; nothing where it is None.

    For a store of another account, from which nothing can be taken. Raises sqlite3.Error.
    """
    if after is None:
        (last,) = store.connection.execute("SELECT max(id) FROM watch_events").fetchone()
        return [], last or 0
    rows = store.connection.execute(
        "SELECT id, kind, watch, incident, at_ms, detail FROM watch_events"
        " WHERE id > ? ORDER BY id LIMIT ?",
        (after, _MOST_ROWS),
    ).fetchall()
    events = []
    for number, kind, watch, incident, at_ms, detail in rows:
        if kind in _SHOWN_KINDS:
            known = store.incident(incident) if incident else None
            since_ms = known.began_ms if known else at_ms
            events.append(
                outbox.OutgoingEvent(
                    number, DESKTOP, kind, watch, incident, at_ms, since_ms, detail, 0
                )
            )
    composer = Composer(backgrounds_of(store, events), host="")
    messages = [composer.compose(group) for group in group_events(events)]
    return messages, rows[-1][0] if rows else after
