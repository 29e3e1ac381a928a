"""``firewall``: what the firewall does to a port, and one narrow rule for it."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

from portview.actions.firewall_documents import (
    list_document,
    status_document,
    verdict_document,
)
from portview.actions.firewall_expiry import why_expired
from portview.actions.firewall_question import ask_about_port
from portview.cli.arguments import add_change_options
from portview.cli.console import print_hint, print_json, print_line, print_note
from portview.cli.firewall_arguments import (
    add_port,
    add_wish_options,
    full_program,
    one_remote,
)
from portview.cli.firewall_changes import run_revoke, run_rule, unreadable_outcome
from portview.cli.firewall_text import own_rule_lines, status_lines, verdict_lines
from portview.domain.firewall import FirewallQuestion, FirewallVerdict, RuleEffect
from portview.domain.outcome import Outcome
from portview.domain.sockets import Protocol
from portview.firewall.choose import open_firewall

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from portview.domain.firewall import FirewallStatus


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``firewall`` and what it does to the command line."""
    parser = commands.add_parser(
        "firewall",
        help="tell what the firewall does to a port, and open it with proof",
        description="Tell what this machine's firewall does to a port and which rule decides, make "
        "one narrow rule for it, prove that it took effect, and take it back.",
    )
    actions = parser.add_subparsers(required=True, dest="ACTION", metavar="ACTION")
    _add_reading(actions)
    _add_changes(actions)


def _add_reading(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    needs_admin = "3: the rules can't be read without administrator rights."
    status = actions.add_parser(
        "status",
        help="is it on, and what does it do with what no rule names?",
        description="Show the state of the firewall and of its profiles.",
        epilog=f"Exit code 0: it could be read. {needs_admin}",
    )
    status.set_defaults(run=run_status)
    verdict = actions.add_parser(
        "verdict",
        help="does a client on another machine get through to a port?",
        description="Decide what happens to a new connection from another machine, by the rules as "
        "they are now. What is not given is taken from the socket that listens on the port.",
        epilog="Exit code 0: allowed. 1: blocked, allowed for some only, or not known. "
        f"{needs_admin}",
    )
    add_port(verdict)
    verdict.add_argument("--program", metavar="PATH", help="the program that listens")
    verdict.add_argument("--remote", metavar="ADDRESS", help="one client (default: any)")
    verdict.set_defaults(run=run_verdict)
    listing = actions.add_parser(
        "list",
        help="list the rules that PortView made",
        description="List the rules that PortView made and that are there now. Nothing is changed: "
        "what has had its time is named.",
        epilog=f"Exit code 0: it could be read. {needs_admin}",
    )
    listing.set_defaults(run=run_list)
    for one in (status, verdict, listing):
        one.add_argument("--json", action="store_true", help="print one JSON document")


def _add_changes(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for effect, word in ((RuleEffect.ALLOW, "allowed"), (RuleEffect.BLOCK, "blocked")):
        parser = actions.add_parser(
            effect.value,
            help=f"{effect.value} a port by one narrow rule",
            description=f"Make one rule that {effect.value}s a port, then read the rules again and "
            "decide anew. Where no rule is needed, none is made. Rules of PortView's that have had "
            "their time are taken back on this occasion.",
            epilog=f"Exit code 0: {word} now for those that the rule is for. 1: not {word}, or not "
            "confirmed. 3: needs administrator rights.",
        )
        add_port(parser)
        add_wish_options(parser, is_allow=effect is RuleEffect.ALLOW)
        add_change_options(parser, with_grace=False)
        parser.set_defaults(run=run_rule, effect=effect)
    revoke = actions.add_parser(
        "revoke",
        help="take back rules that PortView made",
        description="Remove rules that PortView made, and only those. Those that have had their "
        "time are taken back on this occasion.",
        epilog="Exit code 0: gone. 1: still there, not confirmed, or there is no such rule. "
        "3: needs administrator rights.",
    )
    which = revoke.add_mutually_exclusive_group(required=True)
    which.add_argument("port", metavar="PORT", nargs="?", help="those for a port")
    which.add_argument("--id", dest="rule_id", metavar="ID", help="the one with this id")
    which.add_argument("--all", action="store_true", help="all that PortView made")
    which.add_argument("--expired", action="store_true", help="those that have had their time")
    revoke.add_argument(
        "--proto", choices=[one.value for one in Protocol], help="only one protocol of the port"
    )
    add_change_options(revoke, with_grace=False)
    revoke.set_defaults(run=run_revoke)


def run_status(options: argparse.Namespace) -> Outcome:
    """Show the state of the firewall."""
    with closing(open_firewall()) as firewall:
        rules = firewall.read()
    if options.json:
        print_json(status_document(rules.status, rules.own_rules))
    else:
        _print(status_lines(rules.status, rules.own_rules))
    return _told(rules.status)


def run_verdict(options: argparse.Namespace) -> Outcome:
    """Decide about a port."""
    wanted = FirewallQuestion(
        Protocol(options.proto),
        options.port,
        program=full_program(options.program),
        remote=one_remote(options.remote),
    )
    port = ask_about_port(wanted, sys.platform)
    with closing(open_firewall()) as firewall:
        rules = firewall.read()
    answer = rules.decide(port.question)
    if options.json:
        print_json(verdict_document(port, answer))
    else:
        _print(verdict_lines(port, answer))
    if answer.verdict is FirewallVerdict.ALLOWED:
        return Outcome.DONE
    return _told(rules.status) or Outcome.NOT_DONE


def run_list(options: argparse.Namespace) -> Outcome:
    """List PortView's own rules."""
    with closing(open_firewall()) as firewall:
        rules = firewall.read()
    now_ms = time.time_ns() // 1_000_000
    expired = {own.id: why for own in rules.own_rules if (why := why_expired(own, now_ms))}
    if options.json:
        print_json(list_document(rules.own_rules, expired, rules.status))
    elif not rules.status.problem:
        _print(own_rule_lines(rules.own_rules, expired))
    return _told(rules.status)


def _told(status: FirewallStatus) -> Outcome:
    """Say what could not be read, and return what that means."""
    if not status.problem:
        return Outcome.DONE
    print_note(status.problem)
    if status.hint:
        print_hint(status.hint)
    return unreadable_outcome()


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print_line(line)
