"""States, incidents, silences and baselines as they are kept; every write is within a transaction.

Wall times are Unix milliseconds. One connection belongs to one thread.
"""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from portview.watch.incidents.machine import Condition, WatchState
from portview.watch.store.database import Schema, open_store, store_path, transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

_TABLES = """
CREATE TABLE watch_states (
  watch TEXT NOT NULL, subject TEXT NOT NULL, signature TEXT NOT NULL, state TEXT NOT NULL,
  detail TEXT NOT NULL, program TEXT NOT NULL, good_program TEXT NOT NULL,
  checked_ms INTEGER NOT NULL, boot TEXT NOT NULL,
  PRIMARY KEY (watch, subject)) WITHOUT ROWID;
CREATE TABLE incidents (
  id TEXT PRIMARY KEY, watch TEXT NOT NULL, subject TEXT NOT NULL, port INTEGER, protocol TEXT,
  began_ms INTEGER NOT NULL, ended_ms INTEGER, is_announced INTEGER NOT NULL DEFAULT 0,
  channels TEXT NOT NULL, detail TEXT NOT NULL, program TEXT NOT NULL,
  diagnosis TEXT, acknowledged_ms INTEGER, acknowledged_by TEXT, note TEXT,
  end_reason TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE INDEX incidents_by_watch ON incidents (watch, began_ms);
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, kind TEXT NOT NULL,
  watch TEXT NOT NULL, incident TEXT, at_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL,
  detail TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, handed_ms INTEGER,
  alive_ms INTEGER);
CREATE INDEX outbox_by_channel ON outbox (channel, id);
CREATE TABLE watch_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, kind TEXT NOT NULL,
  watch TEXT NOT NULL, port INTEGER, incident TEXT, detail TEXT NOT NULL);
CREATE INDEX watch_events_by_watch ON watch_events (watch, kind, at_ms);
CREATE INDEX watch_events_by_port ON watch_events (port, at_ms);
CREATE TABLE silences (
  watch TEXT PRIMARY KEY, until_ms INTEGER NOT NULL, by TEXT NOT NULL, note TEXT NOT NULL
  ) WITHOUT ROWID;
CREATE TABLE baselines (
  watch TEXT NOT NULL, entry TEXT NOT NULL, at_ms INTEGER NOT NULL,
  PRIMARY KEY (watch, entry)) WITHOUT ROWID;
CREATE TABLE baselines_learned (watch TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE repair_attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, watch TEXT NOT NULL, step TEXT NOT NULL,
  incident TEXT NOT NULL, at_ms INTEGER NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX repair_attempts_by_watch ON repair_attempts (watch, step, at_ms);
CREATE TABLE channel_results (
  channel TEXT PRIMARY KEY, sent INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
  failing_since_ms INTEGER, problem TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
"""
INCIDENT_SCHEMA = Schema("incidents", (_TABLES,))


