"""``background``: have the system run the process that watches, and see how it does."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from portview.cli.console import print_json, print_line, print_note
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _

if TYPE_CHECKING:
    import argparse

    from portview.watch.background.kinds import BackgroundKind

_KINDS = ("service", "user-unit", "login")
_USER_NAME = re.compile(r"(?:[A-Za-z_][\w.-]{0,63}\\)?[A-Za-z_][\w.-]{0,63}\$?", re.ASCII)
_LOG_LINES = 100


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``background`` to the command line."""
    parser = commands.add_parser(
        "background",
        help=_("watch from boot or log-in on, without a window"),
        description=_(
            "Have the system run `portview watch run` by itself: as a service, as a unit of your "
            "own systemd, or from log-in on."
        ),
    )
    verbs = parser.add_subparsers(required=True, dest="BACKGROUND", metavar="ACTION")
    install = verbs.add_parser("install", help=_("install and start it"))
    install.add_argument("--kind", choices=_KINDS, help=_("how (default: the best that works)"))
    install.add_argument("--user", metavar="NAME", default="", help=_("the account of a service"))
    install.add_argument(
        "--dry-run", action="store_true", help=_("only print what would be installed")
    )
    install.set_defaults(run=install_background, json=False)
    status = verbs.add_parser("status", help=_("see whether it is installed and works"))
    status.add_argument("--json", action="store_true", help=_("print one JSON document"))
    status.set_defaults(run=show_status)
    remove = verbs.add_parser("remove", help=_("stop and remove it"))
    remove.set_defaults(run=remove_background, json=False)
    logs = verbs.add_parser("logs", help=_("show what it has logged"))
    logs.set_defaults(run=show_logs, json=False)


def install_background(options: argparse.Namespace) -> Outcome:
    """Install one kind, or print it."""
    from portview.watch.background.kinds import choose_kind  # noqa: PLC0415 - loaded when wanted

    if options.user and not _USER_NAME.fullmatch(options.user):
        raise PortViewError(
            "bad_user", _("That is no name of an account."), outcome=Outcome.BAD_INPUT
        )
    kind = choose_kind(options.kind, options.user)
    if options.dry_run:
        print_line(kind.definition().rstrip("\n"))
        return Outcome.DONE
    kind.install()
    if kind.name == "login":
        if options.kind is None and sys.platform == "linux":
            print_note(_("systemd does not run here; PortView will start at log-in instead."))
        print_line(_("PortView will watch from your next log-in on."))
    else:
        print_line(_("PortView watches in the background now ({kind}).").format(kind=kind.name))
    return Outcome.DONE


def show_status(options: argparse.Namespace) -> Outcome:
    """Return what is installed, and who evaluates and records now."""
    from portview.watch.history.schema import recording_lock_path  # noqa: PLC0415 - when wanted
    from portview.watch.running.lock import lock_path  # noqa: PLC0415 - likewise
    from portview.watch.store.process_lock import is_locked  # noqa: PLC0415 - likewise

    found = [(kind.name, kind.state()) for kind in _installed()]
    is_evaluating, is_recording = is_locked(lock_path()), is_locked(recording_lock_path())
    if options.json:
        print_json(
            {
                "installed": [{"kind": name, "state": state} for name, state in found],
                "evaluating": is_evaluating,
                "recording": is_recording,
            }
        )
    else:
        for name, state in found:
            print_line(f"{name}: {state}")
        if not found:
            print_line(_("PortView is not installed in the background."))
        print_line(
            _("A process evaluates the watches now.")
            if is_evaluating
            else _("No process evaluates the watches now.")
        )
    return Outcome.DONE if found else Outcome.NOT_DONE


def remove_background(options: argparse.Namespace) -> Outcome:
    """Remove every kind that is installed."""
    del options
    kinds = _installed()
    for kind in kinds:
        kind.remove()
        print_line(_("Removed: {kind}").format(kind=kind.name))
    if not kinds:
        print_note(_("PortView is not installed in the background."))
        return Outcome.NOT_DONE
    return Outcome.DONE


def show_logs(options: argparse.Namespace) -> Outcome:
    """Print the last lines of the journal, or of the log file."""
    del options
    from portview.domain.plain_text import inert  # noqa: PLC0415 - loaded when wanted
    from portview.log import log_path  # noqa: PLC0415 - likewise
    from portview.private_files import read_whole  # noqa: PLC0415 - likewise

    lines: list[str] = []
    for kind in _installed():
        lines += kind.log_lines() or []
    if not lines:
        try:
            lines = read_whole(log_path()).decode("utf-8", "replace").splitlines()[-_LOG_LINES:]
        except OSError as error:
            raise PortViewError(
                "no_log",
                _("There is no log yet: {path}").format(path=log_path()),
                outcome=Outcome.NOT_DONE,
            ) from error
    for line in lines:
        print_line(inert(line, 4000))
    return Outcome.DONE if lines else Outcome.NOT_DONE


def _installed() -> list[BackgroundKind]:
    from portview.watch.background.kinds import all_kinds  # noqa: PLC0415 - loaded when wanted

    return [kind for kind in all_kinds() if kind.is_installed()]
