"""One more condition for a query that is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.query.syntax import parse_query
from portview.domain.query.terms import And, Everything, Not, Or
from portview.domain.query.words import format_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.query.terms import Key


def term_text(key: Key, values: Iterable[str]) -> str:
    """Write a term that asks for any of some values: ``port:80,443``."""
    return f"{key}:{','.join(map(format_value, values))}"


def narrowed(text: str, term: str, *, is_left_out: bool = False) -> str:
    """Return a query that asks for a term as well, or for all but it.

    What the person wrote stays as it is. Both texts must be queries (else QueryError); a condition
    that is there already is not said twice.
    """
    query, part = parse_query(text), parse_query(term)
    if is_left_out:
        part, term = Not(part), f"-{term}"
    there = query.parts if isinstance(query, And) else (query,)
    if part in there:
        return text
    if isinstance(query, Everything):
        return term
    bare = text.strip()
    return f"({bare}) {term}" if isinstance(query, Or) else f"{bare} {term}"
