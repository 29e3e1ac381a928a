"""The text of one word of a query: its quotes, its key and the pieces of its list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.query.terms import Key

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = frozenset(map(str, Key))
OPERATORS = frozenset({"OR", "AND", "NOT"})
SIGNS = "-!"

# No possessive quantifiers, which CPython 3.11.0 to 3.11.4 get wrong (gh-106052). There is but one
# way in which these match, so that none are needed.
_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
WORD = rf'(?:{_QUOTED}|[^\s()"])+'
_PIECE = re.compile(rf'(?:{_QUOTED}|[^",])*', re.DOTALL)
_QUOTE = re.compile(_QUOTED, re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_KEY = re.compile(r"([A-Za-z]+):")
# A drive, a URL, a C++ name: what begins like a key without being one.
_NO_VALUE = re.compile(r"[:/\\]")
_IPV6 = re.compile(r"[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%.*)?", re.DOTALL)
_PLAIN_WORD = re.compile(r'[^\s()":!-][^\s()":]*')
_PLAIN_VALUE = re.compile(r'[^\s()",]+')


class Piece(NamedTuple):
    """One value of a list, without its quotes, and where it stands."""

    text: str
    start: int
    end: int
    is_quoted: bool


def key_prefix(word: str) -> str | None:
    r"""Return what stands before the colon where a word has a key, known or not, else None.

    ``C:\Windows``, ``http://host``, ``::1``, ``dead::beef`` and ``127.0.0.1:80`` have none.
    """
    match = _KEY.match(word)
    if match is None:
        return None
    prefix = match[1].lower()
    if prefix in KEYS:
        return prefix
    # One letter is a drive, even in "C:" alone.
    if len(prefix) == 1 or _NO_VALUE.match(word, match.end()) or _IPV6.fullmatch(word):
        return None
    return prefix


def pieces(text: str, start: int) -> Iterator[Piece]:
    """Split a list at its commas, but not inside quotes; ``start`` is where ``text`` stands."""
    at = 0
    while True:
        match = _PIECE.match(text, at)
        raw = match[0] if match else ""
        yield Piece(unquote(raw), start + at, start + at + len(raw), '"' in raw)
        at += len(raw) + 1
        if at > len(text):
            return


def unquote(raw: str) -> str:
    """Return what a word says, without quotes and escapes."""
    if '"' not in raw:
        return raw
    return _QUOTE.sub(lambda match: _ESCAPED.sub(r"\1", match[0][1:-1]), raw)


def quote(text: str) -> str:
    """Put a text in quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def format_word(text: str) -> str:
    """Write a bare word, in quotes where it would be read as something else without them."""
    return text if _PLAIN_WORD.fullmatch(text) and text not in OPERATORS else quote(text)


def format_value(text: str) -> str:
    """Write a value as it stands after a key, in quotes where it needs them."""
    return text if _PLAIN_VALUE.fullmatch(text) else quote(text)
