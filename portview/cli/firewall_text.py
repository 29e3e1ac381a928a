"""The firewall as a person at a terminal reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.firewall_rules.plan import (
    command_lines,
    describe_remotes,
    describe_rule_end,
    rule_lines,
)
from portview.actions.firewall_rules.query_context import describe_port
from portview.actions.firewall_rules.report_text import describe_verdict
from portview.command_name import command_line
from portview.domain.firewall import FirewallVerdict, RuleEffect, RuleFit
from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from portview.actions.firewall_rules.plan import RevokePlan, RulePlan
    from portview.actions.firewall_rules.query_context import FirewallQueryContext
    from portview.domain.firewall import (
        FirewallAnswer,
        FirewallStatus,
        ManagedRule,
        ProfileState,
        RuleMatch,
        RuleSpec,
    )

_LONGEST = 300
_WORDS = {
    FirewallVerdict.ALLOWED: "Allowed",
    FirewallVerdict.BLOCKED: "Blocked",
    FirewallVerdict.PARTLY: "Allowed for some",
    FirewallVerdict.UNKNOWN: "Not known",
}
_FITS = {
    RuleFit.FULL: "",
    RuleFit.PART: " (for a part of it)",
    RuleFit.MAYBE: " (it depends)",
}


def status_lines(
    status: FirewallStatus, managed_rules: Sequence[ManagedRule], expired: Mapping[str, str]
) -> Iterator[str]:
    """Yield the lines of ``firewall status``; the problem itself is told apart from them."""
    if status.summary != status.problem:
        yield inert(status.summary)
    for profile in status.profiles:
        yield f"  {_profile(profile)}"
        yield from (f"    {inert(note)}" for note in profile.notes)
    if not status.problem:
        yield f"  Rules: {status.rule_count}, of which PortView made {len(managed_rules)}."
    for rule_id, reason in expired.items():
        yield "  " + _expired_line(rule_id, reason)
    if status.drop_log:
        yield f"  What it drops is logged in {inert(status.drop_log)}."


def verdict_lines(port: FirewallQueryContext, answer: FirewallAnswer) -> Iterator[str]:
    """Yield the lines of ``firewall verdict``."""
    remote = port.question.remote
    client = f"a client at {remote}" if remote else "a client on another machine"
    yield f"{describe_port(port.question)} for {client}: {_WORDS[answer.verdict].lower()}."
    yield f"  {inert(answer.reason, _LONGEST)}"
    yield from (f"  {note}" for note in port.notes)
    if answer.profiles:
        yield f"  Active: {', '.join(inert(name) for name in answer.profiles)}."
    if answer.matches:
        yield "  Rules about it, in the order in which they decide:"
    yield from (f"  {_match(match)}" for match in answer.matches)
    if answer.next_step:
        yield f"hint: {inert(answer.next_step, _LONGEST)}"


def managed_rule_lines(
    managed_rules: Sequence[ManagedRule], expired: Mapping[str, str]
) -> Iterator[str]:
    """Yield the lines of ``firewall list``; ``expired`` maps ids to reasons."""
    if not managed_rules:
        yield "PortView made no rule that is there now."
    for own in managed_rules:
        reason = expired.get(own.id)
        mark = _("EXPIRED") + "  " if reason else ""
        yield f"{own.id}  {mark}{rule_spec_line(own.rule_spec)}"
        if reason:
            yield "  " + _expired_line(own.id, reason)


def _expired_line(rule_id: str, reason: str) -> str:
    """Return why a rule has expired and what revokes it."""
    text = _("Rule {id} has expired: {reason}. To revoke it: {command}")
    command = command_line("firewall", "revoke", "--id", rule_id)
    return text.format(id=rule_id, reason=reason, command=command)


def rule_plan_lines(plan: RulePlan) -> Iterator[str]:
    """Yield the lines that show a rule before it is made."""
    yield f"Rule: {inert(plan.change.name, _LONGEST)}"
    yield from (f"  {name}: {value}" for name, value in rule_lines(plan.rule_spec))
    yield f"Now, for any other machine: {describe_verdict(plan.before.whole)}"
    if not plan.is_needless:
        yield from (f"Will run: {line}" for line in command_lines(plan.change))
    yield from (f"Warning: {inert(warning)}" for warning in plan.warnings)
    yield from (f"Note: {inert(note)}" for note in plan.notes)


def revoke_plan_lines(plans: Sequence[RevokePlan]) -> Iterator[str]:
    """Yield the lines that show which rules are taken back, and by what."""
    for plan in plans:
        why = f" ({plan.reason})" if plan.reason else ""
        yield f"Take back {plan.own.id}: {rule_spec_line(plan.own.rule_spec)}{why}"
        yield from (f"Will run: {line}" for line in command_lines(plan.change))
        yield from (f"Warning: {inert(warning)}" for warning in plan.change.warnings)
        yield from (f"Note: {inert(note)}" for note in plan.change.notes)


def rule_spec_line(rule_spec: RuleSpec) -> str:
    """Return what a rule does in one line."""
    verb = "allow" if rule_spec.effect is RuleEffect.ALLOW else "block"
    program = f", {inert(rule_spec.program, 160)}" if rule_spec.program else ""
    return (
        f"{verb} {rule_spec.protocol.value.upper()} {rule_spec.port} "
        f"for {describe_remotes(rule_spec)}{program}, "
        f"{describe_rule_end(rule_spec)}"
    )


def _profile(profile: ProfileState) -> str:
    parts = ["on" if profile.is_on else "off"]
    if profile.is_on:
        parts.append(f"inbound by default: {profile.inbound_default.value}")
    if profile.blocks_all_inbound:
        parts.append("blocks all inbound")
    if not profile.counts_local_rules:
        parts.append("only rules of Group Policy count")
    active = " (active)" if profile.is_active else ""
    return f"{inert(profile.name)}{active}: {', '.join(parts)}"


def _match(match: RuleMatch) -> str:
    rule = match.rule
    mark = ">" if match.decides else " "
    name = inert(rule.name or rule.text, 160)
    return f" {mark} {rule.effect.value}: {name}, {inert(rule.source, 80)}{_FITS[match.fit]}"
