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


class PseudoLocale(gettext.NullTranslations):
    """Translates every text into itself, recognisably. Fields and mnemonics stay."""

    def gettext(self, message: str) -> str:
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return pseudo(message)


def pseudo(text: str) -> str:
    """Return the text with accents, a third longer, between brackets and right-to-left marks."""
    if not text.strip():
        return text
    pieces, end = [], 0
    for kept in _KEPT.finditer(text):
        pieces += [text[end : kept.start()].translate(_LETTERS), kept.group()]
        end = kept.end()
    pieces.append(text[end:].translate(_LETTERS))
    return f"[{RIGHT_TO_LEFT_MARK}{''.join(pieces)}{'~' * (len(text) // 3)}{RIGHT_TO_LEFT_MARK}]"


def is_pseudo(text: str) -> bool:
    """Return whether a text came through the catalogue whole, not glued from parts."""
    return text.startswith(f"[{RIGHT_TO_LEFT_MARK}") and text.count(f"[{RIGHT_TO_LEFT_MARK}") == 1
