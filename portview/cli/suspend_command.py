"""``suspend`` and ``resume``: suspend one process, and resume it."""

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
from portview.cli.console import print_json
from portview.cli.elevating import act_or_elevate
from portview.cli.end_command import parse_pid
from portview.cli.plan_text import process_lines
from portview.cli.screen import tell
from portview.domain.errors import Outcome
from portview.domain.owners.process import ProcessKey
from portview.i18n import N_, _

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_ABOUT = {
    SuspendVerb.SUSPEND: (
        N_("suspend a process until it is resumed"),
        N_(
            "Suspend a process. It keeps its ports, and doesn't respond until it is resumed. The "
            "start time (from list --json) guards against PID reuse."
        ),
    ),
    SuspendVerb.RESUME: (
        N_("resume a suspended process"),
        N_(
            "Resume a suspended process. The start time (from list --json) guards against PID "
            "reuse."
        ),
    ),
}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``suspend`` and ``resume`` to the command line."""
    for verb, (in_short, about) in _ABOUT.items():
        parser = commands.add_parser(verb.value, help=_(in_short), description=_(about))
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
            tell(line)
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
            tell(line)
    return report.outcome


def _lines(plan: SuspendPlan) -> Iterator[str]:
    yield describe_process(plan.process.info)
    yield from process_lines(plan.process)
    if where := describe_sockets(plan):
        yield "  " + _("holds {where}").format(where=where)
    if plan.refusal is not None:
        yield "  " + _("-> not changed: {reason}").format(reason=plan.refusal.reason)
        yield f"     {plan.refusal.advice}"
    elif plan.is_so_already:
        if plan.verb is SuspendVerb.SUSPEND:
            yield "  " + _("-> nothing to do: it is already suspended")
        else:
            yield "  " + _("-> nothing to do: it isn't suspended")
    elif plan.verb is SuspendVerb.SUSPEND:
        yield "  " + _("-> suspend it until it is resumed; it keeps its ports")
    else:
        yield "  " + _("-> resume it")
