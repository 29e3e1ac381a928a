"""``suspend`` and ``resume``: let one process stand still, and let it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.confirmation.history import keep_record
from portview.actions.json_output.actions import report_object, suspend_object
from portview.actions.processes.suspend import (
    SuspendPlan,
    SuspendVerb,
    change_execution,
    describe_sockets,
    inspect_execution,
)
from portview.actions.safety.process_words import describe_process
from portview.cli.arguments import add_change_options, parse_start_time
from portview.cli.consent import require_consent
from portview.cli.console import print_json, print_line
from portview.cli.elevating import act_or_elevate
from portview.cli.end_command import parse_pid
from portview.cli.plan_text import process_lines
from portview.domain.errors import Outcome
from portview.domain.owners.process import ProcessKey
from portview.i18n import _

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_ABOUT = {
    SuspendVerb.SUSPEND: (
        "let one process stand still until it is resumed",
        "Let one process stand still. It keeps its ports, and answers nobody until it is resumed. ",
    ),
    SuspendVerb.RESUME: (
        "let a suspended process go on",
        "Let a suspended process go on where it was stopped. ",
    ),
}
_START_TIME = (
    "The start time, as list --json tells it, makes sure that it is still the process that was "
    "seen, for a PID is given to another one sooner or later."
)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``suspend`` and ``resume`` to the command line."""
    for verb, (in_short, about) in _ABOUT.items():
        parser = commands.add_parser(verb.value, help=in_short, description=f"{about}{_START_TIME}")
        parser.add_argument("pid", metavar="PID", help=_("the process ID"))
        parser.add_argument(
            "--started", metavar="TIME", required=True, help=_("its start time (ISO 8601)")
        )
        add_change_options(parser, with_grace=False)
        parser.set_defaults(run=run, verb=verb)


def run(options: argparse.Namespace) -> Outcome:
    """Suspend or resume the process that the options name."""
    key = ProcessKey(parse_pid(options.pid), parse_start_time(options.started))
    plan = inspect_execution(key, options.verb)
    document = {"dry_run": options.dry_run, "plan": suspend_object(plan)}
    if not options.json:
        for line in _lines(plan):
            print_line(line)
    if options.dry_run:
        if options.json:
            print_json({**document, "report": None})
        return Outcome.NOT_DONE if plan.refusal else Outcome.DONE
    if plan.is_possible and not require_consent(
        _("Do this?"), has_yes=options.yes, as_json=options.json
    ):
        return Outcome.NOT_DONE
    report = act_or_elevate(lambda as_admin: change_execution(plan, as_admin=as_admin), options)
    keep_record(report)
    if options.json:
        told = {**report_object(report), "execution": report.execution.value}
        print_json({**document, "report": told})
    else:
        for line in filter(None, (report.done, report.now, report.next_step)):
            print_line(line)
    return report.outcome


def _lines(plan: SuspendPlan) -> Iterator[str]:
    yield describe_process(plan.process.info)
    yield from process_lines(plan.process)
    if where := describe_sockets(plan):
        yield _("  holds {where}").format(where=where)
    if plan.refusal is not None:
        yield _("  -> left alone: {reason}").format(reason=plan.refusal.reason)
        yield f"     {plan.refusal.advice}"
    elif plan.is_so_already:
        still = plan.verb is SuspendVerb.SUSPEND
        yield _("  -> nothing to do: it {part}").format(
            part="stands still already" if still else "runs"
        )
    elif plan.verb is SuspendVerb.SUSPEND:
        yield _("  -> let it stand still until it is resumed; it keeps its ports")
    else:
        yield _("  -> let it go on where it was stopped")
