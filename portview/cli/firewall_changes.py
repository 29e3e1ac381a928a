"""The commands that change the firewall: show, ask, act, read again."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from portview.actions.firewall_change import make_rule, revoke_rules
from portview.actions.firewall_documents import revoke_document, rule_document
from portview.actions.firewall_expiry import plan_expired
from portview.actions.firewall_plan import (
    can_match_programs,
    own_rule,
    plan_revoke,
    plan_rule,
)
from portview.actions.firewall_question import PortQuestion, ask_about_port
from portview.actions.firewall_report import needless_report
from portview.actions.firewall_wishes import checked_wish, default_wish
from portview.actions.record import keep_record
from portview.cli.consent import require_consent
from portview.cli.console import print_json, print_line
from portview.cli.firewall_arguments import awaited_process, expiry, full_program, listed
from portview.cli.firewall_text import revoke_plan_lines, rule_plan_lines
from portview.domain.firewall import FirewallQuestion
from portview.domain.outcome import ActionReport, Outcome, PortViewError
from portview.domain.plain_text import inert
from portview.domain.sockets import Protocol
from portview.domain.typed_input import parse_port
from portview.firewall.choose import open_firewall
from portview.readers.elevation import is_elevated

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from portview.actions.firewall_plan import RevokePlan, RulePlan
    from portview.actions.firewall_report import FirewallReport, RevokeReport
    from portview.domain.firewall import FirewallStatus, OwnRule, RuleWish
    from portview.firewall.firewall import Firewall


def run_rule(options: argparse.Namespace) -> Outcome:
    """Make the rule that the options describe."""
    wanted = FirewallQuestion(
        Protocol(options.proto), options.port, program=full_program(options.program)
    )
    # Mistakes are told before anything is looked at.
    checked_wish(_wish(options, PortQuestion(wanted), matches_programs=True))
    port = ask_about_port(wanted, sys.platform)
    with closing(open_firewall()) as firewall:
        rules = firewall.read()
        matches = can_match_programs(rules.status)
        wish = replace(
            _wish(options, port, matches_programs=matches),
            until=awaited_process(options, port.owner),
        )
        plan = plan_rule(firewall, wish, port)
        expired = plan_expired(firewall, rules)
        if not options.json:
            _print(port.notes)
            _print(rule_plan_lines(plan))
            _print(revoke_plan_lines(expired))
        return _make(options, firewall, plan, expired)


def run_revoke(options: argparse.Namespace) -> Outcome:
    """Take back the rules that the options name."""
    port = None if options.port is None else parse_port(options.port)
    with closing(open_firewall()) as firewall:
        rules = firewall.read()
        if rules.status.problem:
            raise _unreadable(rules.status)
        wanted = _wanted(options, port, rules.own_rules)
        expired = plan_expired(firewall, rules)
        reasons = {plan.own.id: plan.reason for plan in expired}
        chosen = [plan_revoke(firewall, own, reasons.get(own.id, "")) for own in wanted]
        named = {own.id for own in wanted}
        plans = [*chosen, *(plan for plan in expired if plan.own.id not in named)]
        if not options.json:
            _print(revoke_plan_lines(plans))
        return _revoke(options, firewall, plans, has_match=bool(wanted) or port is None)


def unreadable_outcome() -> Outcome:
    """Return what it means that the rules can't be read: on Linux only root may read them."""
    is_missing_rights = sys.platform == "linux" and not is_elevated()
    return Outcome.NEEDS_ADMIN if is_missing_rights else Outcome.NOT_DONE


def _make(
    options: argparse.Namespace,
    firewall: Firewall,
    plan: RulePlan,
    expired: Sequence[RevokePlan],
) -> Outcome:
    report: FirewallReport | None = None
    revoked: RevokeReport | None = None
    if not options.dry_run and (expired or not plan.is_needless):
        question = "Do this?" if expired else "Make this rule?"
        if not require_consent(question, has_yes=options.yes, as_json=options.json):
            return Outcome.NOT_DONE
        if expired:
            revoked = revoke_rules(firewall, expired)
            keep_record(revoked)
    if not options.dry_run:
        report = needless_report(plan) if plan.is_needless else make_rule(firewall, plan)
        if not plan.is_needless:
            keep_record(report)
    if options.json:
        print_json(rule_document(plan, report, expired, revoked))
    else:
        _print_report(revoked)
        _print_report(report)
    return report.outcome if report else Outcome.DONE


def _revoke(
    options: argparse.Namespace,
    firewall: Firewall,
    plans: Sequence[RevokePlan],
    *,
    has_match: bool,
) -> Outcome:
    report: RevokeReport | None = None
    if plans and not options.dry_run:
        question = "Take it back?" if len(plans) == 1 else f"Take back these {len(plans)} rules?"
        if not require_consent(question, has_yes=options.yes, as_json=options.json):
            return Outcome.NOT_DONE
        report = revoke_rules(firewall, plans)
        keep_record(report)
    if options.json:
        print_json({**revoke_document(plans, report), "dry_run": options.dry_run})
    else:
        if not has_match:
            print_line(f"PortView made no rule for port {options.port} that is there now.")
        elif not plans:
            print_line("There is no rule to take back.")
        _print_report(report)
    if not has_match:
        return Outcome.NOT_DONE
    return report.outcome if report else Outcome.DONE


def _wish(options: argparse.Namespace, port: PortQuestion, *, matches_programs: bool) -> RuleWish:
    # A program that was typed is asked for even where it can't be matched, to be told so.
    wish = default_wish(port.question, options.effect, matches_programs=matches_programs)
    wish = replace(wish, expires_at_ms=expiry(options))
    if options.program is not None:
        wish = replace(wish, program=full_program(options.program))
    if options.remote is not None:
        wish = replace(wish, remotes=listed(options.remote))
    if options.profile is not None:
        wish = replace(wish, profiles=listed(options.profile))
    return wish


def _wanted(
    options: argparse.Namespace, port: int | None, own_rules: tuple[OwnRule, ...]
) -> tuple[OwnRule, ...]:
    if options.rule_id is not None:
        return (own_rule(own_rules, options.rule_id),)
    if options.all:
        return own_rules
    return tuple(
        own
        for own in own_rules
        if own.wish.port == port and options.proto in {None, own.wish.protocol.value}
    )


def _unreadable(status: FirewallStatus) -> PortViewError:
    return PortViewError(
        "firewall_unreadable",
        f"{inert(status.problem)} Nothing was done.",
        inert(status.hint),
        unreadable_outcome(),
    )


def _print_report(report: ActionReport | None) -> None:
    if report is not None:
        _print(filter(None, (report.done, report.now, report.next_step)))


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print_line(line)
