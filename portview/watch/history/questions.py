"""Answers questions about history from the store. Reads only; for one thread."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from portview.actions.confirmation.history import read_records
from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _
from portview.watch.history.counters import read_counts
from portview.watch.history.peers import read_peers
from portview.watch.history.retention import condition
from portview.watch.history.schema import HISTORY, recording_lock_path
from portview.watch.history.writing import PortEvent
from portview.watch.store.database import open_store, store_path
from portview.watch.store.process_lock import is_locked

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from pathlib import Path

    from portview.watch.history.counters import CountPoint
    from portview.watch.history.peers import Peer

_STALE_MS = 10_000
"""After how long without a reading it is no longer known that a socket is still there."""

_SHORTEST_GAP_MS = 3000
MOST_SPANS = 10_000


class HistoryQuestion(NamedTuple):
    """What is asked: spans that reach into a time, of a port, a program, or all."""

    port: int | None = None
    program: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    protocol: str | None = None
    with_counts: bool = False
    """Whether counts of connections and bytes are wanted, of a port."""


class Span(NamedTuple):
    """A socket's listening life, as far as it was seen. Texts are untrusted."""

    port: int
    protocol: str
    address: str
    pid: int | None
    from_ms: int
    to_ms: int | None
    """When it was last seen; None where it is there now."""
    is_start_seen: bool
    process: str | None
    executable: str | None
    command_line: tuple[str, ...] | None
    user: str | None
    what: str | None
    container: str | None
    owner_problem: str | None


class Gap(NamedTuple):
    """A time in which nobody looked; ``to_ms`` is None where nobody looks now."""

    from_ms: int
    to_ms: int | None


class IncidentSpan(NamedTuple):
    """A time in which a watch fired; ``to_ms`` is None while it does. Texts are untrusted."""

    incident: str
    watch: str
    port: int | None
    from_ms: int
    to_ms: int | None
    detail: str
    acknowledged_ms: int | None


class HistoryAnswer(NamedTuple):
    """What was seen: spans by their beginning, events by their time, and gaps."""

    spans: tuple[Span, ...] = ()
    events: tuple[PortEvent, ...] = ()
    gaps: tuple[Gap, ...] = ()
    is_cut: bool = False
    """Whether there are more spans than are answered; the newest ones are."""
    is_recording: bool = False
    first_look_ms: int | None = None
    counts: tuple[CountPoint, ...] = ()
    """Connections and bytes of the port, where they were asked for."""
    peers: tuple[Peer, ...] = ()
    """Other machines, where the person had them recorded."""
    incidents: tuple[IncidentSpan, ...] = ()


def ask_history(question: HistoryQuestion, path: Path | None = None) -> HistoryAnswer:
    """Answer from the store. Raises PortViewError where there is none, and sqlite3.Error."""
    path = path or store_path()
    with closing(open_store(path, [HISTORY], read_only=True)) as connection:
        if not _has_table(connection, "spans"):
            return HistoryAnswer(events=_actions(question))
        last = connection.execute("SELECT until_ms FROM looks ORDER BY id DESC LIMIT 1").fetchone()
        [first] = connection.execute("SELECT min(from_ms) FROM looks").fetchone()
        last_ms = last[0] if last else 0
        is_recording = _is_recording(path, last_ms)
        spans, is_cut = _spans(connection, question, None if is_recording else last_ms)
        return HistoryAnswer(
            spans,
            _events(connection, question),
            _gaps(connection, question, is_recording=is_recording),
            is_cut,
            is_recording,
            first,
            _counts(connection, question),
            _peers(connection, question),
            _incidents(connection, question),
        )


def _counts(connection: sqlite3.Connection, question: HistoryQuestion) -> tuple[CountPoint, ...]:
    if not question.with_counts or question.port is None or not _has_table(connection, "counters"):
        return ()
    return read_counts(connection, question.port, *_bounds(question))


def _peers(connection: sqlite3.Connection, question: HistoryQuestion) -> tuple[Peer, ...]:
    is_asked = question.program is None and question.protocol != Protocol.UDP.value
    if not is_asked or not _has_table(connection, "peers"):
        return ()
    return read_peers(connection, question.port, *_bounds(question))


def _incidents(
    connection: sqlite3.Connection, question: HistoryQuestion
) -> tuple[IncidentSpan, ...]:
    if question.program is not None or not _has_table(connection, "incidents"):
        return ()
    since, until = _bounds(question)
    rows = connection.execute(
        "SELECT id, watch, port, began_ms, ended_ms, detail, acknowledged_ms FROM incidents"
        " WHERE (? IS NULL OR port = ?) AND began_ms <= ?"
        " AND (ended_ms IS NULL OR ended_ms >= ?) ORDER BY began_ms LIMIT ?",
        (question.port, question.port, until, since, MOST_SPANS),
    )
    return tuple(IncidentSpan(*row) for row in rows)


def find_incident(beginning: str, path: Path | None = None) -> IncidentSpan:
    """Return the one incident whose identifier begins like that.

    Raises PortViewError where there is none or more than one, and sqlite3.Error.
    """
    rows: list[tuple[object, ...]] = []
    with closing(open_store(path or store_path(), [HISTORY], read_only=True)) as connection:
        if beginning and _has_table(connection, "incidents"):
            rows = connection.execute(
                "SELECT id, watch, port, began_ms, ended_ms, detail, acknowledged_ms"
                " FROM incidents WHERE substr(id, 1, ?) = ? LIMIT 2",
                (len(beginning), beginning.lower()),
            ).fetchall()
    if len(rows) != 1:
        message = _("No incident begins like that.")
        if rows:
            message = _("More than one incident begins like that.")
        raise PortViewError(
            "no_incident",
            message,
            _("Messages and the window of watches name it."),
            Outcome.BAD_INPUT,
        )
    return IncidentSpan(*rows[0])  # type: ignore[arg-type] # the columns in their order


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (name,))
    return found.fetchone() is not None


