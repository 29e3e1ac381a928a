"""Writes what a reading found into the store, as one transaction. For one thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.watch.history.owners import owner_number
from portview.watch.store.database import transaction

if TYPE_CHECKING:
    import sqlite3

    from portview.domain.sockets.socket_row import SocketKey
    from portview.watch.history.tracker import Look, Opened

_QUIET_WRITE_MS = 2000
"""How often a reading at which nothing changed is written down."""


class PortEvent(NamedTuple):
    """Something that happened to a port, apart from who held it. Texts are untrusted."""

    at_ms: int
    kind: str
    port: int | None = None
    protocol: str | None = None
    watch: str | None = None
    incident: str | None = None
    detail: str | None = None


def add_event(connection: sqlite3.Connection, event: PortEvent) -> None:
    """Write down an event, inside the caller's transaction or as one of its own."""
    connection.execute(
        "INSERT INTO events (at_ms, kind, port, protocol, watch, incident, detail)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        event,
    )


class HistoryWriter:
    """Writes the looks of one process that has the lock for recording."""

    def __init__(self, connection: sqlite3.Connection, looker: str) -> None:
        """Write through a connection that the caller closes; ``looker`` names who looks."""
        self._connection = connection
        self._looker = looker
        self._stretch = 0
        self._written_ms = 0
        self._spans: dict[SocketKey, int] = {}
        self._version = 0

    def take_forgotten(self) -> frozenset[SocketKey]:
        """Return sockets whose open span somebody deleted meanwhile, and forget them as well.

        Raises sqlite3.Error.
        """
        # The number changes when another connection has written, and only then.
        [version] = self._connection.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return frozenset()
        self._version = version
        found = self._connection.execute("SELECT id FROM spans WHERE to_ms IS NULL")
        stored = {number for (number,) in found}
        gone = frozenset(key for key, number in self._spans.items() if number not in stored)
        for key in gone:
            del self._spans[key]
        return gone

    def write(self, look: Look) -> None:
        """Write one reading. Raises sqlite3.Error; nothing of the look is stored then."""
        if look.is_quiet and abs(look.at_ms - self._written_ms) < _QUIET_WRITE_MS:
            return
        with transaction(self._connection) as connection:
            if not self._stretch:
                # What an earlier process left open ended when it was last seen.
                connection.execute(
                    "UPDATE spans SET to_ms = max(from_ms, coalesce("
                    "(SELECT until_ms FROM looks ORDER BY id DESC LIMIT 1), from_ms))"
                    " WHERE to_ms IS NULL"
                )
            stretch = self._look(look)
            for ended in look.ended:
                span = self._spans.get(ended.key)
                connection.execute("UPDATE spans SET to_ms = ? WHERE id = ?", (ended.at_ms, span))
            found = {}
            for before, key, pid, owner in look.identified:
                found[before] = key
                connection.execute(
                    "UPDATE spans SET pid = ?, owner = ? WHERE id = ?",
                    (pid, owner_number(self._connection, owner), self._spans.get(before)),
                )
            begun = {opened.key: self._begin(opened) for opened in look.opened}
            if look.clock_step_ms:
                detail = f"{look.clock_step_ms / 1000:+.0f} s"
                add_event(connection, PortEvent(look.at_ms, "clock_set", detail=detail))
        self._stretch, self._written_ms = stretch, look.at_ms
        for ended in look.ended:
            self._spans.pop(ended.key, None)
        for before, key in found.items():
            self._spans[key] = self._spans.pop(before)
        self._spans |= begun

    def _look(self, look: Look) -> int:
        if self._stretch and not look.begins_stretch:
            self._connection.execute(
                "UPDATE looks SET until_ms = ? WHERE id = ?", (look.at_ms, self._stretch)
            )
            return self._stretch
        row = self._connection.execute(
            "INSERT INTO looks (from_ms, until_ms, looker) VALUES (?, ?, ?)",
            (look.at_ms, look.at_ms, self._looker),
        )
        return row.lastrowid or 0

    def _begin(self, opened: Opened) -> int:
        key = opened.key
        row = self._connection.execute(
            "INSERT INTO spans (port, protocol, address, pid, owner, from_ms, is_start_seen)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                key.local.port,
                key.protocol.value,
                key.local.address,
                opened.pid,
                owner_number(self._connection, opened.owner),
                opened.at_ms,
                opened.is_start_seen,
            ),
        )
        return row.lastrowid or 0
