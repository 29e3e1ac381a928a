"""``ladder``: what a client on another machine would see of a port here."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from portview.actions.firewall_rules.ladder_check import (
    check_firewall,
    check_firewall_for_port,
    row_for_firewall_check,
)
from portview.actions.port_destinations import PortDestinations
from portview.cli.console import print_json
from portview.cli.screen import print_text
from portview.domain.errors import Outcome
from portview.domain.user_input.parsing import parse_duration_ms
from portview.domain.user_input.targets import parse_tcp_port
from portview.firewall.choose import open_firewall
from portview.i18n import _
from portview.probes.documents import ladder_document
from portview.probes.ladder import (
    DEFAULT_STEP_TIMEOUT_MS,
    LadderStage,
    LadderStep,
    StepOutcome,
    climb,
)
from portview.probes.ladder_sentence import Reach
from portview.readers.choose import open_reader

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from portview.domain.cancellation import CancelToken
    from portview.domain.sockets.snapshot import Snapshot
    from portview.firewall.interface import FirewallReader
    from portview.probes.ladder import FirewallCheck, LadderReport

_MARKS = {StepOutcome.GOOD: "+", StepOutcome.BAD: "-", StepOutcome.NOTE: "."}
_STYLES = {StepOutcome.GOOD: "good", StepOutcome.BAD: "bad", StepOutcome.NOTE: ""}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``ladder`` to the command line."""
    parser = commands.add_parser(
        "ladder",
        help=_("show what another machine would see of a port here"),
        description=_(
            "Test a TCP port of this machine step by step, and say "
            "what a client on another machine would see and what to "
            "change."
        ),
        epilog=_(
            "Exit code 0 if a machine in the network that leads outside, the one with the "
            "default route, can connect as far as this machine can determine."
        ),
    )
    parser.add_argument("port", metavar="PORT", type=parse_tcp_port)
    parser.add_argument(
        "--timeout",
        metavar="TIME",
        type=parse_duration_ms,
        default=DEFAULT_STEP_TIMEOUT_MS,
        help=_("for each step (default: {default_step_timeout_ms} ms)").format(
            default_step_timeout_ms=DEFAULT_STEP_TIMEOUT_MS
        ),
    )
    parser.add_argument("--json", action="store_true", help=_("print one JSON document"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Climb the ladder."""
    reader = open_reader()
    try:
        snapshot = reader.read_settled()
    finally:
        reader.close()
    on_step = None if options.json else _print_step
    with closing(open_firewall()) as firewall:
        destinations = PortDestinations(firewall)
        report = climb(
            options.port,
            snapshot.rows,
            firewall=_question(options.port, snapshot, firewall),
            destinations=destinations,
            timeout_ms=options.timeout,
            on_step=on_step,
        )
    if options.json:
        print_json(ladder_document(report))
    else:
        print_text(report.conclusion.sentence, "name")
        if report.conclusion.advice:
            print_text(_("hint: {advice}").format(advice=report.conclusion.advice))
    return Outcome.DONE if _is_reachable(report) else Outcome.NOT_DONE


def _print_step(step: LadderStep) -> None:
    print_text(f" {_MARKS[step.outcome]} {step.text}", _STYLES[step.outcome])


def _is_reachable(report: LadderReport) -> bool:
    if report.conclusion.reach is Reach.UNCERTAIN:
        return any(
            step.kind in {LadderStage.OWN_ADDRESS, LadderStage.NAT}
            and step.outcome is StepOutcome.GOOD
            for step in report.steps
        )
    return report.conclusion.reach in {Reach.REACHABLE, Reach.SOME}


def _question(
    port: int, snapshot: Snapshot, firewall: FirewallReader
) -> Callable[[int, CancelToken], FirewallCheck]:
    row = row_for_firewall_check(port, snapshot.rows)
    if row is None:
        return lambda port, cancel: check_firewall_for_port(firewall, port, cancel)
    info = snapshot.processes.get(row.owner) if row.owner else None
    return lambda _port, cancel: check_firewall(firewall, row, info, cancel)
