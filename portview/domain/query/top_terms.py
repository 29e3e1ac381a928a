"""The terms of a query side by side, as a person may take one of them away. Pure."""

from __future__ import annotations

from typing import NamedTuple

from portview.domain.query.syntax import parse_query, top_tokens
from portview.domain.query.terms import And


class Stretch(NamedTuple):
    """Characters ``start`` up to ``end`` of a query's text."""

    start: int
    end: int


def top_terms(text: str) -> tuple[Stretch, ...]:
    """Return where the terms stand that a row has to match all of. Raises QueryError.

    A query of alternatives is one term, and so is a group with the sign before it.
    """
    query = parse_query(text)
    bare = text.strip()
    if not bare:
        return ()
    if not isinstance(query, And):
        start = text.index(bare)
        return (Stretch(start, start + len(bare)),)
    return tuple(Stretch(start, end) for start, end in top_tokens(text))


def without_term(text: str, number: int) -> str:
    """Return the query without one of its terms, counted from 0. Raises QueryError, IndexError."""
    terms = top_terms(text)
    terms[number]
    return " ".join(
        text[term.start : term.end] for place, term in enumerate(terms) if place != number
    )
