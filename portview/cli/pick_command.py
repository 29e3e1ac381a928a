"""``pick``: free ports for a server, kept for it until it starts."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from portview.actions.port_destinations import PortDestinations
from portview.cli.console import print_json, print_line, print_note
from portview.cli.progress_line import progress_line
from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.parsing import MAX_PORT, parse_count, parse_ports
from portview.domain.user_input.targets import parse_any_port
from portview.i18n import _
from portview.probes.bind_report import meaning_of_free
from portview.probes.documents import pick_document
from portview.probes.pick import HeldPorts, pick_ports, ports_near
from portview.probes.wait_conditions import in_order, read_port_order
from portview.readers.port_ranges import read_port_ranges

if TYPE_CHECKING:
    import argparse

    from portview.probes.pick import PickReport


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``pick`` to the command line."""
    parser = commands.add_parser(
        "pick",
        help=_("find free ports"),
        description=_(
            "Find ports that a server can take at every address of "
            "this machine. Excluded and dynamic ports are passed "
            "over."
        ),
        epilog=_(
            "With --hold the ports stay reserved until the moment before "
            "COMMAND starts; it finds them in its environment as PORT "
            "(the first), PORT1, PORT2, ... and in place of {port}, "
            "{port1}, {port2} in its arguments. No system lets a program "
            "take over a port that another one still holds, so it is "
            "not reserved between the start and the program's own bind. The "
            "exit code is then that of COMMAND. Without a command: 1 "
            "if too few are free."
        )
        + " "
        + meaning_of_free(),
    )
    parser.add_argument("--range", metavar="LIST", type=parse_ports, help=_("such as 8080-8100"))
    parser.add_argument(
        "--near", metavar="PORT", type=parse_any_port, help=_("as near as possible")
    )
    parser.add_argument("--preferred", metavar="PORT", type=parse_any_port, help=_("try it first"))
    parser.add_argument(
        "--order", metavar="FILE", type=Path, help=_("ports to try next, one per line")
    )
    parser.add_argument(
        "--count",
        metavar="N",
        type=partial(parse_count, most=MAX_PORT),
        default=1,
        help=_("how many"),
    )
    parser.add_argument("--proto", choices=[one.value for one in Protocol], default="tcp")
    parser.add_argument(
        "--allow-dynamic", action="store_true", help=_("take dynamic ports as well")
    )
    parser.add_argument("--hold", action="store_true", help=_("keep them for COMMAND"))
    parser.add_argument("--json", action="store_true", help=_("print one JSON document"))
    parser.add_argument("command", metavar="-- COMMAND", nargs="*", help=_("what to start"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Pick ports, and start the command that they are held for."""
    _check(options)
    protocol = Protocol(options.proto)
    ordered = read_port_order(options.order) if options.order else ()
    ranges = read_port_ranges(protocol)
    may_be_dynamic = options.allow_dynamic
    near = (
        ports_near(options.near, ranges=ranges, may_be_dynamic=may_be_dynamic)
        if options.near
        else ()
    )
    candidates = in_order(options.preferred, ordered, (*near, *(options.range or ())))
    with closing(PortDestinations()) as destinations, progress_line() as progress:
        report = pick_ports(
            candidates,
            count=options.count,
            protocol=protocol,
            ranges=ranges,
            may_be_dynamic=may_be_dynamic,
            destinations=destinations,
            report=progress,
        )
    if not options.hold:
        _print(options, report)
        return Outcome.DONE
    with HeldPorts(report.ports, protocol) as held:
        _print(options, report)
        return _start(options.command, held)


def _check(options: argparse.Namespace) -> None:
    if not (options.range or options.near or options.preferred or options.order):
        raise PortViewError(
            "no_ports",
            _("There is no port to choose from."),
            _("Add --range 8080-8100, --near 8080, --preferred 8080 or --order FILE."),
            Outcome.BAD_INPUT,
        )
    if bool(options.command) != options.hold:
        raise PortViewError(
            "bad_usage",
            _("--hold and a command need each other."),
            _("Write: pick --range 8080-8100 --hold -- COMMAND {port}"),
            Outcome.BAD_INPUT,
        )


def _print(options: argparse.Namespace, report: PickReport) -> None:
    for note in report.notes:
        print_note(note)
    if options.json:
        print_json(pick_document(report))
        return
    for port in report.ports:
        print_line(str(port))


def _start(command: list[str], held: HeldPorts) -> int:
    """Start the command with the held ports, which are let go the moment before."""
    words = {f"{{port{n}}}": str(port) for n, port in enumerate(held.ports, 1)}
    words["{port}"] = str(held.ports[0])
    environment = {name[1:-1].upper(): port for name, port in words.items()}
    arguments = []
    for argument in command:
        filled = argument
        for name, port in words.items():
            filled = filled.replace(name, port)
        arguments.append(filled)
    held.release()
    try:
        # The person's own command; no shell looks at it.
        done = subprocess.run(arguments, check=False, env={**os.environ, **environment})  # noqa: S603
    except OSError as error:
        raise PortViewError(
            "not_started",
            _("{arguments} could not be started: {strerror}.").format(
                arguments=quoted(arguments[0]), strerror=error.strerror
            ),
            _("Check its name and path."),
            Outcome.NOT_DONE,
        ) from error
    return done.returncode
