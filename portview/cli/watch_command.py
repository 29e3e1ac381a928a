"""``watch``: evaluate what is watched, keep evaluating, and change what is watched."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from portview.cli.console import print_json, print_line, print_note
from portview.domain.errors import Outcome
from portview.i18n import _

if TYPE_CHECKING:
    import argparse

    from portview.watch.incidents.tracker import Transition
    from portview.watch.running.status import WatchStatus


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``watch`` to the command line."""
    parser = commands.add_parser(
        "watch",
        help=_("watch ports and services, and get a message when something is wrong"),
        description=_(
            "Evaluate the watches of watches.toml once (check) or from now on (run), and "
            "change them."
        ),
    )
    verbs = parser.add_subparsers(required=True, dest="WATCH", metavar="ACTION")
    check = verbs.add_parser(
        "check",
        help=_("evaluate every watch once"),
        description=_(
            "Evaluate every watch once. Where another process evaluates, what that one "
            "found is printed."
        ),
        epilog=_("Exit code 0: nothing fires. 1: something fires. 2: watches.toml has a mistake."),
    )
    check.add_argument("--json", action="store_true", help=_("print one JSON document"))
    check.add_argument(
        "--strict",
        action="store_true",
        help=_("exit with 1 also where something is unknown"),
    )
    check.set_defaults(run=check_watches)
    run = verbs.add_parser(
        "run",
        help=_("keep evaluating until interrupted"),
        description=_(
            "Evaluate every watch at its interval, send messages and repair, until "
            "interrupted. One process of a user does this."
        ),
    )
    run.set_defaults(run=run_watches)


def check_watches(options: argparse.Namespace) -> Outcome:
    """Evaluate once, or show what the process that evaluates has found."""
    from portview.watch.running.check import check  # noqa: PLC0415 - loaded when wanted

    statuses = check()
    if options.json:
        from portview.watch.running.status import status_object  # noqa: PLC0415 - likewise

        print_json({"watches": [status_object(one) for one in statuses]})
    else:
        _print_statuses(statuses)
    unknown = [one.watch.name for one in statuses if one.state == "unknown"]
    if unknown:
        print_note(_("It can't be determined: {names}.").format(names=", ".join(unknown)))
    if any(one.fires for one in statuses) or (options.strict and unknown):
        return Outcome.NOT_DONE
    return Outcome.DONE


def _print_statuses(statuses: list[WatchStatus]) -> None:
    from portview.domain.local_time import local_moment  # noqa: PLC0415 - loaded when wanted

    if not statuses:
        print_line(_("Nothing is watched."))
    width = max((len(one.watch.name) for one in statuses), default=0)
    for one in statuses:
        since = local_moment(one.since_ms) if one.since_ms else ""
        print_line(f"{one.watch.name:<{width}}  {one.state:<10}  {since}  {one.detail}".rstrip())


def run_watches(options: argparse.Namespace) -> Outcome:
    """Evaluate until SIGINT or SIGTERM."""
    del options
    from portview.watch.running.turns import WatcherHooks  # noqa: PLC0415 - loaded when wanted
    from portview.watch.running.watcher import Watcher  # noqa: PLC0415 - likewise

    _require_rules()
    watcher = Watcher(WatcherHooks(on_transitions=_print_transitions, on_problem=print_note))
    # An exception, for a handler must not take the locks that the interrupted code may hold.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        watcher.run()
    except KeyboardInterrupt:
        return Outcome.DONE
    finally:
        signal.signal(signal.SIGTERM, before)
    return Outcome.DONE


def _require_rules() -> None:
    """Raise PortViewError where the file has mistakes and nothing in it is right."""
    from portview.watch.rules.file import (  # noqa: PLC0415 - loaded when wanted
        read_rules,
        require_right,
        rules_path,
    )

    parsed = read_rules(rules_path())
    if not parsed.rules.watches:
        require_right(rules_path(), parsed)


def _print_transitions(transitions: list[Transition]) -> None:
    from portview.domain.local_time import local_moment  # noqa: PLC0415 - loaded when wanted

    now = local_moment(time.time_ns() // 1_000_000)
    for one in transitions:
        number = f" ({one.incident[:8]})" if one.incident else ""
        print_line(f"{now}  {one.watch.name}: {one.kind.value}{number}  {one.detail}")
