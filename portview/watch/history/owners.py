"""Keeps each owner once: programs start again more often than they change."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from portview.watch.history.tracker import Owner


def owner_number(connection: sqlite3.Connection, owner: Owner) -> int:
    """Return the row of an owner, which is made where there is none. Raises sqlite3.Error."""
    line = owner.command_line
    values = owner._replace(
        command_line=None if line is None else json.dumps(line)  # type: ignore[arg-type]
    )
    storable = tuple(None if value is None else _storable(str(value)) for value in values)
    digest = hashlib.blake2b(json.dumps(storable).encode(), digest_size=16).digest()
    connection.execute(
        "INSERT INTO owners (digest, process, executable, command_line, user, what, container,"
        " problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING",
        (digest, *storable),
    )
    [number] = connection.execute("SELECT id FROM owners WHERE digest = ?", (digest,)).fetchone()
    # Not kept in memory before the transaction is over: one that fails leaves no owner.
    return int(number)


def _storable(text: str) -> str:
    """Return a text that UTF-8 can hold: names of files may have lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
