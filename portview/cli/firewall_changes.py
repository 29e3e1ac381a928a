"""The commands that change the firewall: show, ask, act, read again."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from portview.actions.confirmation.action import prepare
from portview.actions.confirmation.firewall_actions import RevokeAction, RuleAction
from portview.actions.firewall_rules.expiry import plan_expired
from portview.actions.firewall_rules.plan import can_match_programs, managed_rule
from portview.actions.firewall_rules.query_context import FirewallQueryContext, ask_about_port
from portview.actions.firewall_rules.report_text import needless_report
from portview.actions.json_output.firewall import revoke_document, rule_document
from portview.actions.specs.rule_spec import default_rule_spec, validated_rule_spec
from portview.cli.acting import consented
from portview.cli.arguments import settle_port
from portview.cli.confirmation_text import show_confirmation, show_report
from portview.cli.console import print_json
from portview.cli.firewall_arguments import awaited_process, expiry, full_program, listed
from portview.cli.screen import print_text
from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import FirewallQuestion, RuleEffect
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.targets import parse_local_port
from portview.firewall.choose import open_firewall
from portview.i18n import _
from portview.readers.elevation import is_elevated

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from portview.actions.confirmation.action import PreparedAction
    from portview.actions.confirmation.firewall_actions import RevokePreview
    from portview.actions.firewall_rules.plan import RevokePlan, RulePlan
    from portview.actions.firewall_rules.report import FirewallReport, RevokeReport
    from portview.domain.firewall import FirewallStatus, ManagedRule, RuleSpec

    PreparedRevoke = PreparedAction[RevokePreview, RevokeReport]


def run_rule(options: argparse.Namespace) -> Outcome:
    """Make the rule that the options describe."""
    settle_port(options)
    wanted = FirewallQuestion(
        Protocol(options.proto), options.port, program=full_program(options.program)
    )
    # Mistakes are reported before anything is looked at.
    validated_rule_spec(_rule_spec(options, FirewallQueryContext(wanted), matches_programs=True))
    port = ask_about_port(wanted, sys.platform)
    with closing(open_firewall()) as firewall:
        matches_programs = can_match_programs(firewall.read().status)
    expired = prepare(RevokeAction(only_expired=True, opener=open_firewall))
    revoked: RevokeReport | None = None
    # First, because the verdict is to be one without them.
    if expired.plan.plans and not options.dry_run:
        revoked = _revoked(options, expired)
        if revoked is None:
            return Outcome.NOT_DONE
        if not options.json:
            show_report(revoked)
    rule_spec = _rule_spec(options, port, matches_programs=matches_programs)
    rule_spec = replace(rule_spec, until=awaited_process(options, port.owner))
    prepared = prepare(RuleAction(rule_spec, wanted, open_firewall))
    plan = prepared.plan
    if plan.refusal is not None and options.dry_run:
        raise plan.refusal
    if not options.json:
        _print(port.notes)
        show_confirmation(prepared.confirmation)
    report = None if options.dry_run else _made(options, prepared)
    if options.json and (report or options.dry_run):
        print_json(rule_document(plan, report, expired.plan.plans, revoked))
    elif options.dry_run and expired.plan.plans:
        show_confirmation(expired.confirmation)
    elif report is not None:
        show_report(report)
    if report is None:
        return Outcome.DONE if options.dry_run else Outcome.NOT_DONE
    return report.outcome


def run_revoke(options: argparse.Namespace) -> Outcome:
    """Revoke the rules that the options name."""
    port = None if options.port is None else parse_local_port(options.port).port
    with closing(open_firewall()) as firewall:
        rules = firewall.read()
        if rules.status.problem:
            return _revoke_unseen(options, rules.status)
        wanted = _wanted(options, port, rules.managed_rules)
        expired = [plan.own.id for plan in plan_expired(firewall, rules)]
    # What has expired goes as well, and says why.
    chosen = tuple(dict.fromkeys((*(own.id for own in wanted), *expired)))
    prepared = prepare(RevokeAction(chosen, opener=open_firewall))
    if not options.json and prepared.plan.plans:
        show_confirmation(prepared.confirmation)
    return _revoke(options, prepared, has_match=bool(wanted) or port is None)


def unreadable_outcome() -> Outcome:
    """Return what it means that the rules can't be read: on Linux only root may read them."""
    is_missing_rights = sys.platform == "linux" and not is_elevated()
    return Outcome.NEEDS_ADMIN if is_missing_rights else Outcome.NOT_DONE


