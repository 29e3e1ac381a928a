"""Messages to send, kept until they are: one row for each channel and event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

EXPIRES_AFTER_MS = 3 * 24 * 3600 * 1000
"""After this time nobody is helped by a message any more."""
ANSWER_MS = 2500
"""A channel that is well answers within this time."""
DESKTOP_EXPIRES_AFTER_MS = 10 * 60 * 1000


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """One event that one channel is to hear of."""

    id: int
    channel: str
    kind: str
    watch: str
    incident: str | None
    at_ms: int
    since_ms: int
    """When the incident began."""
    detail: str
    attempts: int


def enqueue(  # noqa: PLR0917 - the columns in their order
    connection: sqlite3.Connection,
    channel: str,
    kind: str,
    watch: str,
    incident: str | None,
    at_ms: int,
    since_ms: int,
    detail: str,
) -> None:
    """Add a row; within the transaction of what it reports."""
    connection.execute(
        "INSERT INTO outbox (channel, kind, watch, incident, at_ms, since_ms, detail)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (channel, kind, watch, incident, at_ms, since_ms, detail),
    )


def waiting_channels(connection: sqlite3.Connection) -> set[str]:
    """Return the channels that something waits for."""
    return {name for (name,) in connection.execute("SELECT DISTINCT channel FROM outbox")}


def waiting(connection: sqlite3.Connection, channel: str, most: int) -> list[OutgoingEvent]:
    """Return what waits for a channel, the oldest first."""
    rows = connection.execute(
        "SELECT id, channel, kind, watch, incident, at_ms, since_ms, detail, attempts FROM outbox"
        " WHERE channel = ? ORDER BY id LIMIT ?",
        (channel, most),
    )
    return [OutgoingEvent(*row) for row in rows]


def mark_tried(connection: sqlite3.Connection, events: Iterable[OutgoingEvent]) -> None:
    """Count an attempt before it is made."""
    connection.executemany(
        "UPDATE outbox SET attempts = attempts + 1 WHERE id = ?", [(one.id,) for one in events]
    )


def mark_handed(
    connection: sqlite3.Connection, events: Iterable[OutgoingEvent], at_ms: int | None
) -> None:
    """Keep when rows began to leave this process; None where they did not arrive after all."""
    connection.executemany(
        "UPDATE outbox SET handed_ms = ?, alive_ms = ? WHERE id = ?",
        [(at_ms, at_ms, one.id) for one in events],
    )


def mark_alive(connection: sqlite3.Connection, since_ms: int, now_ms: int) -> None:
    """Keep that this process still waits for answers to what it handed over.

    ``since_ms`` is when it began: what another one had handed over is not its own.
    """
    connection.execute("UPDATE outbox SET alive_ms = ? WHERE handed_ms >= ?", (now_ms, since_ms))


def give_back(connection: sqlite3.Connection, channel: str) -> None:
    """Keep that what was handed over to a channel has not been answered to."""
    connection.execute("UPDATE outbox SET handed_ms = NULL WHERE channel = ?", (channel,))


def settle_interrupted(connection: sqlite3.Connection, channel: str) -> None:
    """Decide about what another process had handed over when it was killed.

    Where that lived no moment longer the message arrived: nobody says it twice. Where it continued
    waiting for an answer, it did not.
    """
    connection.execute(
        "DELETE FROM outbox WHERE channel = ? AND handed_ms IS NOT NULL"
        " AND alive_ms - handed_ms < ?",
        (channel, ANSWER_MS),
    )
    connection.execute(
        "UPDATE outbox SET handed_ms = NULL WHERE channel = ? AND handed_ms IS NOT NULL", (channel,)
    )


def remove(connection: sqlite3.Connection, events: Iterable[OutgoingEvent]) -> None:
    """Remove rows that were sent, or that nobody needs any more."""
    connection.executemany("DELETE FROM outbox WHERE id = ?", [(one.id,) for one in events])


def withdraw_unsent(connection: sqlite3.Connection, incident: str, channels: int) -> bool:
    """Remove the messages of an incident where none of so many channels was tried yet.

    False, and nothing is removed, where one was.
    """
    (untried,) = connection.execute(
        "SELECT count(*) FROM outbox WHERE incident = ? AND attempts = 0", (incident,)
    ).fetchone()
    if untried < channels:
        return False
    connection.execute("DELETE FROM outbox WHERE incident = ?", (incident,))
    return True


def count_result(connection: sqlite3.Connection, channel: str, at_ms: int, problem: str) -> None:
    """Count a message that was sent, or one attempt that failed for a reason."""
    connection.execute("INSERT OR IGNORE INTO channel_results (channel) VALUES (?)", (channel,))
    if problem:
        connection.execute(
            "UPDATE channel_results SET failed = failed + 1, problem = ?,"
            " failing_since_ms = coalesce(failing_since_ms, ?) WHERE channel = ?",
            (problem, at_ms, channel),
        )
    else:
        connection.execute(
            "UPDATE channel_results SET sent = sent + 1, problem = '', failing_since_ms = NULL"
            " WHERE channel = ?",
            (channel,),
        )
