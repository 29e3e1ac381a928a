"""The one place where a command offers to do its one action as administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.cli.consent import ask, is_interactive
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import N_, _
from portview.readers.elevation import is_elevated
from portview.readers.owner_access import elevated_limit

if TYPE_CHECKING:
    import argparse

_QUESTION = N_("This needs administrator rights. Run just this action as administrator?")


def wants_rights(reason: str, options: argparse.Namespace) -> bool:
    """Return whether one action shall be done as administrator, because of ``reason``.

    It is wanted by ``--elevate``, or by answering at a terminal; ``--yes`` alone never leads to a
    prompt that nobody may be there for.
    """
    if is_elevated():
        return False  # What an administrator may not do either, no prompt can give.
    if options.elevate:
        return True
    if options.yes or options.json or not is_interactive():
        return False
    return ask(f"{reason}\n{_(_QUESTION)}")


def without_useless_advice(error: PortViewError) -> PortViewError:
    """Return an error that doesn't report an administrator to become one."""
    if error.outcome is not Outcome.NEEDS_ADMIN or not is_elevated():
        return error
    return PortViewError(error.code, error.message, elevated_limit(), Outcome.NOT_DONE)