@dataclass(frozen=True, slots=True)
class StoredState:
    """The state of one watch and subject as it was kept last."""

    watch: str
    subject: str
    signature: str
    state: WatchState
    detail: str
    program: str
    good_program: str
    """The executable that was on the port when all was well; "" where none was."""
    checked_ms: int
    boot: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident from its beginning to its end."""

    id: str
    watch: str
    subject: str
    port: int | None
    protocol: str | None
    began_ms: int
    ended_ms: int | None
    is_announced: bool
    channels: tuple[str, ...]
    detail: str
    program: str
    diagnosis: str | None = None
    """What the diagnosis said; "" where it had nothing to say, None while it is awaited."""
    acknowledged_ms: int | None = None
    acknowledged_by: str | None = None
    note: str | None = None
    end_reason: str = ""


_INCIDENT_COLUMNS = (
    "id, watch, subject, port, protocol, began_ms, ended_ms, is_announced, channels, detail, "
    "program, diagnosis, acknowledged_ms, acknowledged_by, note, end_reason"
)


class IncidentStore:
    """The tables of watches and incidents. For one thread. Raises sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take over the connection; ``close`` closes it."""
        self.connection = connection

    @classmethod
    def open(cls, path: Path | None = None, *, read_only: bool = False) -> IncidentStore:
        """Open the user's store. Raises PortViewError."""
        return cls(open_store(path or store_path(), (INCIDENT_SCHEMA,), read_only=read_only))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a block of which all is stored, or nothing."""
        return transaction(self.connection)

    def data_version(self) -> int:
        """Return a number that changes when another connection has written."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    # --- states

    def states(self) -> list[StoredState]:
        """Return every kept state."""
        rows = self.connection.execute(
            "SELECT watch, subject, signature, state, detail, program, good_program, checked_ms,"
            " boot FROM watch_states"
        )
        return [
            StoredState(watch, subject, signature, read_state(text), *rest)
            for watch, subject, signature, text, *rest in rows
        ]

    def put_states(self, states: Iterable[StoredState]) -> None:
        """Keep states, each in the place of the one before."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO watch_states VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    one.watch,
                    one.subject,
                    one.signature,
                    state_text(one.state),
                    one.detail,
                    one.program,
                    one.good_program,
                    one.checked_ms,
                    one.boot,
                )
                for one in states
            ],
        )

    def delete_state(self, watch: str, subject: str) -> None:
        """Forget a state."""
        self.connection.execute(
            "DELETE FROM watch_states WHERE watch = ? AND subject = ?", (watch, subject)
        )

    # --- incidents

    def begin_incident(self, incident: Incident) -> None:
        """Keep a new incident."""
        self.connection.execute(
            "INSERT INTO incidents (id, watch, subject, port, protocol, began_ms, channels,"
            " detail, program, diagnosis) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                incident.id,
                incident.watch,
                incident.subject,
                incident.port,
                incident.protocol,
                incident.began_ms,
                json.dumps(incident.channels),
                incident.detail,
                incident.program,
                incident.diagnosis,
            ),
        )

    def end_incident(self, incident: str, at_ms: int, reason: str) -> None:
        """Keep the end of an incident."""
        self.connection.execute(
            "UPDATE incidents SET ended_ms = ?, end_reason = ? WHERE id = ?",
            (at_ms, reason, incident),
        )

    def mark_announced(self, incident: str, *, is_announced: bool) -> None:
        """Keep whether anybody was, or will be, reported of an incident."""
        self.connection.execute(
            "UPDATE incidents SET is_announced = ? WHERE id = ?", (is_announced, incident)
        )

    def put_diagnosis(self, incident: str, sentence: str) -> None:
        """Keep what the diagnosis said about an incident."""
        self.connection.execute(
            "UPDATE incidents SET diagnosis = ? WHERE id = ?", (sentence, incident)
        )

    def incident(self, incident: str) -> Incident | None:
        """Return an incident."""
        return next(iter(self._incidents("WHERE id = ?", incident)), None)

    def open_incidents(self) -> list[Incident]:
        """Return the incidents that have not ended."""
        return self._incidents("WHERE ended_ms IS NULL ORDER BY began_ms")

    def recent_incidents(self, since_ms: int) -> list[Incident]:
        """Return the incidents that are open, or ended since a moment."""
        return self._incidents("WHERE ended_ms IS NULL OR ended_ms >= ?", since_ms)

    def _incidents(self, where: str, *values: Any) -> list[Incident]:
        rows = self.connection.execute(
            f"SELECT {_INCIDENT_COLUMNS} FROM incidents {where}",  # noqa: S608 - constants
            values,
        )
        return [
            Incident(*(*row[:7], bool(row[7]), tuple(json.loads(row[8])), *row[9:])) for row in rows
        ]

    def acknowledge(self, incident: str, at_ms: int, note: str) -> None:
        """Keep who has seen an incident."""
        self.connection.execute(
            "UPDATE incidents SET acknowledged_ms = ?, acknowledged_by = ?, note = ? WHERE id = ?",
            (at_ms, user_name(), note, incident),
        )

    def add_event(  # noqa: PLR0917 - the columns in their order
        self, at_ms: int, kind: str, watch: str, port: int | None, incident: str | None, detail: str
    ) -> None:
        """Keep one line of the timeline."""
        self.connection.execute(
            "INSERT INTO watch_events (at_ms, kind, watch, port, incident, detail)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (at_ms, kind, watch, port, incident, detail),
        )

    def last_event_ms(self, watch: str, kind: str) -> int | None:
        """Return when something of a kind was kept of a watch last."""
        row = self.connection.execute(
            "SELECT max(at_ms) FROM watch_events WHERE watch = ? AND kind = ?", (watch, kind)
        ).fetchone()
        return None if row[0] is None else int(row[0])

    # --- silences

    def silences(self, now_ms: int) -> dict[str, int]:
        """Return until when each silenced watch is silenced."""
        return dict(
            self.connection.execute(
                "SELECT watch, until_ms FROM silences WHERE until_ms > ?", (now_ms,)
            )
        )

    def silence(self, watch: str, until_ms: int, note: str) -> None:
        """Silence a watch until a moment; one that has passed ends a silence."""
        self.connection.execute(
            "INSERT OR REPLACE INTO silences VALUES (?, ?, ?, ?)",
            (watch, until_ms, user_name(), note),
        )

    # --- baselines

    def baseline(self, watch: str) -> list[str] | None:
        """Return the entries of a watch's baseline, None where none was learned yet."""
        learned = self.connection.execute(
            "SELECT 1 FROM baselines_learned WHERE watch = ?", (watch,)
        ).fetchone()
        if learned is None:
            return None
        rows = self.connection.execute("SELECT entry FROM baselines WHERE watch = ?", (watch,))
        return [entry for (entry,) in rows]

    def learn_baseline(self, watch: str, entries: Iterable[str], at_ms: int) -> None:
        """Add entries to a watch's baseline."""
        self.connection.execute(
            "INSERT OR IGNORE INTO baselines_learned VALUES (?, ?)", (watch, at_ms)
        )
        self.connection.executemany(
            "INSERT OR IGNORE INTO baselines VALUES (?, ?, ?)",
            [(watch, entry, at_ms) for entry in entries],
        )

    def forget_baseline(self, watch: str) -> None:
        """Forget a baseline, so that the next look learns again."""
        self.connection.execute("DELETE FROM baselines WHERE watch = ?", (watch,))
        self.connection.execute("DELETE FROM baselines_learned WHERE watch = ?", (watch,))


def user_name() -> str:
    """Return who acts, as people know the account."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def state_text(state: WatchState) -> str:
    """Return a state as JSON."""
    return json.dumps(asdict(state), separators=(",", ":"))


def read_state(text: str) -> WatchState:
    """Return the state of a JSON text that ``state_text`` made."""
    values = json.loads(text)
    values["condition"] = Condition(values["condition"])
    values["recent"] = tuple(values["recent"])
    return WatchState(**values)
