"""``end``: end the one process that was seen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from portview.actions.confirmation.action import Choices, prepare
from portview.actions.confirmation.actions import EndAction
from portview.actions.json_output.actions import report_object, step_object
from portview.actions.stopping.serialised import result_object
from portview.cli.acting import run_action
from portview.cli.arguments import add_change_options, parse_grace, parse_start_time
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.process import ProcessKey
from portview.domain.plain_text import quoted
from portview.i18n import _

if TYPE_CHECKING:
    import argparse

    from portview.actions.free_port.plan import PlanStep
    from portview.actions.processes.end import EndReport

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
    prepared = prepare(EndAction(key, grace_s=grace_s), Choices(options.force, options.tree))
    is_possible = bool(prepared.confirmation.verb)
    return run_action(
        prepared,
        options,
        partial(_document, is_dry_run=options.dry_run),
        dry_outcome=Outcome.DONE if is_possible else Outcome.NOT_DONE,
    )


def _document(step: PlanStep, report: EndReport | None, *, is_dry_run: bool) -> dict[str, Any]:
    reported = None
    if report is not None:
        results = [result_object(result) for result in report.results]
        reported = {**report_object(report), "results": results}
    return {"dry_run": is_dry_run, "plan": step_object(step), "report": reported}


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
