"""``ports``: the ranges of ports, who uses how many, and the settings behind them."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from portview.actions.specs.setting import SettingChange, SettingKind, checked_change
from portview.cli.arguments import add_change_options
from portview.cli.console import print_json, print_line, print_note
from portview.cli.screen import print_text
from portview.command_name import command_line
from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.parsing import parse_port
from portview.i18n import N_, _

if TYPE_CHECKING:
    import argparse

    from portview.actions.port_settings.change import SettingPlan, SettingReport
    from portview.diagnosis.overview import PortsOverview
    from portview.domain.sockets.port_names import PortNames

_ABOUT = {
    SettingKind.RESERVE: ("reserve", "PORTS", N_("keep ports from outgoing connections")),
    SettingKind.RELEASE: ("release", "PORTS", N_("end such a reservation")),
    SettingKind.DYNAMIC_RANGE: (
        "dynamic",
        "FIRST-LAST",
        N_("set from where the system takes ports for outgoing connections"),
    ),
    SettingKind.ALLOW_FROM: (
        "allow-from",
        "PORT",
        N_("set the first port that every user may bind (Linux)"),
    ),
}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``ports`` and its settings to the command line."""
    parser = commands.add_parser(
        "ports",
        help=_("show the ranges of ports and who uses them, or change the ranges"),
        description=_(
            "Show from which range the system takes ports for outgoing connections, which "
            "ports it keeps, how many are in use and by which programs. Its subcommands "
            "change a range."
        ),
        epilog=_("Exit code 1 where ports run out or a range covers a port of a server."),
    )
    parser.add_argument("--json", action="store_true", help=_("print one JSON document"))
    parser.set_defaults(run=run)
    kinds = parser.add_subparsers(metavar="SETTING")
    for kind, (word, value, about) in _ABOUT.items():
        setting = kinds.add_parser(word, help=_(about), description=f"{_(about).capitalize()}.")
        setting.add_argument("value", metavar=value)
        setting.add_argument(
            "--proto",
            choices=[protocol.value for protocol in Protocol],
            default=Protocol.TCP.value,
            help=_("which protocol, on Windows (default: tcp)"),
        )
        if kind is SettingKind.RESERVE:
            setting.add_argument(
                "--around-winnat",
                action="store_true",
                help=_(
                    "stop WinNAT meanwhile, which cuts off containers, virtual machines and WSL"
                ),
            )
        add_change_options(setting, with_grace=False)
        setting.set_defaults(run=run_setting, kind=kind, around_winnat=False)
    _add_forwards(kinds)


