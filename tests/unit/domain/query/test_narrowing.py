"""One more condition: what passes then passed before, and what was asked for as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.query.formatting import format_query
from portview.domain.query.matching import matches
from portview.domain.query.narrowing import narrowed, term_text
from portview.domain.query.syntax import parse_query
from portview.domain.query.terms import Everything, Key, Part, Query
from tests.strategies import entries, queries, some_texts, terms

if TYPE_CHECKING:
    from portview.domain.sockets.entry import SocketEntry


@given(queries, terms, st.booleans(), entries)
def test_the_narrowed_query_asks_for_both(
    query: Query, term: Query, is_left_out: bool, entry: SocketEntry
) -> None:
    text = narrowed(format_query(query), format_query(term), is_left_out=is_left_out)

    def passes(asked: Query) -> bool:
        return matches(asked, entry.row, entry.info, entry.port_name)

    assert passes(parse_query(text)) == (passes(query) and passes(term) is not is_left_out)


@given(queries.filter(lambda query: query != Everything()), terms, st.booleans())
def test_a_condition_is_not_said_twice(query: Query, term: Query, is_left_out: bool) -> None:
    part = format_query(term)
    once = narrowed(format_query(query), part, is_left_out=is_left_out)
    assert narrowed(once, part, is_left_out=is_left_out) == once


@given(st.lists(some_texts, min_size=1, max_size=3, unique=True))
def test_values_of_the_machine_come_through_the_language_unchanged(values: list[str]) -> None:
    assert parse_query(term_text(Key.PROC, values)) == Part(Key.PROC, tuple(values))


@pytest.mark.parametrize(
    ("text", "term", "is_left_out", "expected"),
    [
        ("", "port:80", False, "port:80"),
        ("  ", "port:80", True, "-port:80"),
        ("a b", "port:80", False, "a b port:80"),
        ("a OR b", "port:80", False, "(a OR b) port:80"),
        ("a port:80", "port:80", False, "a port:80"),
        ("port:80", "port:80", True, "port:80 -port:80"),
    ],
)
def test_what_the_person_wrote_stays(
    text: str, term: str, is_left_out: bool, expected: str
) -> None:
    assert narrowed(text, term, is_left_out=is_left_out) == expected
