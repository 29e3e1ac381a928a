"""``end``: end the one process that was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.confirmation.history import keep_record
from portview.actions.free_port.plan import PlanAction
from portview.actions.free_port.restart_words import restart_sentences
from portview.actions.json_output.actions import report_object, result_object, step_object
from portview.actions.processes.end import end_process, inspect_process
from portview.cli.arguments import add_change_options, parse_grace, parse_start_time
from portview.cli.consent import require_consent
from portview.cli.console import print_json, print_line
from portview.cli.elevating import act_or_elevate
from portview.cli.plan_text import step_lines
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.process import ProcessKey
from portview.domain.plain_text import quoted
from portview.i18n import _

if TYPE_CHECKING:
    import argparse

_LARGEST_PID = 2**32 - 1


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``end`` to the command line."""
    parser = commands.add_parser(
        "end",
        help=_("end one process, named by its PID and start time"),
        description=_(
            "End one process. The start time (from list --json) guards against PID reuse."
        ),
    )
    parser.add_argument("pid", metavar="PID", help=_("the process ID"))
    parser.add_argument(
        "--started", metavar="TIME", required=True, help=_("its start time (ISO 8601)")
    )
    parser.add_argument(
        "--force", action="store_true", help=_("end at once, without asking to close first")
    )
    parser.add_argument("--tree", action="store_true", help=_("end what runs under it as well"))
    add_change_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """End the process that the options name."""
    grace_s = parse_grace(options.grace)
    key = ProcessKey(parse_pid(options.pid), parse_start_time(options.started))
    step = inspect_process(key, force=options.force, tree=options.tree)
    if not options.json:
        for line in step_lines(step, grace_s):
            print_line(line)
        for sentence in restart_sentences([step]):
            print_line(f"  {sentence}")
    is_possible = step.kind is not PlanAction.REFUSE
    if options.dry_run:
        if options.json:
            print_json({"dry_run": True, "plan": step_object(step), "report": None})
        return Outcome.DONE if is_possible else Outcome.NOT_DONE
    # What is refused here for want of rights may be done by the elevated process.
    may_act = is_possible or (options.elevate and step.refusal and step.refusal.needs_admin)
    if may_act and not require_consent(_("Do this?"), has_yes=options.yes, as_json=options.json):
        return Outcome.NOT_DONE
    report = act_or_elevate(
        lambda as_admin: end_process(step, grace_s=grace_s, as_admin=as_admin), options
    )
    keep_record(report)
    if options.json:
        told = {**report_object(report), "results": [result_object(r) for r in report.results]}
        print_json({"dry_run": False, "plan": step_object(step), "report": told})
    else:
        for line in filter(None, (report.done, report.now, report.next_step)):
            print_line(line)
    return report.outcome


def parse_pid(text: str) -> int:
    """Read a process ID. Raises PortViewError."""
    if not (text.isascii() and text.isdecimal()) or int(text[:11]) > _LARGEST_PID:
        raise PortViewError(
            "bad_pid",
            _("{text} is not a process ID.").format(text=quoted(text)),
            _("A number such as 4242."),
            Outcome.BAD_INPUT,
        )
    return int(text)
