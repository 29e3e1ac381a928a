"""Texts that are shown already, in another language.

What a widget shows is a translation; which message it was is found by looking the translation up.
Texts with fields filled in are made again by whoever shows them, with the next reading at the
latest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.po_catalogue import PoCatalogue

_Message = tuple[str | None, str]
"""Context and English text."""


def text_changer(
    before: PoCatalogue | None, after: PoCatalogue | None
) -> Callable[[str], str | None]:
    """Return a function from a text in one language to another; None for what is no message.

    English is a language without a catalogue.
    """
    known = before or after
    if known is None:
        return lambda _text: None
    messages: dict[str, _Message] = {}
    for (context, english), forms in known.translations().items():
        shown = forms[0] if before is not None else english
        # A message without a context is the likelier one; of equal ones any will do.
        if shown not in messages or context is None:
            messages[shown] = (context, english)

    def change(text: str) -> str | None:
        message = messages.get(text)
        if message is None:
            return None
        context, english = message
        if after is None:
            return english
        return after.gettext(english) if context is None else after.pgettext(context, english)

    return change
