"""The values after a key: what they may be, and what is wrong with them."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from portview.domain.query.terms import (
    KEY_HELP,
    LOCALHOST,
    MAX_PORT,
    Address,
    InState,
    Key,
    Numbers,
    Over,
    Part,
    Place,
    QueryError,
    Span,
    Transport,
)
from portview.domain.sockets.socket_row import Family, Protocol, State
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portview.domain.query.terms import Query
    from portview.domain.query.words import Piece

_T = TypeVar("_T")
_SPAN = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")
_MAX_PID = 2**32 - 1
_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::(.*))?", re.DOTALL)
DOTTED_WITH_PORT = re.compile(r"([0-9]*\.[0-9.]*(?:/[0-9]*)?|localhost):(.*)", re.DOTALL)
_ADDRESS_BEGINNING = re.compile(r"[0-9a-f:.]+(?:%[^\[\]]*)?", re.DOTALL)
_SEPARATORS = re.compile(r"[-_ ]")

_STATE_LABELS = {state.replace("_", "").lower(): state for state in State} | {
    # What netstat, ss and lsof call them.
    "listening": State.LISTEN,
    "synrecv": State.SYN_RECEIVED,
    "synrcvd": State.SYN_RECEIVED,
    "close": State.CLOSED,
}
_TRANSPORTS = {
    f"{protocol}{digit}": Transport(protocol, family)
    for protocol in Protocol
    for digit, family in (("", None), ("4", Family.IPV4), ("6", Family.IPV6))
}


def read_values(key: Key, values: list[Piece]) -> Query:
    """Return the term of a key and its values. Raises QueryError at the value that is wrong."""
    for value in values:
        if not value.text:
            raise QueryError(
                _("A value for {key}: is missing here.").format(key=key),
                value.start - 1,
                value.end,
                _("{key}: is the {about}, for example {example}.").format(
                    key=key, about=_(KEY_HELP[key].about), example=_(KEY_HELP[key].example)
                ),
            )
    return _READERS[key](key, values)


def _unique(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))


def _numbers(key: Key, values: list[Piece]) -> Query:
    is_pid = key is Key.PID
    return Numbers(key, _unique([_span(value, value.text, is_pid=is_pid) for value in values]))


def _span(value: Piece, text: str, *, is_pid: bool = False) -> Span:
    what, highest = (_("process ID"), _MAX_PID) if is_pid else ("port", MAX_PORT)
    match = _SPAN.fullmatch(text)
    if match is None:
        raise QueryError(
            _("“{text}” is not a {what}: write a number, 8080, or a range, 8000-8100.").format(
                text=text, what=what
            ),
            value.start,
            value.end,
        )
    span = Span(int(match[1]), int(match[2] or match[1]))
    if max(span) > highest:
        raise QueryError(
            _("A {what} is at most {highest}.").format(what=what, highest=highest),
            value.start,
            value.end,
        )
    if span.first > span.last:
        raise QueryError(
            _("This range runs backwards."),
            value.start,
            value.end,
            _("Write {match}-{match_2}.").format(match=match[2], match_2=match[1]),
        )
    return span


def _part(key: Key, values: list[Piece]) -> Query:
    return Part(key, _unique([value.text for value in values]))


def _state(_key: Key, values: list[Piece]) -> Query:
    return InState(_unique(chain.from_iterable(map(_states_of, values))))


def _states_of(value: Piece) -> list[State]:
    word = _SEPARATORS.sub("", value.text).lower()
    if word in _STATE_LABELS:
        return [_STATE_LABELS[word]]
    states = [state for name, state in _STATE_LABELS.items() if word and name.startswith(word)]
    if not states:
        names = ", ".join(state.replace("_", "-").lower() for state in State)
        raise QueryError(
            _("“{value_text}” is not a state.").format(value_text=value.text),
            value.start,
            value.end,
            _("The states are {names}.").format(names=names),
        )
    return states


def _proto(_key: Key, values: list[Piece]) -> Query:
    transports: list[Transport] = []
    for value in values:
        transport = _TRANSPORTS.get(value.text.lower())
        if transport is None:
            names = ", ".join(_TRANSPORTS)
            raise QueryError(
                _("“{value_text}” is not a protocol.").format(value_text=value.text),
                value.start,
                value.end,
                _("Write one of {names}.").format(names=names),
            )
        transports.append(transport)
    return Over(_unique(transports))


def _address(key: Key, values: list[Piece]) -> Query:
    return Address(key, _unique([_place(value) for value in values]))


def _place(value: Piece) -> Place:
    text = value.text.lower()
    bracketed = _BRACKETED.fullmatch(text)
    with_port = bracketed or DOTTED_WITH_PORT.fullmatch(text)
    if with_port is None:
        return Place(_pattern(value, text))
    address, port = with_port.groups()
    return Place(_pattern(value, address), None if port is None else _span(value, port))


def _pattern(value: Piece, text: str) -> str:
    if text == LOCALHOST:
        return text
    try:
        if "/" in text:
            return str(ip_network(text, strict=False))
        return str(ip_address(text))
    except ValueError:
        pass
    if "/" in text:
        message = f"“{value.text}” is not a network: write it like 10.0.0.0/8 or fe80::/10."
        raise QueryError(message, value.start, value.end)
    if not _ADDRESS_BEGINNING.fullmatch(text):
        raise QueryError(
            _("“{value_text}” is not a valid address or prefix.").format(value_text=value.text),
            value.start,
            value.end,
            _("Write for example {example}.").format(example=_(KEY_HELP[Key.ADDR].example)),
        )
    return text


_READERS: dict[Key, Callable[[Key, list[Piece]], Query]] = {
    Key.PORT: _numbers,
    Key.RPORT: _numbers,
    Key.PID: _numbers,
    Key.PROC: _part,
    Key.USER: _part,
    Key.ADDR: _address,
    Key.LOCAL: _address,
    Key.REMOTE: _address,
    Key.STATE: _state,
    Key.PROTO: _proto,
    Key.SERVICE: _part,
    Key.NAME: _part,
    Key.EXE: _part,
    Key.CMD: _part,
    Key.WHAT: _part,
    Key.PROJECT: _part,
    Key.CONTAINER: _part,
}
