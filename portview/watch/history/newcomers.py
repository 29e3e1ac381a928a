"""What listens now and was not seen before: by port, protocol and program, never by PID."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from portview.watch.history.questions import HistoryQuestion, ask_history
from portview.watch.history.schema import HISTORY
from portview.watch.store.database import open_store, store_path

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from portview.watch.history.questions import Span

_DAY_MS = 86_400_000
_FIRST_EPHEMERAL = 32_768
"""Where systems begin to choose ports by themselves; such a port is new with each start."""


class Newcomers(NamedTuple):
    """Sockets that listen now and are new, by port."""

    listeners: tuple[Span, ...]
    reaches_back: bool
    """Whether anything was recorded before; else nothing can be called new."""

    def query(self) -> str:
        """Return a filter that shows them."""
        ports = ",".join(str(port) for port in sorted({span.port for span in self.listeners}))
        return f"port:{ports}"


def new_since(
    age_ms: int = _DAY_MS, now_ms: int | None = None, path: Path | None = None
) -> Newcomers:
    """Return what is new within an age. Blocks; any thread.

    A program that listens on a port that its system chose is new only where the program is. Raises
    PortViewError where nothing was recorded, and sqlite3.Error.
    """
    path = path or store_path()
    began_ms = (time.time_ns() // 1_000_000 if now_ms is None else now_ms) - age_ms
    answer = ask_history(HistoryQuestion(since_ms=began_ms), path)
    if answer.first_look_ms is None or answer.first_look_ms >= began_ms:
        return Newcomers((), reaches_back=False)
    found: dict[tuple[int, str, str], Span] = {}
    with closing(open_store(path, [HISTORY], read_only=True)) as connection:
        for span in answer.spans:
            program = span.executable or span.process or ""
            if span.to_ms is None and not _was_there(connection, span, program, began_ms):
                found[span.port, span.protocol, program] = span
    ordered = sorted(found.items())
    return Newcomers(tuple(span for _key, span in ordered), reaches_back=True)


def _was_there(connection: sqlite3.Connection, span: Span, program: str, before_ms: int) -> bool:
    where, value = "port = ?", span.port
    if span.port >= _FIRST_EPHEMERAL:
        where, value = "port >= ?", _FIRST_EPHEMERAL
    row = connection.execute(
        f"SELECT 1 FROM spans WHERE {where} AND protocol = ? AND from_ms < ? AND owner IN"  # noqa: S608 - one of the two above
        " (SELECT id FROM owners WHERE coalesce(executable, process, '') = ?) LIMIT 1",
        (value, span.protocol, before_ms, program),
    )
    return row.fetchone() is not None
