"""The command line: which verbs there are, and what every one of them has in common."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from portview import __version__
from portview.actions.elevation.manual_command import command_for_administrator
from portview.cli import (
    close_command,
    end_command,
    firewall_command,
    free_command,
    ladder_command,
    list_command,
    pick_command,
    probe_command,
    scan_command,
    service_command,
    suspend_command,
    wait_command,
    what_command,
)
from portview.cli.console import prepare_streams, print_error, print_note
from portview.cli.elevating import without_useless_advice
from portview.domain.errors import Outcome, PortViewError
from portview.log import log_path
from portview.readers.elevation import is_elevated
from portview.readers.owner_access import elevated_limit

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

_VERBS = (
    list_command,
    what_command,
    probe_command,
    ladder_command,
    scan_command,
    wait_command,
    pick_command,
    free_command,
    end_command,
    close_command,
    service_command,
    suspend_command,
    firewall_command,
)

_INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are PortView's own errors, so that JSON has them too."""

    def error(self, message: str) -> NoReturn:
        raise PortViewError(
            "bad_usage",
            f"{message[:1].upper()}{message[1:]}.",
            f"See: {self.prog} --help",
            Outcome.BAD_INPUT,
        )


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(
        prog="portview",
        description="Shows every socket of this machine and the process behind it.",
        epilog="Without a command the window opens. Exit codes: 0 yes or done, 1 no or not done, "
        "2 bad usage, 3 needs administrator rights, 4 unexpected failure.",
    )
    parser.add_argument("--version", action="version", version=f"PortView {__version__}")
    commands = parser.add_subparsers(required=True, dest="COMMAND", metavar="COMMAND")
    for verb in _VERBS:
        verb.add_parser(commands)
    return parser


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. No traceback reaches the person."""
    prepare_streams()
    as_json = "--json" in arguments
    try:
        options = build_parser().parse_args(arguments)
        exit_code: int = options.run(options)
    except PortViewError as problem:
        error = without_useless_advice(problem)
        print_error(error, as_json=as_json)
        # Where the system can't ask, the hint has the very command.
        if error.outcome is Outcome.NEEDS_ADMIN and error.code != "elevation_unavailable":
            print_note(command_for_administrator(arguments))
        return int(error.outcome)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader went away (``| head``). Python would complain once more at exit.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Outcome.DONE)
    except Exception:
        logger.exception("the command failed: %r", list(arguments))
        failure = PortViewError(
            "unexpected_failure",
            "Something went wrong that should not have.",
            f"The details are in {log_path()}",
        )
        print_error(failure, as_json=as_json)
        return int(failure.outcome)
    if exit_code == Outcome.NEEDS_ADMIN and is_elevated():
        print_note(elevated_limit())
        return int(Outcome.NOT_DONE)
    if exit_code == Outcome.NEEDS_ADMIN:
        print_note(command_for_administrator(arguments))
    return int(exit_code)
