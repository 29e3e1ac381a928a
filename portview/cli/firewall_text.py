"""The firewall as a person at a terminal reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.firewall_plan import command_lines, ending_words, remote_words, rule_lines
from portview.actions.firewall_question import port_words
from portview.actions.firewall_sentences import verdict_words
from portview.domain.firewall import FirewallVerdict, RuleEffect, RuleFit
from portview.domain.plain_text import inert

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from portview.actions.firewall_plan import RevokePlan, RulePlan
    from portview.actions.firewall_question import PortQuestion
    from portview.domain.firewall import (
        FirewallAnswer,
        FirewallStatus,
        OwnRule,
        ProfileState,
        RuleMatch,
        RuleWish,
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


def status_lines(status: FirewallStatus, own_rules: Sequence[OwnRule]) -> Iterator[str]:
    """Yield the lines of ``firewall status``."""
    yield inert(status.summary)
    for profile in status.profiles:
        yield f"  {_profile(profile)}"
        yield from (f"    {inert(note)}" for note in profile.notes)
    if not status.problem:
        yield f"  Rules: {status.rule_count}, of which PortView made {len(own_rules)}."
    if status.drop_log:
        yield f"  What it drops is logged in {inert(status.drop_log)}."


def verdict_lines(port: PortQuestion, answer: FirewallAnswer) -> Iterator[str]:
    """Yield the lines of ``firewall verdict``."""
    remote = port.question.remote
    client = f"a client at {remote}" if remote else "a client on another machine"
    yield f"{port_words(port.question)} for {client}: {_WORDS[answer.verdict].lower()}."
    yield f"  {inert(answer.reason, _LONGEST)}"
    yield from (f"  {note}" for note in port.notes)
    if answer.profiles:
        yield f"  Active: {', '.join(inert(name) for name in answer.profiles)}."
    if answer.matches:
        yield "  Rules about it, in the order in which they decide:"
    yield from (f"  {_match(match)}" for match in answer.matches)
    if answer.next_step:
        yield f"hint: {inert(answer.next_step, _LONGEST)}"


def own_rule_lines(own_rules: Sequence[OwnRule], expired: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of ``firewall list``; ``expired`` maps ids to reasons."""
    if not own_rules:
        yield "PortView made no rule that is there now."
    for own in own_rules:
        yield f"{own.id}  {wish_line(own.wish)}"
        if reason := expired.get(own.id):
            yield f"  It has had its time: {reason}."
            yield f"  Take it back: portview firewall revoke --id {own.id}"


def rule_plan_lines(plan: RulePlan) -> Iterator[str]:
    """Yield the lines that show a rule before it is made."""
    yield f"Rule: {inert(plan.change.name, _LONGEST)}"
    yield from (f"  {name}: {value}" for name, value in rule_lines(plan.wish))
    yield f"Now, for any other machine: {verdict_words(plan.before.whole)}"
    if not plan.is_needless:
        yield from (f"Will run: {line}" for line in command_lines(plan.change))
    yield from (f"Warning: {inert(warning)}" for warning in plan.warnings)
    yield from (f"Note: {inert(note)}" for note in plan.notes)


def revoke_plan_lines(plans: Sequence[RevokePlan]) -> Iterator[str]:
    """Yield the lines that show which rules are taken back, and by what."""
    for plan in plans:
        why = f" ({plan.reason})" if plan.reason else ""
        yield f"Take back {plan.own.id}: {wish_line(plan.own.wish)}{why}"
        yield from (f"Will run: {line}" for line in command_lines(plan.change))
        yield from (f"Warning: {inert(warning)}" for warning in plan.change.warnings)
        yield from (f"Note: {inert(note)}" for note in plan.change.notes)


def wish_line(wish: RuleWish) -> str:
    """Return what a rule does in one line."""
    verb = "allow" if wish.effect is RuleEffect.ALLOW else "block"
    program = f", {inert(wish.program, 160)}" if wish.program else ""
    return (
        f"{verb} {wish.protocol.value.upper()} {wish.port} for {remote_words(wish)}{program}, "
        f"{ending_words(wish)}"
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
