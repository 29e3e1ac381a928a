"""``free``: see who holds a port, and free it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.confirmation.action import Choices, prepare
from portview.actions.confirmation.actions import FreeAction
from portview.actions.free_port.execute import expected_report
from portview.actions.json_output.actions import free_document
from portview.cli.acting import run_action
from portview.cli.arguments import (
    add_change_options,
    add_port_argument,
    parse_address,
    parse_grace,
    settle_port,
)
from portview.cli.elevating import wants_rights
from portview.domain.errors import Outcome, PortViewError
from portview.domain.json_schema import iso_time
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _
from portview.probes.bind_report import meaning_of_free

if TYPE_CHECKING:
    import argparse

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
    action = FreeAction(
        typed.port,
        Protocol(options.proto),
        parse_address(options.address or typed.address),
        grace_s=grace_s,
    )
    choices = Choices(options.force, options.tree)
    prepared = prepare(action, choices)
    if prepared.plan.plan.is_hidden and wants_rights(
        _("Only an administrator can see which process uses this port."), options
    ):
        # Looking changes nothing; acting asks for rights again.
        prepared = prepare(action.seen_by_admin(), choices)
    _require_expected(prepared.plan.plan, options.expect)
    if not options.dry_run:
        _refuse_guesses(prepared.plan.plan, options)
    return run_action(
        prepared,
        options,
        lambda preview, report: free_document(preview.plan, report, is_dry_run=options.dry_run),
        # A dry run ends as the real run would: a plan that stops nothing is tried out by a bind.
        expected=prepared.plan.tried or expected_report(prepared.plan.plan),
        notes=lambda report: report.proof.bind.notes if report.proof else (),
    )


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
    if plan.is_possible and plan.guesses and options.yes and not options.force:
        raise PortViewError(
            "holder_uncertain",
            _("The process that opened the port has ended; who holds it now is only likely."),
            _(
                "See the plan with --dry-run. To end the likely holder without confirmation, "
                "add --force."
            ),
            Outcome.NOT_DONE,
        )
