"""What is suggested while a query is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.query.compiling import compile_query
from portview.domain.query.completion import Completion, complete_query
from portview.domain.query.syntax import parse_query
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from tests.strategies import entries


def entry(port: int, name: str, state: State = State.LISTEN) -> SocketEntry:
    owner = ProcessKey(port, 1)
    key = SocketKey(Protocol.TCP, Family.IPV4, Endpoint("127.0.0.1", port), None, owner)
    return SocketEntry(SocketRow(key, state, port), ProcessInfo(owner, name=name), "http")


ENTRIES = [
    entry(80, "nginx"),
    entry(443, "nginx"),
    entry(8080, "my app"),
    entry(3000, "node", State.TIME_WAIT),
]


def suggested(text: str, cursor: int | None = None) -> list[str]:
    found = complete_query(text, len(text) if cursor is None else cursor, ENTRIES)
    return [
        text[: found.start] + suggestion.text + text[found.end :]
        for suggestion in found.suggestions
    ]


def test_keys_come_first_and_say_what_they_are() -> None:
    assert suggested("")[:3] == ["port:", "rport:", "pid:"]
    assert suggested("p") == ["port:", "pid:", "proc:", "proto:", "project:"]
    assert suggested("a -PRO") == ["a -proc:", "a -proto:", "a -project:"]
    keys = complete_query("use", 3, ENTRIES).suggestions
    assert keys[0].about == "part of the user name, for example admin"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("proc:", ["proc:nginx", 'proc:"my app"', "proc:node"]),
        ("proc:N", ["proc:nginx", "proc:node"]),
        ("proc:p", ['proc:"my app"']),
        ('proc:"my', ['proc:"my app"']),
        ("-(port:3000,8", ["-(port:3000,80", "-(port:3000,8080"]),
        ("state:ti", ["state:time-wait"]),
        ("name:", ["name:http"]),
        ("nokey:a", []),
        ("zzz", []),
    ],
)
def test_values_are_those_of_the_snapshot_most_frequent_first(
    text: str, expected: list[str]
) -> None:
    assert suggested(text)[: len(expected) or None] == expected


def test_only_the_word_under_the_cursor_is_replaced() -> None:
    assert suggested("a proc:no,x b", 9) == ["a proc:node,x b"]
    assert suggested("pr OR b", 2)[0] == "proc: OR b"
    assert complete_query("a  b", 2, ENTRIES)[:2] == (2, 2)


@given(st.text(max_size=12), st.lists(entries, max_size=3), st.data())
def test_any_text_can_be_completed(
    text: str, given: list[SocketEntry], data: st.DataObject
) -> None:
    cursor = data.draw(st.integers(0, len(text)))
    found = complete_query(text, cursor, given)
    assert isinstance(found, Completion)
    assert 0 <= found.start <= found.end <= len(text)


@given(st.sampled_from(["proc:", "user:", "service:", "addr:", "local:", "port:", "cmd:"]), entries)
def test_what_is_suggested_is_a_query_that_finds_its_row(key: str, given: SocketEntry) -> None:
    for suggestion in complete_query(key, len(key), [given]).suggestions:
        assert compile_query(parse_query(key + suggestion.text))(given)
