"""The one place where a command offers to do its one action as administrator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from portview.actions.confirmation.actions import can_be_elevated
from portview.actions.free_port.elevated_holders import find_holders_elevated
from portview.actions.free_port.execute import inspect_port
from portview.cli.consent import ask, is_interactive
from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.i18n import N_, _
from portview.readers.elevation import is_elevated
from portview.readers.owner_access import elevated_limit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from portview.actions.free_port.plan import FreePlan
    from portview.actions.port_usage import FreeRequest

Report = TypeVar("Report", bound=ActionReport)

_QUESTION = N_("This needs administrator rights. Run just this action as administrator?")


def act_or_elevate(act: Callable[[bool], Report], options: argparse.Namespace) -> Report:
    """Act without other rights first, and as administrator if that is refused and wanted.

    ``act`` is told whether to do it as administrator. It is wanted by ``--elevate``, or by
    answering at a terminal; ``--yes`` alone never leads to a prompt that nobody may be there for.
    Raises what ``act`` raises.
    """
    try:
        report = act(False)  # noqa: FBT003 - the one thing that it is told
    except PortViewError as error:
        if error.outcome is not Outcome.NEEDS_ADMIN or not _wants_rights(error.message, options):
            raise
    else:
        if report.outcome is Outcome.NEEDS_ADMIN and is_elevated():
            return replace(report, outcome=Outcome.NOT_DONE, next_step=elevated_limit())
        if not can_be_elevated(report) or not _wants_rights(report.done, options):
            return report
    return act(True)  # noqa: FBT003 - likewise


def inspect_or_elevate(request: FreeRequest, options: argparse.Namespace) -> FreePlan:
    """Look who holds a port, as administrator if only those are told and it is wanted.

    Looking changes nothing; acting asks for rights again.
    """
    plan = inspect_port(request)
    hidden = _("Only an administrator can see which process uses this port.")
    if plan.is_hidden and _wants_rights(hidden, options):
        return inspect_port(request, find_holders_elevated(request))
    return plan


def without_useless_advice(error: PortViewError) -> PortViewError:
    """Return an error that doesn't tell an administrator to become one."""
    if error.outcome is not Outcome.NEEDS_ADMIN or not is_elevated():
        return error
    return PortViewError(error.code, error.message, elevated_limit(), Outcome.NOT_DONE)


def _wants_rights(reason: str, options: argparse.Namespace) -> bool:
    if is_elevated():
        return False  # What an administrator may not do either, no prompt can give.
    if options.elevate:
        return True
    if options.yes or options.json or not is_interactive():
        return False
    return ask(f"{reason}\n{_(_QUESTION)}")