def _add_forwards(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    about = _("remove a port proxy of Windows, or make it again")
    forward = kinds.add_parser("forward", help=about, description=f"{about.capitalize()}.")
    forward.add_argument("act", choices=["remove", "restore"])
    forward.add_argument("kind_of_forward", metavar="KIND", help=_("such as v4tov4"))
    forward.add_argument("listen", metavar="LISTEN", help=_("address/port, such as */8080"))
    forward.add_argument("connect", metavar="CONNECT", help=_("address/port"))
    add_change_options(forward, with_grace=False)
    forward.set_defaults(run=run_forward)


def run(options: argparse.Namespace) -> Outcome:
    """Show the ranges and their use."""
    from portview.diagnosis.foresight import fixed_servers  # noqa: PLC0415 - loaded when wanted
    from portview.diagnosis.overview import overview_object, read_overview  # noqa: PLC0415
    from portview.domain.sockets.port_names import read_port_names  # noqa: PLC0415 - likewise
    from portview.readers.choose import open_reader  # noqa: PLC0415 - likewise
    from portview.resources import resource_path  # noqa: PLC0415 - likewise

    with closing(open_reader()) as reader:
        snapshot = reader.read_settled()
    names = read_port_names(resource_path("port_names.tsv").read_text(encoding="utf-8"))
    wanted = [
        port
        for protocol in Protocol
        for port in fixed_servers(snapshot, protocol, partial(_is_known, names, protocol))
    ]
    overviews = read_overview(snapshot, (*wanted, *_watched_ports()))
    if options.json:
        print_json({"ports": [overview_object(one) for one in overviews]})
    else:
        for one in overviews:
            _print_overview(one)
    has_warnings = any(one.warnings for one in overviews)
    return Outcome.NOT_DONE if has_warnings else Outcome.DONE


def _watched_ports() -> tuple[int, ...]:
    """Return the ports that watches of this machine are about; none where there are no watches."""
    from portview.watch.rules.file import read_rules, rules_path  # noqa: PLC0415 - when wanted

    try:
        watches = read_rules(rules_path()).rules.watches
    except PortViewError as error:
        print_note(error.message)
        return ()
    return tuple(one.port for one in watches if one.port is not None and not one.host)


def _is_known(names: PortNames, protocol: Protocol, port: int) -> bool:
    return names.find(protocol, port) is not None


def _print_overview(overview: PortsOverview) -> None:
    name, ranges, usage = overview.protocol.value.upper(), overview.ranges, overview.usage
    print_text(_("{name}: dynamic range {range}").format(name=name, range=ranges.dynamic or "?"))
    if usage is not None:
        print_text(
            "  "
            + _("{used} of {size} in use ({share:.1%}), {waiting} of them in TIME_WAIT").format(
                used=usage.used, size=usage.size, share=usage.share, waiting=usage.time_wait
            )
        )
        for process, count in usage.by_process:
            print_text(f"    {count:>6}  {inert(process, 80)}")
    for one in ranges.excluded:
        kind = _("reserved") if one.is_administered else _("excluded")
        print_text(f"  {kind}: {one}")
    for note in ranges.notes:
        print_text(f"  {note}")
    for warning in overview.warnings:
        print_text("  " + _("Warning: {sentence}").format(sentence=warning.sentence))
        if warning.change is not None:
            from portview.actions.specs.setting_command import command_of  # noqa: PLC0415

            print_line(f"    {command_line(*command_of(warning.change)[1:])}")


def run_setting(options: argparse.Namespace) -> Outcome:
    """Change one of the ranges."""
    value = options.value
    kind: SettingKind = options.kind
    if kind in {SettingKind.RESERVE, SettingKind.RELEASE} and "-" not in value:
        value = f"{parse_port(value)}-{parse_port(value)}"
    change = SettingChange(
        kind, value, Protocol(options.proto), is_around_winnat=options.around_winnat
    )
    return _change(checked_change(change), options)


def run_forward(options: argparse.Namespace) -> Outcome:
    """Remove or restore a port proxy."""
    is_removal = options.act == "remove"
    kind = SettingKind.REMOVE_FORWARD if is_removal else SettingKind.RESTORE_FORWARD
    value = f"{options.kind_of_forward} {options.listen} {options.connect}"
    return _change(checked_change(SettingChange(kind, value)), options)


def _change(change: SettingChange, options: argparse.Namespace) -> Outcome:
    from portview.actions.confirmation.action import prepare  # noqa: PLC0415 - when wanted
    from portview.actions.confirmation.setting_action import SettingAction  # noqa: PLC0415
    from portview.cli.acting import run_action  # noqa: PLC0415 - likewise

    return run_action(
        prepare(SettingAction(change)), options, partial(_document, is_dry_run=options.dry_run)
    )


def _document(
    plan: SettingPlan, report: SettingReport | None, *, is_dry_run: bool
) -> dict[str, object]:
    reported = _report_object(report) if report else None
    return {"dry_run": is_dry_run, "plan": _plan_object(plan), "report": reported}


def _plan_object(plan: SettingPlan) -> dict[str, object]:
    from portview.actions.specs.setting_command import command_of  # noqa: PLC0415 - likewise

    return {
        "setting": plan.change.kind.value,
        "value": plan.change.value,
        "commands": [list(command) for command in plan.commands],
        "harm": plan.harm,
        "is_so_already": plan.is_so_already,
        "undo": list(command_of(plan.undo)) if plan.undo else None,
    }


def _report_object(report: SettingReport) -> dict[str, object]:
    return {
        "outcome": report.outcome.name.lower(),
        "done": report.done,
        "now": report.now,
        "next_step": report.next_step,
    }
