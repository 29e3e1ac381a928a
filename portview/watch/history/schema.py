"""The tables of history, and where they are kept. All times are Unix milliseconds, UTC.

``spans``   a socket that listened, from when it was first seen; ``to_ms`` is NULL while it was
            there at the last reading, whose time is ``until_ms`` of the last row in ``looks``.
``owners``  who held it, each once: programs start again more often than they change.
``looks``   stretches of time in which somebody looked without a pause; between them nothing is
            known.
``events``  what happened to a port: a watch that fired, a repair, a clock that was set.
``counters``  connections and bytes of a port that listens on TCP. Rows with ``step_s`` 1 say what
            holds from their moment on; those with 60 and 3600 cover so many seconds.
``peers``   other machines that connected, or were connected to; only where a person wants that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.watch.store.database import Schema, store_path

if TYPE_CHECKING:
    from pathlib import Path

HISTORY = Schema(
    "history",
    (
        """
        CREATE TABLE owners (
            id INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            process TEXT, executable TEXT, command_line TEXT, user TEXT,
            what TEXT, container TEXT, problem TEXT
        );
        CREATE INDEX owners_by_process ON owners (process);
        CREATE TABLE spans (
            id INTEGER PRIMARY KEY,
            port INTEGER NOT NULL, protocol TEXT NOT NULL, address TEXT NOT NULL,
            pid INTEGER, owner INTEGER NOT NULL REFERENCES owners (id),
            from_ms INTEGER NOT NULL, to_ms INTEGER,
            is_start_seen INTEGER NOT NULL
        );
        CREATE INDEX spans_by_port ON spans (port, from_ms);
        CREATE INDEX spans_by_owner ON spans (owner);
        CREATE INDEX spans_by_end ON spans (to_ms);
        CREATE TABLE looks (
            id INTEGER PRIMARY KEY,
            from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, looker TEXT NOT NULL
        );
        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            at_ms INTEGER NOT NULL, kind TEXT NOT NULL, port INTEGER, protocol TEXT,
            watch TEXT, incident TEXT, detail TEXT
        );
        CREATE INDEX events_by_port ON events (port, at_ms);
        """,
        """
        CREATE TABLE counters (
            port INTEGER NOT NULL, step_s INTEGER NOT NULL, at_ms INTEGER NOT NULL,
            connections REAL NOT NULL, most INTEGER NOT NULL,
            received INTEGER, sent INTEGER,
            PRIMARY KEY (port, step_s, at_ms)
        ) WITHOUT ROWID;
        CREATE TABLE peers (
            port INTEGER NOT NULL, is_incoming INTEGER NOT NULL, address TEXT NOT NULL,
            owner INTEGER NOT NULL REFERENCES owners (id),
            from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, connections INTEGER NOT NULL,
            PRIMARY KEY (port, is_incoming, address, owner)
        ) WITHOUT ROWID;
        CREATE INDEX peers_by_owner ON peers (owner);
        """,
    ),
)


def recording_lock_path(store: Path | None = None) -> Path:
    """Return the file whose lock the one process has that records."""
    return (store or store_path()).with_suffix(".recording.lock")
