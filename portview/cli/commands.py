"""The command line: which verbs there are, and what every one of them has in common."""

from __future__ import annotations

import argparse
import errno
import gc
import importlib
import logging
from typing import TYPE_CHECKING, Any, NoReturn

from portview import __version__
from portview.actions.elevation.manual_command import command_for_administrator
from portview.cli.argparse_texts import translate_argparse
from portview.cli.console import (
    OutputError,
    finish_output,
    give_up_output,
    prepare_streams,
    print_error,
    print_line,
    print_note,
)
from portview.cli.screen import use_plain
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _
from portview.log import log_path
from portview.override import override
from portview.readers.elevation import is_elevated
from portview.readers.owner_access import elevated_limit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from _typeshed import SupportsWrite

logger = logging.getLogger(__name__)

_RARE_COLLECTIONS = (100_000, 50, 100)
_MODULES = {
    "list": "list_command",
    "what": "what_command",
    "why": "why_command",
    "probe": "probe_command",
    "ladder": "ladder_command",
    "scan": "scan_command",
    "wait": "wait_command",
    "pick": "pick_command",
    "ports": "ports_command",
    "free": "free_command",
    "end": "end_command",
    "close": "close_command",
    "service": "service_command",
    "suspend": "suspend_command",
    "resume": "suspend_command",
    "firewall": "firewall_command",
    "selftest": "selftest_command",
    "watch": "watch_command",
    "history": "history_command",
    "help": "help_command",
    "stream": "stream_command",
    "completion": "completion_command",
    "background": "background_command",
    "metrics": "metrics_command",
}
"""The verbs and the module of ``portview.cli`` that has each."""

_ENCODED = "--encoded"
"""As ``portview/hosts/remote_words.py`` has it, which few commands need."""
_OUT_OF_HANDLES = frozenset({errno.EMFILE, errno.ENFILE})
INTERRUPTED = 130
"""What a shell gives for a program that SIGINT ended: 128 and its number."""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are PortView's own errors, so that JSON has them too."""

    def error(self, message: str) -> NoReturn:
        raise PortViewError(
            "bad_usage",
            f"{message[:1].upper()}{message[1:]}.",
            _("See: {prog} --help").format(prog=self.prog),
            Outcome.BAD_INPUT,
        )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Of every parser, so that it may stand anywhere; the last one to be run decides.
        self.add_argument(
            "--plain",
            action="store_true",
            default=argparse.SUPPRESS,
            help=_("no colours and no fitting to the terminal"),
        )

    @override
    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        # The original passes over a full disk, and only help and version come here.
        print_line(message.rstrip("\n"))


def build_parser(verb: str = "") -> argparse.ArgumentParser:
    """Return the parser of one verb, or of the whole command line for "" and unknown ones.

    A command loads nothing of the others.
    """
    parser = _Parser(
        prog="portview",
        description=_("Shows every socket of this machine and the process behind it."),
        epilog=_(
            "Exit codes: 0 yes or done, 1 no or not done, 2 bad usage, 3 "
            "needs administrator rights, 4 unexpected failure. Without a "
            "command the window opens; a port alone is explained (why)."
        ),
    )
    parser.add_argument(
        "--version", action="version", version=_("PortView {version}").format(version=__version__)
    )
    parser.set_defaults(whole_parser=build_parser)
    commands = parser.add_subparsers(required=True, dest="COMMAND", metavar="COMMAND")
    for module in (_load(verb),) if verb in _MODULES else _load_all():
        module.add_parser(commands)
    return parser


def _load(verb: str) -> ModuleType:
    return importlib.import_module(f"portview.cli.{_MODULES[verb]}")


