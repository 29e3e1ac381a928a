"""From text to query."""

from __future__ import annotations

import re
from difflib import get_close_matches
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from portview.domain.query.terms import (
    LOCALHOST,
    And,
    AnyText,
    Everything,
    Key,
    Not,
    Or,
    QueryError,
)
from portview.domain.query.values import read_values
from portview.domain.query.words import (
    KEYS,
    OPERATORS,
    SIGNS,
    WORD,
    key_prefix,
    pieces,
    quote,
    unquote,
)
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.query.terms import Query

MAX_LENGTH = 10_000
MAX_TERMS = 500
MAX_DEPTH = 50
"""What a query may be, in characters, terms and groups inside one another.

A person stays far below; beyond, filtering would stall the window and nesting end the stack.
"""


class _Kind(Enum):
    WORD = auto()
    OPEN = auto()
    CLOSE = auto()
    NOT = auto()
    AND = auto()
    OR = auto()
    END = auto()


class _Token(NamedTuple):
    kind: _Kind
    start: int
    end: int


_TOKEN = re.compile(rf"(?P<gap>\s+)|(?P<OPEN>\()|(?P<CLOSE>\))|(?P<WORD>{WORD})", re.DOTALL)


def parse_query(text: str) -> Query:
    """Read a query. Raises QueryError with the place of the first mistake."""
    if len(text) > MAX_LENGTH:
        raise QueryError(
            _("A filter is at most {max_length:,} characters long.").format(max_length=MAX_LENGTH),
            MAX_LENGTH,
            len(text),
        )
    parser = _Parser(text)
    if parser.sees(_Kind.END):
        return Everything()
    query = parser.read_any()
    if not parser.sees(_Kind.END):
        parser.fail(_("This parenthesis closes nothing."))
    return query


def top_tokens(text: str) -> list[tuple[int, int]]:
    """Return where the terms of a query stand that are joined by AND alone. Raises QueryError.

    The query must be one that ``parse_query`` takes.
    """
    found: list[tuple[int, int]] = []
    depth, start = 0, -1
    for kind, first, end in _tokens(text):
        if kind in {_Kind.AND, _Kind.END} and not depth:
            continue
        start = first if start < 0 else start
        depth += (kind is _Kind.OPEN) - (kind is _Kind.CLOSE)
        if not depth and kind is not _Kind.NOT:
            found.append((start, end))
            start = -1
    return found


class _Parser:
    """One left-to-right reading of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._terms = 0

    def sees(self, *kinds: _Kind) -> bool:
        return self._tokens[self._at].kind in kinds

    def fail(self, message: str, hint: str = "") -> NoReturn:
        token = self._tokens[self._at]
        raise QueryError(message, token.start, token.end, hint)

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def read_any(self) -> Query:
        parts = [self._read_all()]
        while self.sees(_Kind.OR):
            self._take()
            parts.append(self._read_all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _read_all(self) -> Query:
        parts = [self._read_one()]
        while not self.sees(_Kind.OR, _Kind.CLOSE, _Kind.END):
            if self.sees(_Kind.AND):
                self._take()
            parts.append(self._read_one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _read_one(self) -> Query:
        if self.sees(_Kind.WORD):
            return self._read_word(self._take())
        if not self.sees(_Kind.NOT, _Kind.OPEN):
            self._fail_without_operand()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.fail(
                _("More than {max_depth} groups stand inside one another here.").format(
                    max_depth=MAX_DEPTH
                )
            )
        opening = self._take()
        query = Not(self._read_one()) if opening.kind is _Kind.NOT else self._read_group(opening)
        self._depth -= 1
        return query

    def _read_group(self, opening: _Token) -> Query:
        if self.sees(_Kind.CLOSE):
            raise QueryError(
                _("There is nothing between these parentheses."),
                opening.start,
                self._take().end,
            )
        query = self.read_any()
        if not self.sees(_Kind.CLOSE):
            raise QueryError(_("This parenthesis is not closed."), opening.start, opening.end)
        self._take()
        return query

    def _fail_without_operand(self) -> NoReturn:
        before = self._tokens[self._at - 1] if self._at else None
        if self.sees(_Kind.OR, _Kind.AND):
            operator = self._tokens[self._at].kind.name
            self.fail(
                _("{operator} needs something on both sides.").format(operator=operator),
                _('To search for the word itself, put it in quotes: "{operator}"').format(
                    operator=operator
                ),
            )
        if before is not None:
            word = self._text[before.start : before.end]
            raise QueryError(
                _("Something is missing after “{word}”.").format(word=word),
                before.start,
                before.end,
            )
        self.fail(_("This parenthesis closes nothing."))

    def _read_word(self, token: _Token) -> Query:
        raw = self._text[token.start : token.end]
        prefix = key_prefix(raw)
        if prefix is None:
            self._count(token, 1)
            text = unquote(raw)
            if not text:
                raise QueryError(
                    _("There is nothing between these quotes."), token.start, token.end
                )
            return AnyText(text)
        values_start = len(prefix) + 1
        if prefix == LOCALHOST:
            # As a browser shows it: nobody means the text, which no address contains.
            return read_values(Key.ADDR, list(pieces(raw, token.start)))
        if prefix not in KEYS:
            raise _unknown_key(prefix, raw, token)
        values = list(pieces(raw[values_start:], token.start + values_start))
        self._count(token, len(values))
        return read_values(Key(prefix), values)

    def _count(self, token: _Token, terms: int) -> None:
        self._terms += terms
        if self._terms > MAX_TERMS:
            raise QueryError(
                _("A filter has at most {max_terms} terms.").format(max_terms=MAX_TERMS),
                token.start,
                token.end,
            )


def _unknown_key(prefix: str, raw: str, token: _Token) -> QueryError:
    near = get_close_matches(prefix[:20], sorted(KEYS), n=1, cutoff=0.5)
    message = (
        _("There is no key “{prefix}:”. Did you mean {near}:?").format(prefix=prefix, near=near[0])
        if near
        else _("There is no key “{prefix}:”.").format(prefix=prefix)
    )
    return QueryError(
        message,
        token.start,
        token.start + len(prefix) + 1,
        _("To search for the text itself, put it in quotes: {quote}").format(
            quote=quote(unquote(raw))
        )
        if len(raw) <= _MAX_SHOWN
        else _("To search for the text itself, put it in quotes."),
    )


_MAX_SHOWN = 60
"""Longer words are not repeated in a message."""


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise QueryError(
                _("This quote is not closed."),
                at,
                len(text),
                _("Inside quotes, a backslash before a quote is written twice."),
            )
        at = match.end()
        if match.lastgroup == "WORD":
            tokens.extend(_word_tokens(text, match.start(), at))
        elif match.lastgroup != "gap":
            tokens.append(_Token(_Kind[str(match.lastgroup)], match.start(), at))
    tokens.append(_Token(_Kind.END, len(text), len(text)))
    return tokens


def _word_tokens(text: str, start: int, end: int) -> list[_Token]:
    tokens: list[_Token] = []
    while start < end and text[start] in SIGNS:
        tokens.append(_Token(_Kind.NOT, start, start + 1))
        start += 1
    if start == end:
        if not text.startswith("(", end):
            raise QueryError(
                _("Something to leave out must stand right after “{text}”.").format(
                    text=text[end - 1]
                ),
                tokens[0].start,
                end,
            )
    elif text[start:end] in OPERATORS:
        tokens.append(_Token(_Kind[text[start:end]], start, end))
    else:
        tokens.append(_Token(_Kind.WORD, start, end))
    return tokens
