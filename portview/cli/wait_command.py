"""``wait``: until ports answer, are free, or a web address is well."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from portview.actions.port_destinations import PortDestinations
from portview.cli.console import print_json
from portview.cli.progress_line import progress_line
from portview.cli.screen import print_text
from portview.domain.errors import Outcome, PortViewError
from portview.domain.user_input.parsing import format_duration, parse_duration_ms
from portview.domain.user_input.targets import parse_target, parse_url
from portview.i18n import _, join_sentences
from portview.probes.bind_report import meaning_of_free
from portview.probes.documents import wait_document
from portview.probes.wait import answers, is_free, serves, wait_for

if TYPE_CHECKING:
    import argparse

_DEFAULT_TIMEOUT_MS = 30_000


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``wait`` to the command line."""
    parser = commands.add_parser(
        "wait",
        help=_("wait until ports answer or are free"),
        description=_(
            "Wait until all of these are true: TCP ports answer or are free, web addresses "
            "respond as expected."
        ),
        epilog=join_sentences(_("Exit code 1 if time ran out."), meaning_of_free()),
    )
    parser.add_argument(
        "targets", metavar="HOST:PORT", nargs="*", type=partial(parse_target, transport="tcp")
    )
    parser.add_argument("--free", action="store_true", help=_("wait until the ports are free"))
    parser.add_argument(
        "--http", metavar="URL", action="append", type=parse_url, default=[], help=_("repeatable")
    )
    parser.add_argument(
        "--timeout",
        metavar="TIME",
        type=parse_duration_ms,
        default=_DEFAULT_TIMEOUT_MS,
        help=_("such as 90s or 5m (default: 30 s)"),
    )
    parser.add_argument("--json", action="store_true", help=_("print one JSON document"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Wait."""
    with closing(PortDestinations()) as destinations:
        return _wait(options, destinations)


def _wait(options: argparse.Namespace, destinations: PortDestinations) -> Outcome:
    condition_for = partial(is_free, destinations=destinations) if options.free else answers
    conditions = [
        *(condition_for(target) for target in options.targets),
        *map(serves, options.http),
    ]
    if not conditions:
        raise PortViewError(
            "nothing_to_wait_for",
            _("There is nothing to wait for."),
            _("Name a HOST:PORT, or --http URL."),
            Outcome.BAD_INPUT,
        )
    with progress_line() as progress:
        report = wait_for(conditions, timeout_ms=options.timeout, report=progress)
    if options.json:
        print_json(wait_document(report))
    else:
        for one in report.conditions:
            word = _("yes") if one.is_met else _("no")
            style = "good" if one.is_met else "bad"
            print_text(f"{one.name}: {word}.", style, f" {one.detail}")
        ending = _("Done after {duration}.") if report.is_met else _("Timed out after {duration}.")
        print_text(ending.format(duration=format_duration(report.elapsed_ms)), "name")
    return Outcome.DONE if report.is_met else Outcome.NOT_DONE
