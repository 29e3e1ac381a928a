"""``firewall``: what the firewall does to a port, and one narrow rule for it.

Only the words are here; what they do is loaded when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.cli.arguments import add_change_options, add_port_argument
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import N_, _, join_sentences

if TYPE_CHECKING:
    import argparse

    from portview.domain.errors import Outcome


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``firewall`` and what it does to the command line."""
    parser = commands.add_parser(
        "firewall",
        help=_("show what the firewall does to a port, and open it with proof"),
        description=_(
            "Show what this machine's firewall does to a port and which rule decides, "
            "create one narrow rule for it, prove that it took effect, and revoke it."
        ),
    )
    actions = parser.add_subparsers(required=True, dest="ACTION", metavar="ACTION")
    _add_reading(actions)
    _add_changes(actions)


def _add_reading(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    needs_admin = _("3: the rules can't be read without administrator rights.")
    status = actions.add_parser(
        "status",
        help=_("show whether it is on, and what happens where no rule matches"),
        description=_("Show the state of the firewall and of its profiles."),
        epilog=_("Exit code 0: it could be read. {needs_admin}").format(needs_admin=needs_admin),
    )
    status.set_defaults(run=_run_status)
    verdict = actions.add_parser(
        "verdict",
        help=_("show whether a client on another machine can reach a port"),
        description=_(
            "Decide what happens to a new connection from another "
            "machine, by the rules as they are now. What is not "
            "given is taken from the socket that listens on the port."
        ),
        epilog=_(
            "Exit code 0: allowed. 1: blocked, allowed for some only, or not known. {needs_admin}"
        ).format(needs_admin=needs_admin),
    )
    add_port_argument(verdict)
    verdict.add_argument("--program", metavar="PATH", help=_("the program that listens"))
    verdict.add_argument("--remote", metavar="ADDRESS", help=_("one client (default: any)"))
    verdict.set_defaults(run=_run_verdict)
    listing = actions.add_parser(
        "list",
        help=_("list the rules that PortView created"),
        description=_(
            "List the rules that PortView created and that still exist. Nothing is "
            "changed: expired rules are marked."
        ),
        epilog=_("Exit code 0: it could be read. {needs_admin}").format(needs_admin=needs_admin),
    )
    listing.set_defaults(run=_run_list)
    for one in (status, verdict, listing):
        one.add_argument("--json", action="store_true", help=_("print one JSON document"))


_CHANGES = {
    "allow": (
        N_("allow a port by one narrow rule"),
        N_("Create one rule that allows a port."),
        N_(
            "Exit code 0: now allowed for those that the rule is for. 1: not allowed, or not "
            "confirmed. 3: needs administrator rights."
        ),
    ),
    "block": (
        N_("block a port by one narrow rule"),
        N_("Create one rule that blocks a port."),
        N_(
            "Exit code 0: now blocked for those that the rule is for. 1: not blocked, or not "
            "confirmed. 3: needs administrator rights."
        ),
    ),
}


def _add_changes(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for effect, (about, description, epilog) in _CHANGES.items():
        parser = actions.add_parser(
            effect,
            help=_(about),
            description=join_sentences(
                _(description),
                _(
                    "The rules are read and evaluated again afterwards. If no rule is needed, none "
                    "is created. Expired rules created by PortView are revoked as well."
                ),
            ),
            epilog=_(epilog),
        )
        add_port_argument(parser)
        _add_rule_options(parser, is_allow=effect == "allow")
        add_change_options(parser, with_grace=False)
        parser.set_defaults(run=_run_rule, effect=effect)
    revoke = actions.add_parser(
        "revoke",
        help=_("revoke rules that PortView created"),
        description=_(
            "Remove rules that PortView created, and only those. Expired ones are revoked as well."
        ),
        epilog=_(
            "Exit code 0: gone. 1: still there, not confirmed, or there "
            "is no such rule. 3: needs administrator rights."
        ),
    )
    which = revoke.add_mutually_exclusive_group(required=True)
    which.add_argument("port", metavar="PORT", nargs="?", help=_("those for a port"))
    which.add_argument("--id", dest="rule_id", metavar="ID", help=_("the one with this ID"))
    which.add_argument("--all", action="store_true", help=_("all that PortView created"))
    which.add_argument("--expired", action="store_true", help=_("those that have expired"))
    revoke.add_argument(
        "--proto", choices=[one.value for one in Protocol], help=_("only one protocol of the port")
    )
    add_change_options(revoke, with_grace=False)
    revoke.set_defaults(run=_run_revoke)


def _add_rule_options(parser: argparse.ArgumentParser, *, is_allow: bool) -> None:
    parser.add_argument(
        "--program",
        metavar="PATH",
        help=_(
            "only this program; any: whichever listens (default: the one that listens now, where "
            "the firewall can match programs)"
        )
        if is_allow
        else _("only this program; any: whichever listens (default: any)"),
    )
    parser.add_argument(
        "--remote",
        metavar="LIST",
        help=_(
            "for whom: any, localsubnet, addresses or networks, separated "
            "by commas (default: {part})"
        ).format(part="localsubnet" if is_allow else "any"),
    )
    parser.add_argument(
        "--profile",
        metavar="LIST",
        help=_("Windows profiles in which the rule applies (default: {part})").format(
            part="domain,private" if is_allow else "all"
        ),
    )
    ending = parser.add_mutually_exclusive_group()
    ending.add_argument("--for", dest="lifetime", metavar="TIME", help=_("revoke it after: 1h, 7d"))
    ending.add_argument("--until", metavar="TIME", help=_("revoke it then (ISO 8601)"))
    parser.add_argument(
        "--until-end",
        metavar="PID",
        nargs="?",
        const="",
        help=_("revoke it when this process has ended (default: the one that listens now)"),
    )


def _run_status(options: argparse.Namespace) -> Outcome:
    from portview.cli.firewall_reading import run_status  # noqa: PLC0415

    return run_status(options)


def _run_verdict(options: argparse.Namespace) -> Outcome:
    from portview.cli.firewall_reading import run_verdict  # noqa: PLC0415

    return run_verdict(options)


def _run_list(options: argparse.Namespace) -> Outcome:
    from portview.cli.firewall_reading import run_list  # noqa: PLC0415

    return run_list(options)


def _run_rule(options: argparse.Namespace) -> Outcome:
    from portview.cli.firewall_changes import run_rule  # noqa: PLC0415

    return run_rule(options)


def _run_revoke(options: argparse.Namespace) -> Outcome:
    from portview.cli.firewall_changes import run_revoke  # noqa: PLC0415

    return run_revoke(options)