def _load_all() -> tuple[ModuleType, ...]:
    # Written out, so that what packs the program finds every command.
    from portview.cli import (  # noqa: PLC0415 - slow to load all of them
        background_command,
        close_command,
        completion_command,
        end_command,
        firewall_command,
        free_command,
        help_command,
        history_command,
        ladder_command,
        list_command,
        metrics_command,
        pick_command,
        ports_command,
        probe_command,
        scan_command,
        selftest_command,
        service_command,
        stream_command,
        suspend_command,
        wait_command,
        watch_command,
        what_command,
        why_command,
    )

    return (
        list_command,
        what_command,
        why_command,
        probe_command,
        ladder_command,
        scan_command,
        wait_command,
        pick_command,
        ports_command,
        free_command,
        end_command,
        close_command,
        service_command,
        suspend_command,
        firewall_command,
        watch_command,
        selftest_command,
        history_command,
        metrics_command,
        background_command,
        stream_command,
        completion_command,
        help_command,
    )


def with_verb(arguments: Sequence[str]) -> Sequence[str]:
    """Put ``why`` in front of a port without a verb: ``portview 8080`` asks about it."""
    first = arguments[0] if arguments else ""
    is_port = first.lstrip(":").partition("/")[0].isdecimal() or ":" in first.lstrip(":")
    return ("why", *arguments) if is_port and not first.startswith("-") else arguments


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. No traceback reaches the person."""
    prepare_streams()
    translate_argparse()
    if arguments and arguments[0] == _ENCODED:
        arguments = _decoded(arguments)
    arguments = with_verb(arguments)
    try:
        options = build_parser(arguments[0] if arguments else "").parse_args(arguments)
        use_plain(is_plain=getattr(options, "plain", False))
        exit_code: int = _run(options, arguments)
        finish_output()
    except PortViewError as error:
        return _failed(error, arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away (``| head``). Python would complain once more at exit.
        give_up_output()
        return int(Outcome.DONE)
    except Exception as error:
        logger.exception("the command failed: %r", list(arguments))
        return _failed(_unexpected(error), arguments)
    if exit_code == Outcome.NEEDS_ADMIN and is_elevated():
        print_note(elevated_limit())
        return int(Outcome.NOT_DONE)
    if exit_code == Outcome.NEEDS_ADMIN:
        print_note(command_for_administrator(arguments))
    return int(exit_code)


def _decoded(arguments: Sequence[str]) -> Sequence[str]:
    """Return what another machine's PortView encoded for a shell that it does not know."""
    from portview.hosts.remote_words import decoded_words  # noqa: PLC0415 - when wanted

    try:
        (word,) = arguments[1:]
        return decoded_words(word)
    except ValueError:
        return arguments  # which no parser takes


def _run(options: argparse.Namespace, arguments: Sequence[str]) -> int:
    # What a command reads lives until it ends. Looking for cycles among tens of thousands of rows
    # again and again took a fifth of the time of "list"; a long command still has them collected.
    gc.set_threshold(*_RARE_COLLECTIONS)
    from portview.cli.hosts_options import asks_elsewhere, run_elsewhere  # noqa: PLC0415 - when wanted

    if asks_elsewhere(options):
        return int(run_elsewhere(options, arguments))
    return int(options.run(options))


def _failed(problem: PortViewError, arguments: Sequence[str]) -> int:
    """Describe an error and return its exit code."""
    from portview.cli.elevating import without_useless_advice  # noqa: PLC0415 - slow to load

    error = without_useless_advice(problem)
    if isinstance(error, OutputError):
        give_up_output()
    print_error(error, as_json="--json" in arguments)
    # Where the system can't ask, the hint has the very command.
    if error.outcome is Outcome.NEEDS_ADMIN and error.code != "elevation_unavailable":
        print_note(command_for_administrator(arguments))
    return int(error.outcome)


def _unexpected(error: Exception) -> PortViewError:
    if isinstance(error, OSError) and error.errno in _OUT_OF_HANDLES:
        return PortViewError(
            "out_of_handles",
            _("This process may not open any more files (“ulimit -n”), so nothing is certain."),
            _("Raise the limit, for example: ulimit -n 1024"),
        )
    return PortViewError(
        "unexpected_failure",
        _("An unexpected error occurred."),
        _("The details are in {log_path}").format(log_path=log_path()),
    )
