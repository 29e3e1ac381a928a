"""The commands that change the firewall: show, ask, act, read again."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from portview.actions.confirmation.history import keep_record
from portview.actions.firewall_rules.apply import make_rule, revoke_rules, revoke_unseen
from portview.actions.firewall_rules.expiry import plan_expired
from portview.actions.firewall_rules.plan import (
    can_match_programs,
    managed_rule,
    plan_revoke,
    plan_rule,
)
from portview.actions.firewall_rules.query_context import FirewallQueryContext, ask_about_port
from portview.actions.firewall_rules.report_text import needless_report
from portview.actions.json_output.firewall import revoke_document, rule_document
from portview.actions.specs.rule_spec import default_rule_spec, validated_rule_spec
from portview.cli.arguments import settle_port
from portview.cli.consent import require_consent
from portview.cli.console import print_json
from portview.cli.elevating import act_or_elevate
from portview.cli.firewall_arguments import awaited_process, expiry, full_program, listed
from portview.cli.firewall_text import revoke_plan_lines, rule_plan_lines
from portview.cli.screen import tell
from portview.domain.errors import ActionReport, Outcome, PortViewError
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

    from portview.actions.firewall_rules.plan import RevokePlan, RulePlan
    from portview.actions.firewall_rules.report import FirewallReport, RevokeReport
    from portview.domain.firewall import FirewallStatus, ManagedRule, RuleSpec
    from portview.firewall.interface import Firewall


def run_rule(options: argparse.Namespace) -> Outcome:
    """Make the rule that the options describe."""
    settle_port(options)
    wanted = FirewallQuestion(
        Protocol(options.proto), options.port, program=full_program(options.program)
    )
    # Mistakes are told before anything is looked at.
    validated_rule_spec(_rule_spec(options, FirewallQueryContext(wanted), matches_programs=True))
    port = ask_about_port(wanted, sys.platform)
    with closing(open_firewall()) as firewall:
        rules = firewall.read()
        expired = plan_expired(firewall, rules)
        revoked: RevokeReport | None = None
        # First, because the verdict is to be one without them.
        if expired and not options.dry_run:
            revoked = _revoked_expired(options, firewall, expired)
            if revoked is None:
                return Outcome.NOT_DONE
        plan = _plan(options, firewall, port, matches_programs=can_match_programs(rules.status))
        report = None if options.dry_run else _made(options, firewall, plan)
    if options.json and (report or options.dry_run):
        print_json(rule_document(plan, report, expired, revoked))
    elif options.dry_run:
        _print(revoke_plan_lines(expired))
    else:
        _print_report(report)
    if report is None:
        return Outcome.DONE if options.dry_run else Outcome.NOT_DONE
    return report.outcome


def run_revoke(options: argparse.Namespace) -> Outcome:
    """Revoke the rules that the options name."""
    port = None if options.port is None else parse_local_port(options.port).port
    with closing(open_firewall()) as firewall:
        rules = firewall.read()
        if rules.status.problem:
            unseen = _revoked_unseen(options, _unreadable(rules.status))
            return _tell_revoked(options, [], unseen)
        wanted = _wanted(options, port, rules.managed_rules)
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


def _plan(
    options: argparse.Namespace,
    firewall: Firewall,
    port: FirewallQueryContext,
    *,
    matches_programs: bool,
) -> RulePlan:
    """Plan the rule and show it."""
    rule_spec = _rule_spec(options, port, matches_programs=matches_programs)
    until = awaited_process(options, port.owner)
    plan = plan_rule(firewall, replace(rule_spec, until=until), port)
    if plan.refusal is not None and options.dry_run:
        raise plan.refusal
    if not options.json:
        _print(port.notes)
        _print(rule_plan_lines(plan))
    return plan


def _made(options: argparse.Namespace, firewall: Firewall, plan: RulePlan) -> FirewallReport | None:
    """Make the rule after asking; None where the person does not want it."""
    if plan.is_needless:
        return needless_report(plan)
    if not require_consent(_("Create this rule?"), has_yes=options.yes, as_json=options.json):
        return None
    report = act_or_elevate(lambda as_admin: make_rule(firewall, plan, as_admin=as_admin), options)
    keep_record(report)
    return report


def _revoked_expired(
    options: argparse.Namespace, firewall: Firewall, expired: Sequence[RevokePlan]
) -> RevokeReport | None:
    if not options.json:
        _print(revoke_plan_lines(expired))
    revoked = _revoked(options, firewall, expired)
    if not options.json:
        _print_report(revoked)
    return revoked


def _revoked(
    options: argparse.Namespace, firewall: Firewall, plans: Sequence[RevokePlan]
) -> RevokeReport | None:
    """Revoke rules after asking; None where the person does not want it."""
    question = (
        _("Revoke it?")
        if len(plans) == 1
        else _("Revoke these {count} rules?").format(count=len(plans))
    )
    if not require_consent(question, has_yes=options.yes, as_json=options.json):
        return None
    report = act_or_elevate(
        lambda as_admin: revoke_rules(firewall, plans, as_admin=as_admin), options
    )
    keep_record(report)
    return report


def _revoked_unseen(options: argparse.Namespace, refusal: PortViewError) -> RevokeReport | None:
    """Have the one rule revoked whose id is known, by the side that may read the rules."""
    rule_id: str | None = options.rule_id
    if rule_id is None or options.dry_run or refusal.outcome is not Outcome.NEEDS_ADMIN:
        raise refusal
    question = _("Revoke the rule {rule_id}?").format(rule_id=inert(rule_id, 40))
    if not require_consent(question, has_yes=options.yes, as_json=options.json):
        return None

    def act(as_admin: bool) -> RevokeReport:  # noqa: FBT001 - the one thing that it is told
        if not as_admin:
            raise refusal
        return revoke_unseen((rule_id,))

    report = act_or_elevate(act, options)
    keep_record(report)
    return report


def _revoke(
    options: argparse.Namespace,
    firewall: Firewall,
    plans: Sequence[RevokePlan],
    *,
    has_match: bool,
) -> Outcome:
    if not has_match:
        _note(
            options,
            _("There is no rule created by PortView for port {port}.").format(port=options.port),
        )
    elif not plans:
        _note(options, _("There is no rule to revoke."))
    if plans and not options.dry_run:
        outcome = _tell_revoked(options, plans, _revoked(options, firewall, plans))
    else:
        if options.json:
            print_json({**revoke_document(plans, None), "dry_run": options.dry_run})
        outcome = Outcome.DONE
    return outcome if has_match else Outcome.NOT_DONE


def _tell_revoked(
    options: argparse.Namespace, plans: Sequence[RevokePlan], report: RevokeReport | None
) -> Outcome:
    if report is None:
        return Outcome.NOT_DONE
    if options.json:
        print_json(revoke_document(plans, report))
    else:
        _print_report(report)
    return report.outcome


def _rule_spec(
    options: argparse.Namespace, port: FirewallQueryContext, *, matches_programs: bool
) -> RuleSpec:
    # A program that was typed is asked for even where it can't be matched, to be told so.
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
        tell(text)


def _print_report(report: ActionReport | None) -> None:
    if report is not None:
        _print(filter(None, (report.done, report.now, report.next_step)))


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        tell(line)
