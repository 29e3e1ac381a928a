"""Messages for people in the person's language, after the gettext conventions.

Every sentence that a person reads passes through one of these functions when it is shown, never
when a module is imported, so that the language can change while the program runs. A message is a
whole template with named fields: ``_("Port {port} is free.").format(port=port)``. JSON keys, codes
and log lines are not messages.

The English text is the key of the catalogue. gettext is loaded only when a catalogue is, so that
English costs nothing at the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

_catalogue: NullTranslations | None = None


def _(message: str) -> str:
    """Return the translation of a message."""
    return message if _catalogue is None else _catalogue.gettext(message)


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext's tools find such messages
    """Mark a message for extraction where it is defined; pass it to ``_`` where it is shown."""
    return message


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the translation of the form of a message that fits the count."""
    if _catalogue is None:
        return singular if count == 1 else plural
    return _catalogue.ngettext(singular, plural, count)


def pgettext(context: str, message: str) -> str:
    """Return the translation of a message that means different things in different places."""
    return message if _catalogue is None else _catalogue.pgettext(context, message)


def install_catalogue(catalogue: NullTranslations | None) -> None:
    """Use this catalogue from now on, or English where there is none. UI thread, or at start."""
    global _catalogue  # noqa: PLW0603 - the one language of the process
    _catalogue = catalogue
