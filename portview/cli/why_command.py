"""``why``: say why a port can't be used or reached, with the evidence and a way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.cli.arguments import parse_address
from portview.cli.console import print_json, print_line
from portview.cli.hosts_options import add_host_options
from portview.cli.progress_line import progress_line
from portview.cli.screen import screen
from portview.command_name import command_line
from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import Protocol
from portview.domain.verdicts import Progress
from portview.i18n import _

if TYPE_CHECKING:
    import argparse

    from portview.diagnosis.answer import Answer
    from portview.diagnosis.facts import DiagnosisQuestion


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``why`` to the command line."""
    parser = commands.add_parser(
        "why",
        help=_("explain why a port can't be used, or why clients can't reach it"),
        description=_(
            "Find out why a server can't have a port, or why clients don't reach the one "
            "that has it. Reads the machine, starts a test server for a moment and connects once "
            "to what listens. A pasted error message does as well as a number."
        ),
        epilog=_(
            "Exit code 0: nothing is in the way. 1: something is, and is explained. 3: "
            "only an administrator can see it."
        ),
    )
    parser.add_argument(
        "what",
        metavar="PORT|TEXT",
        nargs="+",
        help=_("a port, or the error message of a program"),
    )
    parser.add_argument(
        "--proto",
        choices=[protocol.value for protocol in Protocol],
        help=_("which protocol (default: tcp)"),
    )
    parser.add_argument("--address", help=_("the address that the server wants"))
    parser.add_argument("--json", action="store_true", help=_("print one JSON document"))
    add_host_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Diagnose the port that the options name."""
    # Loaded here: the other commands start without it.
    from portview.diagnosis.answer import diagnose  # noqa: PLC0415
    from portview.diagnosis.asking import parse_question  # noqa: PLC0415
    from portview.diagnosis.collect import collect_facts  # noqa: PLC0415
    from portview.diagnosis.document import answer_document  # noqa: PLC0415

    question = parse_question(
        " ".join(options.what),
        Protocol(options.proto) if options.proto else None,
        parse_address(options.address),
    )
    _require_something(question)
    with progress_line() as progress:
        if progress is not None:
            progress(Progress(0, 0, _("Reading what may be in the way")))
        answer = diagnose(collect_facts(question))
    if options.json:
        print_json(answer_document(answer))
    else:
        _print_answer(answer)
    return answer.outcome


def _require_something(question: DiagnosisQuestion) -> None:
    error = question.error
    if question.port or (error is not None and error.error is not None):
        return
    raise PortViewError(
        "nothing_understood",
        _("Neither a port nor a known error was found in that text."),
        _("Write the port: {command}. Or paste the whole line with the error.").format(
            command=command_line("why", "8080")
        ),
        Outcome.BAD_INPUT,
    )


def _print_answer(answer: Answer) -> None:
    from portview.diagnosis.report import text_report  # noqa: PLC0415 - see above

    if (terminal := screen()) is not None:
        from portview.cli.answer_screen import print_answer  # noqa: PLC0415 - for a person alone

        print_answer(terminal, answer)
        return
    for line in text_report(answer):
        print_line(line)
