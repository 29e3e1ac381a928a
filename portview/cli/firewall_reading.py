"""The firewall commands that only read."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

from portview.actions.firewall_rules.expiry import why_expired
from portview.actions.firewall_rules.query_context import ask_about_port
from portview.actions.json_output.firewall import (
    list_document,
    status_document,
    verdict_document,
)
from portview.cli.arguments import settle_port
from portview.cli.console import print_hint, print_json, print_note
from portview.cli.firewall_arguments import full_program, one_remote
from portview.cli.firewall_changes import unreadable_outcome
from portview.cli.firewall_text import managed_rule_lines, status_lines, verdict_lines
from portview.cli.screen import print_text
from portview.domain.errors import Outcome
from portview.domain.firewall import FirewallQuestion, FirewallVerdict
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.choose import open_firewall

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from portview.domain.firewall import FirewallStatus
    from portview.firewall.interface import FirewallRules


def run_status(options: argparse.Namespace) -> Outcome:
    """Show the state of the firewall."""
    with closing(open_firewall()) as firewall:
        rules = firewall.read()
    expired = _expired(rules)
    if options.json:
        print_json(status_document(rules.status, rules.managed_rules, expired))
    else:
        _print(status_lines(rules.status, rules.managed_rules, expired))
    return _reported(rules.status)


def run_verdict(options: argparse.Namespace) -> Outcome:
    """Decide about a port."""
    settle_port(options)
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
    return _reported(rules.status) or Outcome.NOT_DONE


def run_list(options: argparse.Namespace) -> Outcome:
    """List PortView's own rules."""
    with closing(open_firewall()) as firewall:
        rules = firewall.read()
    expired = _expired(rules)
    if options.json:
        print_json(list_document(rules.managed_rules, expired, rules.status))
    elif not rules.status.problem:
        _print(managed_rule_lines(rules.managed_rules, expired))
    return _reported(rules.status)


def _expired(rules: FirewallRules) -> dict[str, str]:
    """Return why rules of PortView's have expired, by their ids."""
    now_ms = time.time_ns() // 1_000_000
    return {own.id: why for own in rules.managed_rules if (why := why_expired(own, now_ms))}


def _reported(status: FirewallStatus) -> Outcome:
    """Return what could not be read, and return what that means."""
    if not status.problem:
        return Outcome.DONE
    print_note(status.problem)
    if status.hint:
        print_hint(status.hint)
    return unreadable_outcome()


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print_text(line)
