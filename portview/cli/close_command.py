"""``close``: close one connection."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from portview.actions.confirmation.action import prepare
from portview.actions.confirmation.actions import CloseAction
from portview.actions.json_output.actions import process_object, report_object
from portview.cli.acting import run_action
from portview.cli.arguments import add_change_options, parse_endpoint
from portview.domain.json_schema import socket_object
from portview.i18n import _

if TYPE_CHECKING:
    import argparse

    from portview.actions.connections.close import ClosePlan
    from portview.domain.errors import ActionReport, Outcome


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
    action = CloseAction(parse_endpoint(options.local), parse_endpoint(options.remote))
    return run_action(prepare(action), options, partial(_document, is_dry_run=options.dry_run))


def _document(
    plan: ClosePlan, report: ActionReport | None, *, is_dry_run: bool
) -> dict[str, object]:
    return {
        "dry_run": is_dry_run,
        "plan": _plan_object(plan),
        "report": report_object(report) if report else None,
    }


def _plan_object(plan: ClosePlan) -> dict[str, object]:
    info = plan.process.info if plan.process else None
    return {
        "connection": socket_object(plan.row, info),
        "peer": process_object(plan.peer.info) if plan.peer else None,
        "carries_portview": plan.carries_portview,
    }
