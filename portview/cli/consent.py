"""The one place where a command asks before it changes anything."""

from __future__ import annotations

import sys

from portview.cli.console import ask_line, print_line
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _


def require_consent(question: str, *, has_yes: bool, as_json: bool) -> bool:
    """Return whether the person wants it: by ``--yes``, or by answering at a terminal.

    Raises PortViewError where nobody can be asked: then nothing is ever changed.
    """
    if has_yes:
        return True
    if as_json or not is_interactive():
        raise PortViewError(
            "not_confirmed",
            _("Nothing was done, because confirmation was not possible."),
            _("See the plan with --dry-run; to confirm in advance, add --yes."),
            Outcome.NOT_DONE,
        )
    if ask(question):
        return True
    print_line(_("Nothing was done."))
    return False


def ask(question: str) -> bool:
    """Ask at the terminal; only a plain yes counts."""
    return ask_line(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def is_interactive() -> bool:
    """Return whether somebody can be asked at a terminal."""
    streams = (sys.stdin, sys.stdout)
    return all(stream is not None and stream.isatty() for stream in streams)
