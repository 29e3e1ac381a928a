"""``close``: close one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.confirmation.history import keep_record
from portview.actions.connections.close import close_connection, inspect_connection
from portview.actions.connections.errors import describe_connection
from portview.actions.json_output.actions import process_object, report_object
from portview.actions.safety.process_words import describe_process
from portview.cli.arguments import add_change_options, parse_endpoint
from portview.cli.consent import require_consent
from portview.cli.console import print_json
from portview.cli.elevating import act_or_elevate
from portview.cli.screen import tell
from portview.domain.errors import Outcome
from portview.domain.json_schema import socket_object
from portview.i18n import _

if TYPE_CHECKING:
    import argparse

    from portview.actions.connections.close import ClosePlan


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``close`` to the command line."""
    parser = commands.add_parser(
        "close",
        help=_("close a connection"),
        description=_(
            "Close one TCP connection; the programs at its ends keep running. Needs "
            "administrator rights. Windows can close IPv4 connections only."
        ),
    )
    parser.add_argument("local", metavar="LOCAL", help=_("the local end, such as 127.0.0.1:5000"))
    parser.add_argument("remote", metavar="REMOTE", help=_("the remote end, such as [::1]:80"))
    add_change_options(parser, with_grace=False)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Close the connection that the options name."""
    plan = inspect_connection(parse_endpoint(options.local), parse_endpoint(options.remote))
    document = {"dry_run": options.dry_run, "plan": _plan_object(plan)}
    if not options.json:
        tell(_("Close {connection}").format(connection=describe_connection(plan.row)))
        tell(
            "  "
            + _("held by {process}").format(
                process=describe_process(plan.process.info if plan.process else None)
            )
        )
        if plan.peer is not None:
            tell(
                "  "
                + _("to {process} on this machine").format(process=describe_process(plan.peer.info))
            )
    if options.dry_run:
        if options.json:
            print_json({**document, "report": None})
        return Outcome.DONE
    if not require_consent(_("Do this?"), has_yes=options.yes, as_json=options.json):
        return Outcome.NOT_DONE
    report = act_or_elevate(lambda as_admin: close_connection(plan, as_admin=as_admin), options)
    keep_record(report)
    if options.json:
        print_json({**document, "report": report_object(report)})
    else:
        tell(report.now)
        tell(report.next_step)
    return report.outcome


def _plan_object(plan: ClosePlan) -> dict[str, object]:
    info = plan.process.info if plan.process else None
    return {
        "connection": socket_object(plan.row, info),
        "peer": process_object(plan.peer.info) if plan.peer else None,
        "carries_portview": plan.carries_portview,
    }
