"""Queries as what a table of 30,000 rows can afford."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from portview.domain.query.matching import address_test, matches
from portview.domain.query.terms import (
    MAX_PORT,
    Address,
    And,
    AnyText,
    Everything,
    InState,
    Key,
    Not,
    Numbers,
    Or,
    Over,
    Part,
)
from portview.domain.sockets.entry import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portview.domain.query.terms import Place, Query, Span, Transport
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import Endpoint

    Predicate = Callable[[SocketEntry], bool]


def compile_query(query: Query) -> Predicate:  # noqa: C901, PLR0911 - a case for each kind of term
    """Turn a query into a function that says of an entry what ``matches`` says of its row."""
    match query:
        case Everything():
            return lambda _entry: True
        case Not(part):
            inner = compile_query(part)
            return lambda entry: not inner(entry)
        case And(parts):
            return _all_of([compile_query(part) for part in parts])
        case Or(parts):
            return _any_of([compile_query(part) for part in parts])
        case AnyText(text):
            return _any_text(query, text.casefold())
        case Part(key, texts):
            return _part(key, tuple(text.casefold() for text in texts))
        case Numbers(Key.PID, spans):
            return _any_of([_pid(*span) for span in spans])
        case Numbers(key, spans):
            return _ports(key, spans)
        case Over(transports):
            return _any_of([_over(transport) for transport in transports])
        case Address(key, places):
            return _address(key, [_place_test(place) for place in places])
        case InState(states):
            wanted = frozenset(states)
            return lambda entry: entry.row.state in wanted


def _all_of(tests: list[Predicate]) -> Predicate:
    def passes(entry: SocketEntry) -> bool:
        for test in tests:  # noqa: SIM110 - a generator costs as much as a test
            if not test(entry):
                return False
        return True

    return passes


def _any_of(tests: list[Predicate]) -> Predicate:
    if len(tests) == 1:
        return tests[0]

    def passes(entry: SocketEntry) -> bool:
        for test in tests:  # noqa: SIM110 - a generator costs as much as a test
            if test(entry):
                return True
        return False

    return passes


def _any_text(query: AnyText, word: str) -> Predicate:
    if SEPARATOR in word:
        # It could match across two texts that are searched as one.
        return lambda entry: matches(query, entry.row, entry.info, entry.port_name)
    return lambda entry: (
        word in entry.row_text or word in entry.owner_texts.all or word in entry.identity_texts.all
    )


def _part(key: Key, words: tuple[str, ...]) -> Predicate:
    if len(words) > 1:
        return _any_of([_part(key, (word,)) for word in words])
    word = words[0]
    text_of = _TEXT_OF.get(key)
    if text_of is not None:
        return lambda entry: word in text_of(entry)
    return lambda entry: any(word in name.casefold() for name in entry.row.services)


_TEXT_OF: dict[Key, Callable[[SocketEntry], str]] = {
    Key.PROC: lambda entry: entry.owner_texts.name,
    Key.EXE: lambda entry: entry.owner_texts.executable,
    Key.CMD: lambda entry: entry.owner_texts.command_line,
    Key.USER: lambda entry: entry.owner_texts.user or (entry.row.user or "").casefold(),
    Key.NAME: lambda entry: entry.port_name.casefold(),
    Key.WHAT: lambda entry: entry.identity_texts.what,
    Key.PROJECT: lambda entry: entry.identity_texts.project,
    Key.CONTAINER: lambda entry: entry.identity_texts.container,
}


def _ports(key: Key, spans: Iterable[Span]) -> Predicate:
    wanted = bytearray(MAX_PORT + 1)
    for first, last in spans:
        wanted[first : last + 1] = b"\1" * (last + 1 - first)
    if key is Key.PORT:
        return lambda entry: wanted[entry.row.key.local.port] == 1

    def passes(entry: SocketEntry) -> bool:
        remote = entry.row.key.remote
        return remote is not None and wanted[remote.port] == 1

    return passes


def _pid(first: int, last: int) -> Predicate:
    def passes(entry: SocketEntry) -> bool:
        pid = entry.row.pid
        return pid is not None and first <= pid <= last

    return passes


def _over(transport: Transport) -> Predicate:
    protocol, family = transport
    if family is None:
        return lambda entry: entry.row.key.protocol is protocol

    def passes(entry: SocketEntry) -> bool:
        key = entry.row.key
        return key.protocol is protocol and key.family is family

    return passes


def _place_test(place: Place) -> Callable[[Endpoint], bool]:
    # Thousands of rows share a few addresses, and reading one takes microseconds.
    is_at = lru_cache(maxsize=65536)(address_test(place.address))
    if place.ports is None:
        return lambda end: is_at(end.address)
    first, last = place.ports
    return lambda end: first <= end.port <= last and is_at(end.address)


def _address(key: Key, tests: list[Callable[[Endpoint], bool]]) -> Predicate:
    def is_at(end: Endpoint | None) -> bool:
        if end is not None:
            for test in tests:
                if test(end):
                    return True
        return False

    match key:
        case Key.LOCAL:
            return lambda entry: is_at(entry.row.key.local)
        case Key.REMOTE:
            return lambda entry: is_at(entry.row.key.remote)
        case _:
            return lambda entry: is_at(entry.row.key.local) or is_at(entry.row.key.remote)