def _is_recording(path: Path, last_ms: int) -> bool:
    if abs(time.time_ns() // 1_000_000 - last_ms) > _STALE_MS:
        return False
    try:
        return is_locked(recording_lock_path(path))
    except OSError:
        return True  # The last reading is fresh, and nothing says otherwise.


def _spans(
    connection: sqlite3.Connection, question: HistoryQuestion, last_ms: int | None
) -> tuple[tuple[Span, ...], bool]:
    where, values = condition(question.port, question.program)
    parts, more = [where], list(values)
    if question.since_ms is not None:
        # An open span reaches to the last reading.
        parts.append("(to_ms >= ? OR (to_ms IS NULL AND ? >= ?))")
        more += [question.since_ms, _far(last_ms), question.since_ms]
    if question.until_ms is not None:
        parts.append("from_ms <= ?")
        more.append(question.until_ms)
    if question.protocol is not None:
        parts.append("protocol = ?")
        more.append(question.protocol)
    rows = connection.execute(
        "SELECT port, protocol, address, pid, from_ms, to_ms, is_start_seen, process, executable,"  # noqa: S608 - the conditions are those above
        " command_line, user, what, container, problem FROM spans JOIN owners ON owner = owners.id"
        f" WHERE {' AND '.join(parts)} ORDER BY from_ms DESC, spans.id DESC LIMIT {MOST_SPANS + 1}",
        more,
    ).fetchall()
    spans = [_span(row, last_ms) for row in rows[:MOST_SPANS]]
    return tuple(reversed(spans)), len(rows) > MOST_SPANS


def _far(last_ms: int | None) -> int:
    return 1 << 62 if last_ms is None else last_ms


def _span(row: tuple[object, ...], last_ms: int | None) -> Span:
    span = Span(*row)  # type: ignore[arg-type]
    to_ms = span.to_ms
    if to_ms is None and last_ms is not None:
        to_ms = max(span.from_ms, last_ms)
    return span._replace(
        to_ms=to_ms,
        is_start_seen=bool(span.is_start_seen),
        command_line=_words(row[9]),
    )


def _words(text: object) -> tuple[str, ...] | None:
    return tuple(str(word) for word in json.loads(text)) if isinstance(text, str) else None


def _events(connection: sqlite3.Connection, question: HistoryQuestion) -> tuple[PortEvent, ...]:
    parts, values = ["at_ms >= ?", "at_ms <= ?"], [*_bounds(question)]
    if question.port is not None:
        parts.append("(port = ? OR kind = 'clock_set')")
        values.append(question.port)
    rows = connection.execute(
        "SELECT at_ms, kind, port, protocol, watch, incident, detail FROM events"  # noqa: S608
        f" WHERE {' AND '.join(parts)} ORDER BY at_ms DESC LIMIT {MOST_SPANS}",
        values,
    )
    found = [PortEvent(*row) for row in rows]
    if _has_table(connection, "watch_events"):
        rows = connection.execute(
            "SELECT at_ms, kind, port, NULL, watch, incident, detail FROM watch_events"  # noqa: S608
            f" WHERE {' AND '.join(parts)} ORDER BY at_ms DESC LIMIT {MOST_SPANS}",
            values,
        )
        found += [PortEvent(*row) for row in rows]
    return tuple(sorted((*found, *_actions(question)), key=lambda event: event.at_ms))


def _actions(question: HistoryQuestion) -> tuple[PortEvent, ...]:
    """Return what PortView did, from its record of actions."""
    since, until = _bounds(question)
    return tuple(
        PortEvent(record.at_ms, record.kind, record.port, record.protocol, detail=record.done)
        for record in read_records()
        if record.kind
        and since <= record.at_ms <= until
        and (question.port is None or record.port == question.port)
    )


def _bounds(question: HistoryQuestion) -> tuple[int, int]:
    since = 0 if question.since_ms is None else question.since_ms
    return since, (1 << 62) if question.until_ms is None else question.until_ms


def _gaps(
    connection: sqlite3.Connection, question: HistoryQuestion, *, is_recording: bool
) -> tuple[Gap, ...]:
    since, until = _bounds(question)
    looks = connection.execute(
        "SELECT from_ms, until_ms FROM looks WHERE until_ms >= ? ORDER BY from_ms",
        (since - 1,),
    ).fetchall()
    before = connection.execute(
        "SELECT from_ms, until_ms FROM looks WHERE until_ms < ? ORDER BY until_ms DESC LIMIT 1",
        (since - 1,),
    ).fetchone()
    stretches = [before, *looks] if before else looks
    return tuple(
        gap
        for gap in _between(stretches, is_recording=is_recording)
        if gap.from_ms <= until and (gap.to_ms is None or gap.to_ms >= since)
    )


def _between(looks: Iterable[tuple[int, int]], *, is_recording: bool) -> Iterable[Gap]:
    last: int | None = None
    for from_ms, until_ms in looks:
        if last is not None and from_ms - last >= _SHORTEST_GAP_MS:
            yield Gap(last, from_ms)
        last = until_ms if last is None else max(last, until_ms)
    if last is not None and not is_recording:
        yield Gap(last, None)
