"""``service``: stop, start or restart a service through its manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.confirmation.history import keep_record
from portview.actions.inspection.process_inspection import ProcessInspector
from portview.actions.json_output.actions import report_object, service_object
from portview.actions.services.change import (
    check_service,
    read_service,
    restart_service,
    start_service,
    stop_service,
)
from portview.cli.arguments import add_change_options
from portview.cli.consent import require_consent
from portview.cli.console import print_json
from portview.cli.elevating import act_or_elevate
from portview.cli.plan_text import service_lines
from portview.cli.screen import tell
from portview.domain.errors import Outcome
from portview.i18n import _

if TYPE_CHECKING:
    import argparse

_CHANGES = {"stop": stop_service, "start": start_service, "restart": restart_service}


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
    parser.add_argument("verb", choices=list(_CHANGES), help=_("what to do"))
    parser.add_argument("name", metavar="NAME", help=_("the service's name"))
    parser.add_argument("--user", action="store_true", help=_("a service of your own (systemd)"))
    add_change_options(parser, with_grace=False)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Change the service that the options name."""
    service = read_service(options.name, of_user=options.user)
    if options.verb != "start":
        check_service(service, ProcessInspector().standpoint())
    if not options.json:
        for line in service_lines(service, options.verb):
            tell(line)
    document = {"verb": options.verb, "dry_run": options.dry_run, "plan": service_object(service)}
    if options.dry_run:
        if options.json:
            print_json({**document, "report": None})
        return Outcome.DONE
    if not require_consent(_("Do this?"), has_yes=options.yes, as_json=options.json):
        return Outcome.NOT_DONE
    report = act_or_elevate(
        lambda as_admin: _CHANGES[options.verb](service, as_admin=as_admin), options
    )
    keep_record(report)
    if options.json:
        told = {**report_object(report), "service": service_object(report.service)}
        print_json({**document, "report": told})
    else:
        for line in filter(None, (report.done, report.now, report.next_step)):
            tell(line)
    return report.outcome
