"""What argparse says itself, in the person's language.

argparse translates by ``gettext`` of the whole process, for which there is no catalogue; so its two
functions are replaced, once a language other than English is in use.
"""

from __future__ import annotations

import argparse

from portview.i18n import N_, _, current_catalogue

_USAGE = "usage: "  # untranslated: as argparse has it, with the space

TEXTS = (
    N_("usage:"),
    N_("positional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_("show program's version number and exit"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("expected one argument"),
    N_("expected at least one argument"),
    N_("expected at most one argument"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("invalid %(type)s value: %(value)r"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
    N_("the following arguments are required: %s"),
    N_("one of the arguments %s is required"),
    N_("not allowed with argument %s"),
    N_("ignored explicit argument %r"),
    N_("unrecognized arguments: %s"),
)
"""The messages of argparse that a person can meet, letter by letter."""


def translate_argparse() -> None:
    """Have argparse speak PortView's language; it stays as it is for English."""
    if current_catalogue() is not None:
        argparse._ = _translated  # type: ignore[attr-defined]


def _translated(text: str) -> str:
    return _("usage:") + " " if text == _USAGE else _(text)
