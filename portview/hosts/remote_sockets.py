"""The documents of ``stream`` back to snapshots: what another machine says, checked. Pure.

A peer may be another version, or lie: every value has its type and its bounds, and what is none of
PortView's makes the whole answer worthless.
"""

# untranslated file: why a document is refused is for tests alone
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.program_identity import Ancestor, ProgramIdentity
from portview.domain.plain_text import inert
from portview.domain.sockets.snapshot import Snapshot
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    OwnerProblem,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)

if TYPE_CHECKING:
    from enum import StrEnum

_Word = TypeVar("_Word", bound="StrEnum")

MOST_SOCKETS = 200_000
_LONGEST_TEXT = 32_768
_LONGEST_LINE = 160
_MOST_WORDS = 4_096
_LARGEST_NUMBER = 2**53
_LARGEST_PORT = 65_535
_EPOCH = datetime.fromtimestamp(0, UTC)


class BadDocumentError(ValueError):
    """A line of a stream is not what PortView prints."""


class RemoteSockets:
    """Takes the documents of one stream in their order, and keeps what they add up to."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._rows: dict[int, SocketRow] = {}
        self._infos: dict[int, ProcessInfo | None] = {}
        self._source = ""
        self._has_begun = False

    def take(self, document: object) -> Snapshot:
        """Return the snapshot after a document. Raises BadDocumentError."""
        if not isinstance(document, dict):
            raise BadDocumentError("no object")
        kind = document.get("type")
        if kind == "snapshot" and not self._has_begun:
            self._has_begun = True
            self._source = inert(_text(document.get("source")) or "", _LONGEST_LINE)
            self._put(document.get("sockets"), is_new=True)
        elif kind == "changes" and self._has_begun:
            for number in _list(document.get("removed")):
                if self._rows.pop(_number(number), None) is None:
                    raise BadDocumentError("an unknown socket was removed")
                del self._infos[number]
            self._put(document.get("changed"), is_new=False)
            self._put(document.get("added"), is_new=True)
        else:
            raise BadDocumentError("not the document that follows")
        taken_at_ms = _moment_ms(document.get("taken_at"))
        processes = {one.key: one for one in self._infos.values() if one is not None}
        return Snapshot(tuple(self._rows.values()), processes, taken_at_ms or 0, self._source)

    def _put(self, objects: object, *, is_new: bool) -> None:
        for each in _list(objects):
            if not isinstance(each, dict):
                raise BadDocumentError("no socket")
            number = _number(each.get("id"))
            if (number in self._rows) is is_new:
                raise BadDocumentError("a number is used twice, or unknown")
            self._infos[number] = info = _info_of(each)
            self._rows[number] = _row_of(each, number, info)
        if len(self._rows) > MOST_SOCKETS:
            raise BadDocumentError("too many sockets")


def _row_of(values: dict[str, Any], number: int, info: ProcessInfo | None) -> SocketRow:
    remote = values.get("remote_address")
    problem = values.get("owner_problem")
    state = values.get("state")
    key = SocketKey(
        _word(Protocol, values.get("protocol")),
        _word(Family, values.get("family")),
        Endpoint(_required(values.get("local_address")), _port(values.get("local_port"))),
        None if remote is None else Endpoint(_required(remote), _port(values.get("remote_port"))),
        info.key if info else None,
        # The stream's own number: the machine's token is not reported, and rows may look alike.
        number,
    )
    return SocketRow(
        key,
        None if state is None else _word(State, state),
        None if values.get("pid") is None else _number(values["pid"]),
        None if problem is None else _word(OwnerProblem, problem),
        _text(values.get("user")),
        _words(values.get("services")) or (),
        _moment_ms(values.get("opened_at")),
    )


def _info_of(values: dict[str, Any]) -> ProcessInfo | None:
    """Return the owner; None where the other machine is not certain of it."""
    if values.get("pid") is None or values.get("owner_problem") is not None:
        return None
    started_ms = _moment_ms(values.get("process_started"))
    key = ProcessKey(_number(values["pid"]), started_ms or 0)
    ancestors = []
    for one in _list(values.get("started_by") or []):
        if not isinstance(one, dict):
            raise BadDocumentError("no ancestor")
        ancestors.append(Ancestor(_number(one.get("pid")), _text(one.get("name")) or ""))
    what, project = _text(values.get("what")) or "", _text(values.get("project")) or ""
    identity = ProgramIdentity(
        inert(what, _LONGEST_LINE), inert(project, _LONGEST_LINE), ancestors=tuple(ancestors)
    )
    return ProcessInfo(
        key,
        _text(values.get("process")),
        _text(values.get("executable")),
        command_line=_words(values.get("command_line")),
        user=_text(values.get("user")),
        identity=identity,
    )


def _word(kind: type[_Word], value: object) -> _Word:
    try:
        return kind(_required(value))
    except ValueError as error:
        raise BadDocumentError("an unknown word") from error


def _text(value: object) -> str | None:
    if value is not None and not (isinstance(value, str) and len(value) <= _LONGEST_TEXT):
        raise BadDocumentError("no text")
    return value


def _required(value: object) -> str:
    text = _text(value)
    if not text:
        raise BadDocumentError("a text is missing")
    return inert(text, _LONGEST_LINE)


def _words(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    words = [_text(one) for one in _list(value)]
    if len(words) > _MOST_WORDS:
        raise BadDocumentError("too many words")
    return tuple(word or "" for word in words)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise BadDocumentError("no list")
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _LARGEST_NUMBER:
        raise BadDocumentError("no number")
    return value


def _port(value: object) -> int:
    number = _number(value)
    if number > _LARGEST_PORT:
        raise BadDocumentError("no port")
    return number


def _moment_ms(value: object) -> int | None:
    text = _text(value)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadDocumentError("no time") from error
