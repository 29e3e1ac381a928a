"""A language that shows what is cut, glued or untranslated: accents, longer, with marked ends."""

from __future__ import annotations

import gettext
import re

_LETTERS = str.maketrans(
    "aceinorsuyACEINORSUY",
    "\u00e2\u00e7\u00e9\u00ee\u00f1\u00f4\u0155\u0161\u00fb\u00fd\u00c2\u00c7\u00c9\u00ce\u00d1\u00d4\u0154\u0160\u00db\u00dd",
)
_KEPT = re.compile(r"\{[^{}]*\}|&\w|\n|<[^<>]*>")
RIGHT_TO_LEFT_MARK = "\u200f"
_START, _END = f"[{RIGHT_TO_LEFT_MARK}", f"{RIGHT_TO_LEFT_MARK}]"
_ONE_PART = re.compile(r"\[\u200f(?:(?!\[\u200f|\u200f\]).)*\u200f\]", re.DOTALL)


class PseudoLocale(gettext.NullTranslations):
    """Translates every text into itself, recognisably. Fields and mnemonics stay."""

    def gettext(self, message: str) -> str:
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        # How two texts are joined is a translation as well, but of no words.
        return pseudo(message) if re.search(r"\w", re.sub(r"\{\w+\}", "", message)) else message


def pseudo(text: str) -> str:
    """Return the text with accents, a third longer, between brackets and right-to-left marks.

    What is one already stays: a constant is translated where it is shown, maybe once more than
    needed, and gettext knows no translation of a translation.
    """
    if not text.strip() or text.startswith(_START):
        return text
    pieces, end = [], 0
    for kept in _KEPT.finditer(text):
        pieces += [text[end : kept.start()].translate(_LETTERS), kept.group()]
        end = kept.end()
    pieces.append(text[end:].translate(_LETTERS))
    return f"{_START}{''.join(pieces)}{'~' * (len(text) // 3)}{_END}"


def is_pseudo(text: str) -> bool:
    """Return whether a text came through the catalogue whole, not glued from parts."""
    return text.startswith(_START) and not words_outside(text)


def words_outside(text: str) -> str:
    """Return what of a text came through no catalogue: all of it, or what is glued to it."""
    while (fewer := _ONE_PART.sub("", text)) != text:
        text = fewer
    return text
