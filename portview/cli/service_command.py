"""``service``: stop, start or restart a service through its manager."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from portview.actions.confirmation.action import prepare
from portview.actions.confirmation.actions import ServiceAction
from portview.actions.json_output.actions import report_object, service_object
from portview.cli.acting import run_action
from portview.cli.arguments import add_change_options
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _

if TYPE_CHECKING:
    import argparse

    from portview.actions.confirmation.actions import ServicePlan
    from portview.actions.services.change import ServiceReport

_VERBS = ("stop", "start", "restart")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``service`` to the command line."""
    parser = commands.add_parser(
        "service",
        help=_("stop, start or restart a service"),
        description=_(
            "Stop, start or restart a service through the service "
            "manager of the system. What depends on it stops first "
            "and is named before."
        ),
    )
    parser.add_argument("verb", choices=_VERBS, help=_("what to do"))
    parser.add_argument("name", metavar="NAME", help=_("the service's name"))
    parser.add_argument("--user", action="store_true", help=_("a service of your own (systemd)"))
    add_change_options(parser, with_grace=False)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Change the service that the options name."""
    prepared = prepare(ServiceAction(options.name, options.verb, of_user=options.user))
    if (refused := prepared.plan.refusal) is not None:
        raise PortViewError(refused.code, refused.reason, refused.advice, Outcome.NOT_DONE)
    return run_action(
        prepared, options, partial(_document, options.verb, is_dry_run=options.dry_run)
    )


def _document(
    verb: str, plan: ServicePlan, report: ServiceReport | None, *, is_dry_run: bool
) -> dict[str, Any]:
    reported = None
    if report is not None:
        reported = {**report_object(report), "service": service_object(report.service)}
    return {
        "verb": verb,
        "dry_run": is_dry_run,
        "plan": service_object(plan.service),
        "report": reported,
    }
