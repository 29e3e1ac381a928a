"""``free``: see who holds a port, and free it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.confirmation.history import keep_record
from portview.actions.free_port.execute import expected_report, free_port
from portview.actions.json_output.actions import free_document
from portview.actions.port_usage import FreeRequest
from portview.cli.arguments import (
    add_change_options,
    add_port_argument,
    parse_address,
    parse_grace,
    settle_port,
)
from portview.cli.consent import require_consent
from portview.cli.console import print_json
from portview.cli.elevating import act_or_elevate, inspect_or_elevate
from portview.cli.plan_text import plan_lines
from portview.cli.screen import tell
from portview.domain.errors import Outcome, PortViewError
from portview.domain.json_schema import iso_time
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _
from portview.probes.bind_report import meaning_of_free

if TYPE_CHECKING:
    import argparse

    from portview.actions.free_port.execute import FreeReport
    from portview.actions.free_port.plan import FreePlan


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``free`` to the command line."""
    parser = commands.add_parser(
        "free",
        help=_("free a blocked port"),
        description=_(
            "Show who holds a port, stop it as gracefully as possible, and "
            "prove that the port is free. Services are stopped "
            "through their manager; the system itself is never "
            "stopped."
        ),
        epilog=_(
            "Exit code 0: free now. 1: not free, or not confirmed. 3: "
            "needs administrator rights. {meaning_of_free}"
        ).format(meaning_of_free=meaning_of_free()),
    )
    add_port_argument(parser)
    parser.add_argument("--address", help=_("only what is in the way of this address"))
    parser.add_argument(
        "--force", action="store_true", help=_("end at once, without asking to close first")
    )
    parser.add_argument(
        "--tree", action="store_true", help=_("end what runs under the holders as well")
    )
    parser.add_argument(
        "--expect",
        action="append",
        metavar="PID@START",
        help=_("do it only if exactly these processes hold the port, as --json names them"),
    )
    add_change_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Free the port that the options name."""
    grace_s = parse_grace(options.grace)
    typed = settle_port(options)
    request = FreeRequest(
        typed.port,
        Protocol(options.proto),
        parse_address(options.address or typed.address),
        options.force,
        options.tree,
    )
    plan = inspect_or_elevate(request, options)
    _require_expected(plan, options.expect)
    if not options.json:
        for line in plan_lines(plan, grace_s):
            tell(line, "" if line[:1] != " " or line.startswith("  ->") else "quiet")
    if options.dry_run:
        return _show_expected(plan, as_json=options.json)
    if plan.is_possible:
        _refuse_guesses(plan, options)
        if not require_consent(_("Do this?"), has_yes=options.yes, as_json=options.json):
            return Outcome.NOT_DONE
    report = act_or_elevate(
        lambda as_admin: free_port(plan, grace_s=grace_s, as_admin=as_admin), options
    )
    keep_record(report)
    if options.json:
        print_json(free_document(plan, report))
    else:
        _print_report(report)
    return report.outcome


def _show_expected(plan: FreePlan, *, as_json: bool) -> Outcome:
    """End a dry run as the real run would: a plan that stops nothing is tried out by a bind."""
    report = expected_report(plan)
    if as_json:
        print_json(free_document(plan, report, is_dry_run=True))
    elif report is not None:
        _print_report(report)
    return Outcome.DONE if report is None else report.outcome


def _require_expected(plan: FreePlan, expected: list[str] | None) -> None:
    """Hold back where others hold the port than those that somebody has seen."""
    if expected is None:
        return
    keys = [step.process.key if step.process else None for step in plan.steps]
    found = {f"{key.pid}@{iso_time(key.started_ms or None)}" if key else "" for key in keys}
    if found != set(expected):
        raise PortViewError(
            "holder_changed",
            _("Other processes hold the port now than those that were expected."),
            _("See who holds it, then decide again."),
            Outcome.NOT_DONE,
        )


def _refuse_guesses(plan: FreePlan, options: argparse.Namespace) -> None:
    """Hold back where nobody looks at the plan and a holder is only likely."""
    if plan.guesses and options.yes and not options.force:
        raise PortViewError(
            "holder_uncertain",
            _("The process that opened the port has ended; who holds it now is only likely."),
            _(
                "See the plan with --dry-run. To end the likely holder without confirmation, "
                "add --force."
            ),
            Outcome.NOT_DONE,
        )


def _print_report(report: FreeReport) -> None:
    notes = report.proof.bind.notes if report.proof else ()
    style = "good" if report.outcome is Outcome.DONE else "bad"
    for line in (report.done, report.now, report.next_step, *notes):
        if line:
            tell(line, style if line == report.now else "")
