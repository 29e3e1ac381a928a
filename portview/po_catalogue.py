"""Translations from a PO file, the format of gettext that people edit.

The file itself is what the program reads: there is nothing to compile that a package could forget
or that could be out of date, and 4,000 messages take the same 9 ms as a compiled file.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PLURAL = re.compile(r"^Plural-Forms:.*?nplurals *= *(\d+) *; *plural *= *([^;]+)", re.MULTILINE)
_GZIP = 31
"""The window bits by which zlib knows a file of gzip's form (RFC 1952)."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}

_Entry = dict[str, str]
"""One message by keyword: ``msgctxt``, ``msgid``, ``msgid_plural``, ``msgstr`` or ``msgstr[0]``."""


class PoCatalogue:
    """The translations of one language; what has none stays English."""

    def __init__(self, path: Path) -> None:
        """Read a PO file, or one that gzip compressed.

        Raises OSError, UnicodeError or zlib.error where it can't be read.
        """
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = zlib.decompress(content, _GZIP)
        self._forms: dict[tuple[str | None, str], list[str]] = {}
        self._form_of: Callable[[int], int] | None = None
        for entry in read_entries(content.decode("utf-8")):
            forms = [text for key, text in entry.items() if key.startswith("msgstr")]
            if not entry["msgid"]:
                self._form_of = _plural_rule(forms[0])
            elif forms and all(forms):
                self._forms[entry.get("msgctxt"), entry["msgid"]] = forms

    def translations(self) -> dict[tuple[str | None, str], list[str]]:
        """Return all translations by context and English text, each with its plural forms."""
        return self._forms

    def gettext(self, message: str) -> str:
        """Return the translation of a message."""
        return self._forms.get((None, message), (message,))[0]

    def pgettext(self, context: str, message: str) -> str:
        """Return the translation of a message in a context."""
        return self._forms.get((context, message), (message,))[0]

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return the translation in the form that this language has for the count."""
        forms = self._forms.get((None, singular))
        if forms is None:
            return singular if count == 1 else plural
        form = self._form_of(count) if self._form_of else 0
        return forms[form] if form < len(forms) else forms[-1]


def read_entries(text: str) -> Iterator[_Entry]:
    """Yield the messages of a PO file, its header with the empty ``msgid`` first; no fuzzy ones."""
    for block in text.replace("\r\n", "\n").split("\n\n"):
        entry: _Entry = {}
        key, is_fuzzy = "", False
        for line in block.split("\n"):
            if not line or line[0] == "#":
                is_fuzzy = is_fuzzy or (line[:2] == "#," and "fuzzy" in line)
                continue
            quoted = line
            if line[0] != '"':
                key, _space, quoted = line.partition(" ")
                entry[key] = ""
            entry[key] = entry.get(key, "") + _unescaped(quoted.strip()[1:-1])
        if "msgid" in entry and not (is_fuzzy and entry["msgid"]):
            yield entry


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text)


def _plural_rule(header: str) -> Callable[[int], int] | None:
    """Return the function from a count to the index of its form; None where there is one form."""
    match = _PLURAL.search(header)
    if match is None or match[1] == "1":
        return None
    # Private in gettext by name alone: it is documented nowhere else, and reads no more than C's
    # arithmetic, so that a file can't run code.
    from gettext import c2py  # noqa: PLC0415 - one form needs no rule

    rule: Callable[[int], int] = c2py(match[2].strip())
    return rule
