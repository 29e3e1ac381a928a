"""Text of the machine made inert for showing: nothing hidden, nothing reordered, never endless."""

from __future__ import annotations

import re
from unicodedata import category

LONGEST_CELL = 500
"""Characters of a cell that are shown; copying gives the whole text."""

LONGEST_QUOTE = 120
"""Characters of a text that a sentence quotes."""

_BREAK = "\u200b"
# What a line may be broken after anyhow ends a word. Parts of a path are kept together.
_LONG_WORD = re.compile(r"[^\s/-]{41,}")
_PART = re.compile(r"[^\\.,;:=&_]{0,39}[\\.,;:=&_]+|[^\\.,;:=&_]{40}")

_ELLIPSIS = "…"
_CONTROL_PICTURES = 0x2400
_DELETE = 0x7F
# Controls, formats (bidirectional controls, zero-width characters, tags), lone surrogates, line
# and paragraph separators.
_TREACHEROUS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Letters and marks by category, nothing on the screen: Hangul fillers, a grapheme joiner.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def inert(text: str, limit: int = LONGEST_CELL) -> str:
    r"""Return a text with every invisible or reordering character shown as a visible sign.

    A newline becomes ``␊``, a right-to-left override ``\u{202E}``. At most ``limit`` characters
    are left, the last of them an ellipsis where more were there. Only for showing: copies and
    exports hand on the text itself.
    """
    # Cut first: a text may be megabytes long, and what is not shown needs no care.
    shown = text[:limit]
    # What is printable to Python has none of those categories, and nearly every text is.
    if not is_inert(shown):
        shown = "".join(map(_visible, shown))
    if len(text) > limit or len(shown) > limit:
        return shown[: limit - 1] + _ELLIPSIS
    return shown


def is_inert(text: str) -> bool:
    """Return whether a text has no character that is invisible, reorders text or is obeyed."""
    # ASCII has no blank letters, and looking for them costs ten times as much as the rest.
    return text.isprintable() and (text.isascii() or _BLANK.isdisjoint(text))


def inert_lines(text: str) -> str:
    """Return a text of lines for a terminal: everything but line ends and tabs as ``inert`` does.

    Nothing is cut off.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line if is_inert(line) else _visible_but_tabs(line) for line in lines)


def _visible_but_tabs(line: str) -> str:
    return "\t".join("".join(map(_visible, part)) for part in line.split("\t"))


def with_breaks(text: str) -> str:
    """Return a text whose overlong words may be broken over lines, by characters without width.

    After what parts a path where there is such a sign. Only for showing.
    """
    return _LONG_WORD.sub(lambda word: _PART.sub(rf"\g<0>{_BREAK}", word[0]), text)


def without_breaks(text: str) -> str:
    """Return what ``with_breaks`` was given, if that was inert and so without a break."""
    return text.replace(_BREAK, "")


def quoted(text: str, limit: int = LONGEST_QUOTE) -> str:
    """Return a text inert and in the quotation marks of PortView's sentences."""
    return f"\u201c{inert(text, limit)}\u201d"


def _visible(character: str) -> str:
    code = ord(character)
    if code < ord(" "):
        return chr(_CONTROL_PICTURES + code)
    if code == _DELETE:
        return "␡"
    if character in _BLANK or category(character) in _TREACHEROUS:
        return f"\\u{{{code:04X}}}"
    return character