def _made(
    options: argparse.Namespace, prepared: PreparedAction[RulePlan, FirewallReport]
) -> FirewallReport | None:
    """Make the rule after asking; None where the person does not want it."""
    if prepared.plan.is_needless:
        return needless_report(prepared.plan)
    return consented(prepared, options, _("Create this rule?"))


def _revoked(
    options: argparse.Namespace, prepared: PreparedRevoke, *, is_shown: bool = False
) -> RevokeReport | None:
    """Revoke rules after asking; None where the person does not want it."""
    if not options.json and not is_shown:
        show_confirmation(prepared.confirmation)
    count = len(prepared.plan.plans)
    question = (
        _("Revoke it?") if count == 1 else _("Revoke these {count} rules?").format(count=count)
    )
    return consented(prepared, options, question)


def _revoke_unseen(options: argparse.Namespace, status: FirewallStatus) -> Outcome:
    """Have the one rule revoked whose id is known, by the side that may read the rules."""
    rule_id: str | None = options.rule_id
    refusal = _unreadable(status)
    if rule_id is None or options.dry_run or refusal.outcome is not Outcome.NEEDS_ADMIN:
        raise refusal
    prepared = prepare(RevokeAction((rule_id,), opener=open_firewall))
    if not prepared.plan.problem:
        raise refusal  # The rules became readable meanwhile: the next call sees them.
    question = _("Revoke the rule {rule_id}?").format(rule_id=inert(rule_id, 40))
    return _report_revoked(options, (), consented(prepared, options, question))


def _revoke(options: argparse.Namespace, prepared: PreparedRevoke, *, has_match: bool) -> Outcome:
    plans = prepared.plan.plans
    if not has_match:
        _note(
            options,
            _("There is no rule created by PortView for port {port}.").format(port=options.port),
        )
    elif not plans:
        _note(options, _("There is no rule to revoke."))
    if plans and not options.dry_run:
        outcome = _report_revoked(options, plans, _revoked(options, prepared, is_shown=True))
    else:
        if options.json:
            print_json({**revoke_document(plans, None), "dry_run": options.dry_run})
        outcome = Outcome.DONE
    return outcome if has_match else Outcome.NOT_DONE


def _report_revoked(
    options: argparse.Namespace, plans: Sequence[RevokePlan], report: RevokeReport | None
) -> Outcome:
    if report is None:
        return Outcome.NOT_DONE
    if options.json:
        print_json(revoke_document(plans, report))
    else:
        show_report(report)
    return report.outcome


def _rule_spec(
    options: argparse.Namespace, port: FirewallQueryContext, *, matches_programs: bool
) -> RuleSpec:
    # A program that was typed is asked for even where it can't be matched, to be reported so.
    rule_spec = default_rule_spec(
        port.question, RuleEffect(options.effect), matches_programs=matches_programs
    )
    rule_spec = replace(rule_spec, expires_at_ms=expiry(options))
    if options.program is not None:
        rule_spec = replace(rule_spec, program=full_program(options.program))
    if options.remote is not None:
        rule_spec = replace(rule_spec, remotes=listed(options.remote))
    if options.profile is not None:
        rule_spec = replace(rule_spec, profiles=listed(options.profile))
    return rule_spec


def _wanted(
    options: argparse.Namespace, port: int | None, managed_rules: tuple[ManagedRule, ...]
) -> tuple[ManagedRule, ...]:
    if options.rule_id is not None:
        return (managed_rule(managed_rules, options.rule_id),)
    if options.all:
        return managed_rules
    return tuple(
        own
        for own in managed_rules
        if own.rule_spec.port == port and options.proto in {None, own.rule_spec.protocol.value}
    )


def _unreadable(status: FirewallStatus) -> PortViewError:
    return PortViewError(
        "firewall_unreadable",
        _("{problem} Nothing was done.").format(problem=inert(status.problem)),
        inert(status.hint),
        unreadable_outcome(),
    )


def _note(options: argparse.Namespace, text: str) -> None:
    if not options.json:
        print_text(text)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print_text(line)
