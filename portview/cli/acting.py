"""The one way from a command that changes something to its report: show, ask, act, report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from portview.actions.confirmation.action import perform
from portview.cli.confirmation_text import show_confirmation, show_report
from portview.cli.consent import require_consent
from portview.cli.console import print_json
from portview.cli.elevating import wants_rights
from portview.domain.errors import ActionReport, Outcome
from portview.i18n import _

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from portview.actions.confirmation.action import PreparedAction

PlanT = TypeVar("PlanT")
ReportT = TypeVar("ReportT", bound=ActionReport)


def run_action(
    prepared: PreparedAction[PlanT, ReportT],
    options: argparse.Namespace,
    document: Callable[[PlanT, ReportT | None], dict[str, Any]],
    *,
    expected: ReportT | None = None,
    dry_outcome: Outcome = Outcome.DONE,
    notes: Callable[[ReportT], tuple[str, ...]] | None = None,
) -> Outcome:
    """Show what was prepared, ask, do it and show the report. Raises PortViewError.

    ``document`` makes the JSON document of a plan and its report, which is None for a dry run.
    ``expected`` is the report that a dry run can already give, because nothing would be stopped;
    without it a dry run ends as ``dry_outcome`` says. ``notes`` are printed below a report.
    """
    if not options.json:
        show_confirmation(prepared.confirmation)
    if options.dry_run:
        report: ReportT | None = expected
    else:
        report = consented(prepared, options, _("Do this?"))
        if report is None:
            return Outcome.NOT_DONE
    if options.json:
        print_json(document(prepared.plan, report))
    elif report is not None:
        show_report(report, *(notes(report) if notes else ()))
    return dry_outcome if report is None else report.outcome


def consented(
    prepared: PreparedAction[PlanT, ReportT], options: argparse.Namespace, question: str
) -> ReportT | None:
    """Do what was prepared if the person wants it, None else. Raises PortViewError.

    What offers nothing to confirm changes nothing: it is done without a question, for its report.
    What is refused here for want of rights may be done by the elevated process.
    """
    asked = prepared.confirmation
    may_act = asked.verb or (options.elevate and asked.is_for_admin)
    if may_act and not require_consent(question, has_yes=options.yes, as_json=options.json):
        return None
    return perform(prepared, wants_rights=lambda reason: wants_rights(reason, options))
