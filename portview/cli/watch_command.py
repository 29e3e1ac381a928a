"""``watch``: evaluate what is watched, keep evaluating, and change what is watched."""

from __future__ import annotations

import signal
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from portview.cli import watch_changes
from portview.cli.arguments import parse_start_time
from portview.cli.console import print_json, print_line, print_note
from portview.cli.hosts_options import add_host_options
from portview.cli.screen import ScreenColumn, print_text, screen
from portview.cli.watch_arguments import Actions, add_keys
from portview.domain.errors import Outcome
from portview.domain.user_input.parsing import parse_duration_ms
from portview.i18n import N_, _, join_list, ngettext

if TYPE_CHECKING:
    import argparse

    from portview.watch.rules.model import Channel, Watch, WatchRules
    from portview.watch.running.status import WatchStatus
    from portview.watch.tracking.tracker import Transition

_STATE_STYLES = {"ok": "good", "firing": "bad", "pending": "note", "recovering": "note"}
_STATUS_COLUMNS = (
    ScreenColumn(N_("Watch"), 10, style="name"),
    ScreenColumn(N_("State"), 10, style=lambda state: _STATE_STYLES.get(state, "quiet")),
    ScreenColumn(N_("Since"), 19, 2, style="quiet"),
    ScreenColumn(N_("What was found"), 16, 1),
)
_LONGEST_SILENCE_MS = 366 * 24 * 3600 * 1000


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``watch`` to the command line."""
    parser = commands.add_parser(
        "watch",
        help=_("watch ports and services, and get a message when something is wrong"),
        description=_(
            "Evaluate the watches of watches.toml once (check) or from now on (run), and change "
            "them."
        ),
        epilog=_(
            "Exit codes of check: 0 nothing fires, 1 something fires, 2 watches.toml has a mistake."
        ),
    )
    actions = Actions(parser)
    check = actions.add(
        "check",
        check_watches,
        _("evaluate every watch once"),
        _(
            "Evaluate every watch once. If another process evaluates, what that one found "
            "is printed."
        ),
    )
    check.add_argument(
        "--strict", action="store_true", help=_("exit with 1 where something is unknown")
    )
    add_host_options(check)
    actions.add(
        "run",
        run_watches,
        _("keep evaluating until interrupted"),
        _(
            "Evaluate every watch at its interval, send messages and repair, until interrupted. "
            "One process of a user does this."
        ),
    )
    actions.add("list", list_watches, _("list the watches and the channels"))
    add_keys(actions.add("add", watch_changes.add, _("add a watch")))
    _add_named(actions)


def _add_named(actions: Actions) -> None:
    remove = actions.add("remove", watch_changes.remove, _("remove a watch"))
    remove.add_argument("name", metavar="NAME")
    acknowledge = actions.add("acknowledge", watch_changes.acknowledge, _("acknowledge what fires"))
    acknowledge.add_argument("name", metavar="NAME|INCIDENT")
    acknowledge.add_argument("--note", default="", help=_("a note for others"))
    silence = actions.add("silence", watch_changes.silence, _("send no messages for a time"))
    silence.add_argument("name", metavar="NAME")
    silence.add_argument(
        "--for",
        dest="duration",
        metavar="TIME",
        type=partial(parse_duration_ms, max_ms=_LONGEST_SILENCE_MS),
        default=3_600_000,
        help=_("such as 30m or 8h (default: 1 hour)"),
    )
    silence.add_argument(
        "--until", metavar="TIME", type=parse_start_time, help=_("a time in ISO 8601, instead")
    )
    silence.add_argument("--end", action="store_true", help=_("end the silence"))
    silence.add_argument("--note", default="", help=_("a note for others"))
    accept = actions.add(
        "accept", watch_changes.accept, _("accept the current listeners into the baseline")
    )
    accept.add_argument("name", metavar="NAME")
    preview = actions.add(
        "preview-repair",
        watch_changes.preview_repair,
        _("show what a repair would do next, and do nothing"),
    )
    preview.add_argument("name", metavar="NAME")
    recovery = actions.add(
        "recovery",
        watch_changes.recovery,
        _("show or set what the service manager does when a service fails"),
    )
    recovery.add_argument("name", metavar="SERVICE")
    recovery.add_argument(
        "--restart-after",
        dest="restart_after",
        metavar="TIME",
        type=partial(parse_duration_ms, max_ms=86_400_000),
        help=_("start it again so long after each failure, such as 5s"),
    )
    recovery.add_argument(
        "--never", action="store_true", help=_("don't start it again when it fails")
    )
    recovery.add_argument("--yes", action="store_true", help=_("without being asked"))
    test = actions.add("test-channel", watch_changes.test_channel, _("send a test message"))
    test.add_argument("name", metavar="NAME")


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
        print_note(_("It can't be determined: {names}.").format(names=join_list(unknown)))
    if any(one.fires for one in statuses) or (options.strict and unknown):
        return Outcome.NOT_DONE
    return Outcome.DONE


def _print_statuses(statuses: list[WatchStatus]) -> None:
    from portview.domain.local_time import local_moment  # noqa: PLC0415 - loaded when wanted

    if not statuses:
        print_text(_("Nothing is watched."))
        return
    rows = [
        (
            one.watch.name,
            str(one.state),
            local_moment(one.since_ms) if one.since_ms else "",
            one.detail,
        )
        for one in statuses
    ]
    if (terminal := screen()) is not None:
        terminal.table(_STATUS_COLUMNS, rows)
        return
    width = max((len(one.watch.name) for one in statuses), default=0)
    for name, state, since, detail in rows:
        print_line(f"{name:<{width}}  {state:<10}  {since}  {detail}".rstrip())


def run_watches(options: argparse.Namespace) -> Outcome:
    """Evaluate and record who listens until SIGINT or SIGTERM."""
    from portview.watch.background.journal import log_to_journal  # noqa: PLC0415 - when wanted
    from portview.watch.background.notify import SystemdNotifier  # noqa: PLC0415 - likewise
    from portview.watch.running.turns import WatcherHooks  # noqa: PLC0415 - likewise
    from portview.watch.running.unattended import Unattended  # noqa: PLC0415 - likewise

    _require_rules()
    notifier = SystemdNotifier()
    print_transitions = _print_documents if options.json else _print_transitions
    hooks = WatcherHooks(
        on_turn=notifier.alive,
        # The journal has them with their fields, and would have each line a second time.
        on_transitions=None if log_to_journal() else print_transitions,
        on_problem=print_note,
        on_rules=None if options.json else _print_rules,
    )
    # An exception, for a handler must not take the locks that the interrupted code may hold.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        Unattended(hooks, on_end=notifier.stopping).run()
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


def _print_rules(rules: WatchRules) -> None:
    count = sum(one.is_enabled for one in rules.watches)
    text = ngettext("{count} watch is evaluated.", "{count} watches are evaluated.", count)
    print_text(text.format(count=count))


def _print_transitions(transitions: list[Transition]) -> None:
    from portview.domain.local_time import local_moment  # noqa: PLC0415 - loaded when wanted

    now = local_moment(time.time_ns() // 1_000_000)
    for one in transitions:
        number = f" ({one.incident[:8]})" if one.incident else ""
        print_text(f"{now}  {one.watch.name}: {one.kind.value}{number}  {one.detail}")


def _print_documents(transitions: list[Transition]) -> None:
    for one in transitions:
        print_json(
            {
                "watch": one.watch.name,
                "kind": one.kind.value,
                "incident": one.incident,
                "detail": one.detail,
            }
        )


def list_watches(options: argparse.Namespace) -> Outcome:
    """List what the file says, without secrets."""
    from portview.watch.rules.file import (  # noqa: PLC0415 - loaded when wanted
        read_rules,
        require_right,
        rules_path,
    )

    parsed = read_rules(rules_path())
    require_right(rules_path(), parsed)
    watches, channels = parsed.rules.watches, parsed.rules.channels
    if options.json:
        print_json(
            {
                "watches": [_watch_object(one) for one in watches],
                "channels": [_channel_object(one) for one in channels],
            }
        )
        return Outcome.DONE
    if not watches:
        print_text(_("Nothing is watched."))
    for watch in watches:
        values = _watch_object(watch)
        reported = [f"{key}={values[key]}" for key in _REPORTED if values.get(key)]
        is_off = "" if watch.is_enabled else f"  ({_('switched off')})"
        print_text(f"{watch.name}  {watch.expect.value}  {' '.join(reported)}{is_off}".rstrip())
    for channel in channels:
        values = _channel_object(channel)
        print_text(_("Channel {name} ({kind})").format(name=values["name"], kind=values["kind"]))
    return Outcome.DONE


_REPORTED = ("port", "protocol", "address", "host", "url", "program", "service", "interval_s")


def _watch_object(watch: Watch) -> dict[str, Any]:
    from portview.watch.rules.shown import shown_url  # noqa: PLC0415 - loaded when wanted

    return {
        "name": watch.name,
        "expect": watch.expect.value,
        "enabled": watch.is_enabled,
        "port": watch.port,
        "protocol": watch.protocol if watch.port is not None else None,
        "address": watch.address or None,
        "host": watch.host or None,
        "url": shown_url(watch.url) or None,
        "program": watch.program or None,
        "service": watch.service or None,
        "interval_s": watch.interval_s,
        "failures": watch.failures,
        "successes": watch.successes,
        "notify": list(watch.notify),
        "repair": [{"kind": step.kind.value, "attempts": step.attempts} for step in watch.repair],
    }


def _channel_object(channel: Channel) -> dict[str, Any]:
    from portview.watch.messages.apprise_channel import channel_kind  # noqa: PLC0415 - when wanted

    return {"name": channel.name, "kind": channel_kind(channel)}
