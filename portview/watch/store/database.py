"""Opens the store: one SQLite file in WAL mode, with the schema of every part brought up to date.

Each part (history, incidents, ...) declares its tables as a ``Schema``: a name and SQL scripts, of
which each brings the part from one version to the next. Scripts are only ever added. Readers and
writers of other processes continue meanwhile (https://www.sqlite.org/wal.html).
"""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.errors import PortViewError
from portview.folders import settings_folder
from portview.i18n import _
from portview.private_files import check_own_file, make_folder, open_to_append

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 5.0
"""How long a write waits for another process's write."""


class Schema(NamedTuple):
    """The tables of one part of the store."""

    part: str
    scripts: tuple[str, ...]
    """``scripts[n]`` brings version n to n + 1; several statements each."""


def store_path() -> Path:
    """Return the store of this user; ``PORTVIEW_CONFIG_DIR`` moves it with the settings."""
    return settings_folder() / "portview.sqlite3"


def open_store(
    path: Path, schemas: Sequence[Schema], *, read_only: bool = False
) -> sqlite3.Connection:
    """Open the store, create or migrate what is needed, and return the connection.

    For one thread. A damaged file is set aside under another name and a new one begun. Raises
    PortViewError where it can't be opened, was written by a newer PortView, or, read only, is not
    there.
    """
    try:
        return _open(path, schemas, read_only=read_only)
    except sqlite3.DatabaseError as error:
        if read_only or not _is_damage(error):
            raise _store_error(path, error) from error
        _set_aside(path, error)
    try:
        return _open(path, schemas, read_only=False)
    except sqlite3.Error as error:
        raise _store_error(path, error) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run a block as one write: all of it is stored, or nothing. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def is_disk_full(error: sqlite3.Error) -> bool:
    """Return whether a write failed because the disk, or the file's limit, is full."""
    return error.sqlite_errorcode == sqlite3.SQLITE_FULL


def _open(path: Path, schemas: Sequence[Schema], *, read_only: bool) -> sqlite3.Connection:
    if read_only and not path.exists():
        raise PortViewError(
            "no_store",
            _("PortView has recorded nothing on this machine yet."),
            _("It records while its window is open or `watch run` runs."),
        )
    if not read_only:
        _create(path)
    # autocommit: transactions begin and end where the code says so, and nowhere else.
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            # In WAL mode nothing can be damaged by this; a power cut may lose the last moments.
            connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path, schemas, read_only=read_only)
    except BaseException:
        connection.close()
        raise
    return connection


_creating = threading.Lock()


def _create(path: Path) -> None:
    """Create the file for this user alone, and see that nothing else stands in its place.

    A file that is there is never opened here: on POSIX, closing any descriptor of a file ends every
    lock that this process has on it, those of its other connections included
    (https://www.sqlite.org/howtocorrupt.html, 2.2). Another process would take itself for the last
    one and delete the log under their feet.
    """
    try:
        make_folder(path.parent)
        with _creating:
            if sys.platform == "win32" or not os.path.lexists(path):
                os.close(open_to_append(path))
            else:
                check_own_file(path)
    except OSError as error:
        raise _store_error(path, error) from error


def _migrate(
    connection: sqlite3.Connection, path: Path, schemas: Sequence[Schema], *, read_only: bool
) -> None:
    versions = _versions(connection)
    if newer := [one.part for one in schemas if versions.get(one.part, 0) > len(one.scripts)]:
        raise PortViewError(
            "newer_store",
            _("{path} was written by a newer PortView ({parts}).").format(
                path=path, parts=", ".join(newer)
            ),
            _("Use that version, or move the file away; PortView then begins a new one."),
        )
    if read_only or all(versions.get(one.part, 0) == len(one.scripts) for one in schemas):
        return
    with transaction(connection):
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_versions"
            " (part TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID"
        )
        # Again, now that no other process can be in the middle of it.
        versions = _versions(connection)
        for part, scripts in schemas:
            for script in scripts[versions.get(part, 0) :]:
                for statement in _statements(script):
                    connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_versions VALUES (?, ?)"
                " ON CONFLICT (part) DO UPDATE SET version = max(version, excluded.version)",
                (part, len(scripts)),
            )


def _versions(connection: sqlite3.Connection) -> dict[str, int]:
    # Reading the schema is also what finds a damaged file.
    known = connection.execute("SELECT name FROM sqlite_schema WHERE name = 'schema_versions'")
    if known.fetchone() is None:
        return {}
    return dict(connection.execute("SELECT part, version FROM schema_versions"))


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script one by one: ``executescript`` would end the transaction."""
    begun = ""
    for piece in script.split(";"):
        begun += piece + ";"
        if sqlite3.complete_statement(begun):
            if begun.strip(" \n;"):
                yield begun
            begun = ""


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _set_aside(path: Path, reason: Exception) -> None:
    aside = path.with_name(f"{path.stem}.damaged-{time.time_ns() // 10**9}{path.suffix}")
    for end in ("", "-wal", "-shm"):
        part = path.with_name(path.name + end)
        if part.exists():
            part.replace(aside.with_name(aside.name + end))
    logger.warning("the store was damaged (%s); set aside as %s", reason, aside)


def _store_error(path: Path, error: Exception) -> PortViewError:
    return PortViewError(
        "store_unusable",
        _("{path} can't be used: {error}.").format(path=path, error=error),
        _("Make room on the disk or give this account access to the folder, then try again."),
    )
