"""What could be typed next: keys first, then the values that a snapshot holds."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.owners.identity import container_name_of, project_of, what_of
from portview.domain.owners.owners import user_of
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.query.formatting import format_state
from portview.domain.query.terms import KEY_HELP, Key
from portview.domain.query.words import KEYS, SIGNS, WORD, format_value, pieces
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketRow

MAX_SUGGESTIONS = 50


class Suggestion(NamedTuple):
    """A text to put in place of what is being typed.

    ``rows`` is how many rows of the snapshot have this value, None for a key.
    """

    text: str
    about: str
    rows: int | None = None


class Completion(NamedTuple):
    """Suggestions, best first, for the characters ``start`` up to ``end`` of the text."""

    start: int
    end: int
    suggestions: tuple[Suggestion, ...]


_NOTHING_KNOWN = ProcessInfo(ProcessKey(0, 0))
_CLOSED = re.compile(rf"(?:{WORD})?", re.DOTALL)
_WORD_AT_CURSOR = re.compile(r'(?:"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[^\s()"])+', re.DOTALL)


def complete_query(text: str, cursor: int, entries: Iterable[SocketEntry]) -> Completion:
    """Suggest how to continue at a cursor; ``entries`` is what the values are taken from."""
    start, end = _word_at(text, cursor)
    while start < cursor and text[start] in SIGNS:
        start += 1
    key, colon, _rest = text[start:cursor].partition(":")
    if not colon:
        return Completion(start, end, _keys(key.lower()))
    if key.lower() not in KEYS:
        return Completion(cursor, cursor, ())
    values_start = start + len(key) + 1
    list_so_far = text[values_start:cursor]
    closing = "" if _CLOSED.fullmatch(list_so_far) else '"'
    *_before, typed = pieces(list_so_far + closing, values_start)
    stop = text.find(",", cursor, end)
    values = _values(Key(key.lower()), typed.text.casefold(), entries)
    return Completion(min(typed.start, cursor), end if stop < 0 else stop, values)


def _word_at(text: str, cursor: int) -> tuple[int, int]:
    for match in _WORD_AT_CURSOR.finditer(text):
        if match.start() <= cursor <= match.end():
            return match.span()
    return cursor, cursor


def _keys(beginning: str) -> tuple[Suggestion, ...]:
    return tuple(
        Suggestion(
            f"{key}:",
            _("{about}, for example {example}").format(
                about=_(KEY_HELP[key].about), example=_(KEY_HELP[key].example)
            ),
        )
        for key in Key
        if key.startswith(beginning)
    )


def _values(key: Key, beginning: str, entries: Iterable[SocketEntry]) -> tuple[Suggestion, ...]:
    counts = Counter(value for entry in entries for value in _values_of(key, entry) if value)
    fitting = [
        (not value.casefold().startswith(beginning), -rows, value)
        for value, rows in counts.items()
        if beginning in value.casefold()
    ]
    fitting.sort()
    return tuple(
        Suggestion(format_value(value), _(KEY_HELP[key].about), -rows)
        for _unused, rows, value in fitting[:MAX_SUGGESTIONS]
    )


_VALUES_OF: dict[Key, Callable[[SocketRow, ProcessInfo], Iterable[str | None]]] = {
    Key.PORT: lambda row, _unused: (str(row.local.port),),
    Key.RPORT: lambda row, _unused: (str(row.remote.port),) if row.remote else (),
    Key.PID: lambda row, _unused: (None if row.pid is None else str(row.pid),),
    Key.PROC: lambda _unused, info: (info.name,),
    Key.USER: lambda row, info: (user_of(row, info),),
    Key.ADDR: lambda row, _unused: (row.local.address, row.remote.address if row.remote else None),
    Key.LOCAL: lambda row, _unused: (row.local.address,),
    Key.REMOTE: lambda row, _unused: (row.remote.address,) if row.remote else (),
    Key.STATE: lambda row, _unused: (format_state(row.state),) if row.state else (),
    Key.PROTO: lambda row, _unused: (row.protocol.value,),
    Key.SERVICE: lambda row, _unused: row.services,
    Key.EXE: lambda _unused, info: (info.executable,),
    Key.CMD: lambda _unused, info: info.command_line or (),
    Key.WHAT: lambda row, info: (what_of(row, info),),
    Key.PROJECT: lambda row, info: (project_of(row, info),),
    Key.CONTAINER: lambda row, info: (container_name_of(row, info),),
}


def _values_of(key: Key, entry: SocketEntry) -> Iterable[str | None]:
    if key is Key.NAME:
        return (entry.port_name,)
    return _VALUES_OF[key](entry.row, entry.info or _NOTHING_KNOWN)
