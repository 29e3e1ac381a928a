"""How long history is kept, and how it is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.watch.store.database import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_DAY_MS = 86_400_000
_SLICE = 20_000
"""How many spans are deleted at a time: others write in between."""


class Retention(NamedTuple):
    """What is kept: nothing older, and no more bytes in the whole store, than these."""

    days: int = 90
    size_bytes: int = 200_000_000


def prune(connection: sqlite3.Connection, retention: Retention, now_ms: int) -> int:
    """Delete the oldest history beyond what is kept; return how many spans went.

    Spans that are still open stay. Raises sqlite3.Error.
    """
    deleted = 0
    oldest_ms = now_ms - retention.days * _DAY_MS
    while gone := _delete(connection, "to_ms < ?", (oldest_ms,)):
        deleted += gone
    while used_bytes(connection) > retention.size_bytes:
        gone = _delete(connection, "to_ms IS NOT NULL", ())
        deleted += gone
        if not gone:
            break
    with transaction(connection):
        connection.execute("DELETE FROM looks WHERE until_ms < ?", (oldest_ms,))
        connection.execute("DELETE FROM events WHERE at_ms < ?", (oldest_ms,))
        connection.execute("DELETE FROM counters WHERE at_ms < ?", (oldest_ms,))
        connection.execute("DELETE FROM peers WHERE to_ms < ?", (oldest_ms,))
        _delete_incidents(connection, "at_ms < ?", "ended_ms < ?", (oldest_ms,))
        _delete_unused_owners(connection)
    return deleted


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return how much of the store is in use; a file does not shrink when rows are deleted."""
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    [free] = connection.execute("PRAGMA freelist_count").fetchone()
    [size] = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


def forget(
    connection: sqlite3.Connection, *, port: int | None = None, program: str | None = None
) -> int:
    """Delete what is known of a port, of a program, or with neither everything.

    Return how many spans went. The bytes are overwritten. Spans that are open now begin to be known
    again with the next recorder. Raises sqlite3.Error.
    """
    where, values = condition(port, program)
    connection.execute("PRAGMA secure_delete = ON")
    with transaction(connection):
        gone = connection.execute(f"DELETE FROM spans WHERE {where}", values).rowcount  # noqa: S608
        connection.execute(f"DELETE FROM peers WHERE {where}", values)  # noqa: S608 - likewise
        if port is not None:
            connection.execute("DELETE FROM events WHERE port = ?", (port,))
            connection.execute("DELETE FROM counters WHERE port = ?", (port,))
            _delete_incidents(connection, "port = ?", "port = ?", (port,))
        if port is None and program is None:
            connection.execute("DELETE FROM events")
            connection.execute("DELETE FROM counters")
            _delete_incidents(connection, "1", "1", ())
            connection.execute("DELETE FROM looks WHERE id < (SELECT max(id) FROM looks)")
        _delete_unused_owners(connection)
    # What the write-ahead log still holds goes as well, unless somebody reads it just now.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return gone


def condition(port: int | None, program: str | None) -> tuple[str, Sequence[object]]:
    """Return an SQL condition on spans and peers, and its values, for a port and a program."""
    parts, values = ["1"], list[object]()
    if port is not None:
        parts.append("port = ?")
        values.append(port)
    if program is not None:
        # A name with or without .exe, or the whole path; instr: a name may hold wildcards.
        bare = program.lower().removesuffix(".exe")
        parts.append(
            "owner IN (SELECT id FROM owners WHERE lower(process) IN (?, ?)"
            " OR lower(executable) = ?)"
        )
        values += [bare, f"{bare}.exe", program.lower()]
    return " AND ".join(parts), values


def _delete(connection: sqlite3.Connection, where: str, values: Sequence[object]) -> int:
    with transaction(connection):
        found = connection.execute(
            "DELETE FROM spans WHERE id IN (SELECT id FROM spans"  # noqa: S608 - see the callers
            f" WHERE {where} ORDER BY to_ms LIMIT {_SLICE})",
            values,
        )
        return found.rowcount


def _delete_incidents(
    connection: sqlite3.Connection, events: str, incidents: str, values: Sequence[object]
) -> None:
    """Delete what watches found, but of an incident that is open, or of which messages wait."""
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'watch_events'")
    if found.fetchone() is None:
        return
    needed = (
        "(SELECT id FROM incidents WHERE ended_ms IS NULL"
        " UNION SELECT incident FROM outbox WHERE incident IS NOT NULL)"
    )
    connection.execute(
        f"DELETE FROM watch_events WHERE {events}"  # noqa: S608 - the conditions of the callers
        f" AND (incident IS NULL OR incident NOT IN {needed})",
        values,
    )
    connection.execute(
        f"DELETE FROM incidents WHERE {incidents} AND id NOT IN {needed}"  # noqa: S608 - likewise
        " AND ended_ms IS NOT NULL",
        values,
    )


def _delete_unused_owners(connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM owners WHERE id NOT IN (SELECT owner FROM spans)"
        " AND id NOT IN (SELECT owner FROM peers)"
    )
