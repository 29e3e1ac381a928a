"""What people type, what it means, and what they are told about a mistake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import Outcome
from portview.domain.query.formatting import format_query
from portview.domain.query.syntax import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, parse_query
from portview.domain.query.terms import (
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
    Place,
    Query,
    QueryError,
    Span,
    Transport,
)
from portview.domain.sockets.socket_row import Family, Protocol, State
from tests.strategies import queries

A, B, C = AnyText("a"), AnyText("b"), AnyText("c")


@given(queries)
def test_a_query_survives_being_written_and_read(query: Query) -> None:
    assert parse_query(format_query(query)) == query


@given(st.text() | st.text(st.sampled_from('ab:"\\,()-! OR1/.[]%portstate'), max_size=30))
def test_any_text_is_a_query_or_a_mistake_with_a_place(text: str) -> None:
    try:
        query = parse_query(text)
    except QueryError as error:
        mistake = error
    else:
        assert parse_query(format_query(query)) == query
        return
    assert 0 <= mistake.start < mistake.end <= len(text)
    assert mistake.message
    assert mistake.outcome is Outcome.BAD_INPUT


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Everything()),
        (" \t\n", Everything()),
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a b OR c", Or((And((A, B)), C))),
        ("a (b OR c)", And((A, Or((B, C))))),
        ("(a)(b)", And((A, B))),
        ("-a !b NOT c", And((Not(A), Not(B), Not(C)))),
        ("-(a b)", Not(And((A, B)))),
        ("--a", Not(Not(A))),
        ('"a b"', AnyText("a b")),
        ('a" b"', AnyText("a b")),
        (r'"say \"hi\" \\ C:\new"', AnyText(r'say "hi" \ C:\new')),
        ('"OR"', AnyText("OR")),
        ("or", AnyText("or")),
        ('"port:80"', AnyText("port:80")),
        (r"C:\foo", AnyText(r"C:\foo")),
        ("C:", AnyText("C:")),
        ("::1", AnyText("::1")),
        ("fe80::1%3", AnyText("fe80::1%3")),
        ("dead::beef", AnyText("dead::beef")),
        ("[::1]:80", AnyText("[::1]:80")),
        ("127.0.0.1:80", AnyText("127.0.0.1:80")),
        ("https://x.y:80/z", AnyText("https://x.y:80/z")),
        ("std::sort", AnyText("std::sort")),
        ("localhost:80", Address(Key.ADDR, (Place("localhost", Span(80, 80)),))),
        ("localhost", AnyText("localhost")),
        ("port:80", Numbers(Key.PORT, (Span(80, 80),))),
        ("PORT:80,8000-8100,80", Numbers(Key.PORT, (Span(80, 80), Span(8000, 8100)))),
        ("pid:70000", Numbers(Key.PID, (Span(70000, 70000),))),
        ('proc:"my app",b', Part(Key.PROC, ("my app", "b"))),
        ('cmd:"a,b"', Part(Key.CMD, ("a,b",))),
        (r"exe:C:\Windows", Part(Key.EXE, (r"C:\Windows",))),
        ("state:Listening", InState((State.LISTEN,))),
        ("state:time-wait,TIME_WAIT,timewait", InState((State.TIME_WAIT,))),
        ("state:fin", InState((State.FIN_WAIT_1, State.FIN_WAIT_2))),
        ("state:est", InState((State.ESTABLISHED,))),
        ("state:syn_recv", InState((State.SYN_RECEIVED,))),
        ("proto:UDP", Over((Transport(Protocol.UDP),))),
        ("proto:tcp6", Over((Transport(Protocol.TCP, Family.IPV6),))),
        ("addr:10.0.0.5/8", Address(Key.ADDR, (Place("10.0.0.0/8"),))),
        ("local:::1", Address(Key.LOCAL, (Place("::1"),))),
        ("local:0:0:0:0:0:0:0:1", Address(Key.LOCAL, (Place("::1"),))),
        ("local:[::1]:80", Address(Key.LOCAL, (Place("::1", Span(80, 80)),))),
        ("remote:192.168:1-9", Address(Key.REMOTE, (Place("192.168", Span(1, 9)),))),
        ("addr:FE80:", Address(Key.ADDR, (Place("fe80:"),))),
    ],
)
def test_what_a_text_means(text: str, query: Query) -> None:
    assert parse_query(text) == query


@pytest.mark.parametrize(
    ("text", "marked", "message"),
    [
        ("a prot:80", "prot:", "Did you mean proto:?"),
        ("stat:x", "stat:", "Did you mean state:?"),
        ("sevice:x", "sevice:", "Did you mean service:?"),
        ("zzzzzz:x", "zzzzzz:", "There is no key “zzzzzz:”."),
        ("port:", ":", "A value for port: is missing here."),
        ("port:80,", ",", "A value for port: is missing here."),
        ('proc:""', ':""', "A value for proc: is missing here."),
        ("port:http", "http", "is not a port"),
        ("port:70000", "70000", "A port is at most 65535."),
        ("port:1,9-8", "9-8", "runs backwards"),
        ("port:99999999999", "99999999999", "is not a port"),
        ("pid:x", "x", "is not a process ID"),
        ("state:listen,foo", "foo", "“foo” is not a state."),
        ("state:-", "-", "“-” is not a state."),
        ("proto:sctp", "sctp", "is not a protocol"),
        ("addr:example.org", "example.org", "is not a valid address"),
        ("addr:10.0.0.0/33", "10.0.0.0/33", "is not a network"),
        ("addr:10.0.0.1:x", "10.0.0.1:x", "is not a port"),
        ('a "b c', '"b c', "This quote is not closed."),
        ('proc:"C:\\dir\\"', '"C:\\dir\\"', "This quote is not closed."),
        ('""', '""', "nothing between these quotes"),
        ("a (b", "(", "This parenthesis is not closed."),
        ("a ) b", ")", "This parenthesis closes nothing."),
        (")", ")", "This parenthesis closes nothing."),
        ("a ()", "()", "nothing between these parentheses"),
        ("OR a", "OR", "OR needs something on both sides."),
        ("a OR OR b", "OR", "OR needs something on both sides."),
        ("a AND", "AND", "Something is missing after “AND”."),
        ("(a OR)", "OR", "Something is missing after “OR”."),
        ("(", "(", "Something is missing after “(”."),
        ("a - b", "-", "right after “-”"),
    ],
)
def test_what_is_said_about_a_mistake_and_where(text: str, marked: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert message in caught.value.message
    assert text[caught.value.start : caught.value.end] == marked


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "(" * 10_000,
        "(" * 9_000 + ")" * 1_000,
        "-" * 9_999 + "a",
        "a " * 5_000,
        "proc:" + "a," * 4_900 + "a",
        '"' * 9_999,
        "\\" * 9_000 + '"',
        "x" * 9_000 + ":",
    ],
)
def test_a_monstrous_text_is_refused_at_once(text: str) -> None:
    with pytest.raises(QueryError):
        parse_query(text)


def test_lone_surrogates_are_text_like_any_other() -> None:
    assert parse_query("\ud800 \udfff") == And((AnyText("\ud800"), AnyText("\udfff")))


def test_the_limits_themselves_are_allowed() -> None:
    assert parse_query("a" * MAX_LENGTH) == AnyText("a" * MAX_LENGTH)
    assert parse_query("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH) == A
    assert parse_query("a " * MAX_TERMS) == And((A,) * MAX_TERMS)
