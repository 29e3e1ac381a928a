"""The terms of a query, and the query without one of them."""

from __future__ import annotations

import pytest
from hypothesis import given

from portview.domain.query.formatting import format_query
from portview.domain.query.syntax import parse_query
from portview.domain.query.terms import And, Everything, Query
from portview.domain.query.top_terms import top_terms, without_term
from tests.strategies import queries


def texts(text: str) -> list[str]:
    return [text[term.start : term.end] for term in top_terms(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        (" node ", ["node"]),
        ("proc:node  AND -user:root", ["proc:node", "-user:root"]),
        ("a OR b", ["a OR b"]),
        ("(a OR b) c", ["(a OR b)", "c"]),
        ("NOT (a b) -(c OR d) !e", ["NOT (a b)", "-(c OR d)", "!e"]),
        ('"two words" port:80,443', ['"two words"', "port:80,443"]),
        ("((a)) b", ["((a))", "b"]),
    ],
)
def test_terms_are_what_stands_side_by_side(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@given(queries)
def test_together_the_terms_are_the_query_and_without_one_it_is_the_rest(query: Query) -> None:
    text = format_query(query)
    parsed = parse_query(text)
    found = texts(text)
    parts = parsed.parts if isinstance(parsed, And) else (parsed,)
    assert parse_query(" ".join(found)) == parsed
    if isinstance(parsed, Everything):
        assert not found
        return
    assert [parse_query(each) for each in found] == list(parts)
    for number in range(len(found)):
        rest = [part for place, part in enumerate(parts) if place != number]
        left = parse_query(without_term(text, number))
        expected = And(tuple(rest)) if len(rest) > 1 else rest[0] if rest else Everything()
        assert left == expected
