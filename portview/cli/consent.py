"""The one place where a command asks before it changes anything."""

from __future__ import annotations

import sys

from portview.cli.console import print_line
from portview.domain.outcome import Outcome, PortViewError


def require_consent(question: str, *, has_yes: bool, as_json: bool) -> bool:
    """Return whether the person wants it: by ``--yes``, or by answering at a terminal.

    Raises PortViewError where nobody can be asked: then nothing is ever changed.
    """
    if has_yes:
        return True
    if as_json or not _is_interactive():
        raise PortViewError(
            "not_confirmed",
            "Nothing was done, because nobody could be asked.",
            "Look with --dry-run; to do it without being asked add --yes.",
            Outcome.NOT_DONE,
        )
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() in {"y", "yes"}:
        return True
    print_line("Nothing was done.")
    return False


def _is_interactive() -> bool:
    streams = (sys.stdin, sys.stdout)
    return all(stream is not None and stream.isatty() for stream in streams)
