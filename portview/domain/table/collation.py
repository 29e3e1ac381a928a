"""The order of texts in a column: as the person's language sorts them, Chinese by its readings."""

from __future__ import annotations

import locale
from contextlib import suppress
from functools import lru_cache


def use_order_of_system() -> None:
    """Sort texts by the language of the system from now on. Once, before the first rows.

    Without such a language, texts stay sorted by the numbers of their characters.
    """
    with suppress(locale.Error):
        locale.setlocale(locale.LC_COLLATE, "")


@lru_cache(maxsize=65536)
def order_of(text: str) -> str:
    """Return what sorts as the text does in the language in use; for the empty text nothing.

    Kept, because a table has few different texts and asks for each of them at every tick.
    """
    try:
        return locale.strxfrm(text)
    except (OSError, ValueError):  # a null character, or what this language has no place for
        return text
