"""``suspend`` and ``resume``: suspend one process, and resume it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from portview.actions.confirmation.action import prepare
from portview.actions.confirmation.actions import SuspendAction
from portview.actions.json_output.actions import report_object, suspend_object
from portview.actions.processes.suspend import SuspendVerb
from portview.cli.acting import run_action
from portview.cli.arguments import add_change_options, parse_start_time
from portview.cli.end_command import parse_pid
from portview.domain.errors import Outcome
from portview.domain.owners.process import ProcessKey
from portview.i18n import N_, _

if TYPE_CHECKING:
    import argparse

    from portview.actions.processes.suspend import SuspendPlan, SuspendReport

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
    prepared = prepare(SuspendAction(key, options.verb))
    return run_action(
        prepared,
        options,
        partial(_document, is_dry_run=options.dry_run),
        dry_outcome=Outcome.NOT_DONE if prepared.plan.refusal else Outcome.DONE,
    )


def _document(
    plan: SuspendPlan, report: SuspendReport | None, *, is_dry_run: bool
) -> dict[str, Any]:
    reported = None
    if report is not None:
        reported = {**report_object(report), "execution": report.execution.value}
    return {"dry_run": is_dry_run, "plan": suspend_object(plan), "report": reported}
