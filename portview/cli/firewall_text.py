"""The firewall as a person at a terminal reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.firewall_rules.plan import (
    describe_remotes,
    describe_rule_end,
)
from portview.actions.firewall_rules.query_context import describe_port
from portview.command_name import command_line
from portview.domain.firewall import RuleEffect, RuleFit
from portview.domain.plain_text import inert
from portview.domain.verdict_labels import verdict_words
from portview.i18n import N_, _, join_list, labelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
_EFFECTS = {
    RuleEffect.ALLOW: N_("allow"),
    RuleEffect.BLOCK: N_("block"),
    RuleEffect.REJECT: N_("reject"),
    RuleEffect.BYPASS: N_("bypass"),
    RuleEffect.OTHER: N_("other"),
}
_FITS = {
    RuleFit.FULL: "",
    RuleFit.PART: N_("for a part of it"),
    RuleFit.MAYBE: N_("it depends"),
}


def status_lines(
    status: FirewallStatus, managed_rules: Sequence[ManagedRule], expired: Mapping[str, str]
) -> Iterator[str]:
    """Yield the lines of ``firewall status``; the problem itself is distinguished from them."""
    if status.summary != status.problem:
        yield inert(status.summary)
    for profile in status.profiles:
        yield f"  {_profile(profile)}"
        yield from (f"    {inert(note)}" for note in profile.notes)
    if not status.problem:
        yield "  " + _("Rules: {rule_count}, of which PortView created {count}.").format(
            rule_count=status.rule_count, count=len(managed_rules)
        )
    for rule_id, reason in expired.items():
        yield "  " + _expired_line(rule_id, reason)
    if status.drop_log:
        yield "  " + _("What it drops is logged in {drop_log}.").format(
            drop_log=inert(status.drop_log)
        )


def verdict_lines(port: FirewallQueryContext, answer: FirewallAnswer) -> Iterator[str]:
    """Yield the lines of ``firewall verdict``."""
    remote = port.question.remote
    client = (
        _("a client at {remote}").format(remote=remote)
        if remote
        else _("a client on another machine")
    )
    yield _("{port} for {client}: {words}.").format(
        port=describe_port(port.question), client=client, words=verdict_words(answer.verdict)
    )
    yield f"  {inert(answer.reason, _LONGEST)}"
    yield from (f"  {note}" for note in port.notes)
    if answer.profiles:
        yield "  " + _("Active: {name}.").format(
            name=join_list(inert(name) for name in answer.profiles)
        )
    if answer.matches:
        yield "  " + _("Rules about it, in the order in which they decide:")
    yield from (f"  {_match(match)}" for match in answer.matches)
    if answer.next_step:
        yield _("hint: {next_step}").format(next_step=inert(answer.next_step, _LONGEST))


def managed_rule_lines(
    managed_rules: Sequence[ManagedRule], expired: Mapping[str, str]
) -> Iterator[str]:
    """Yield the lines of ``firewall list``; ``expired`` maps ids to reasons."""
    if not managed_rules:
        yield _("There is no rule created by PortView.")
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


def rule_spec_line(rule_spec: RuleSpec) -> str:
    """Return what a rule does in one line."""
    text = (
        _("allow {protocol} {port} for {remotes}")
        if rule_spec.effect is RuleEffect.ALLOW
        else _("block {protocol} {port} for {remotes}")
    ).format(
        protocol=rule_spec.protocol.value.upper(),
        port=rule_spec.port,
        remotes=describe_remotes(rule_spec),
    )
    program = inert(rule_spec.program, 160) if rule_spec.program else ""
    return join_list(filter(None, (text, program, describe_rule_end(rule_spec))))


def _profile(profile: ProfileState) -> str:
    parts = [_("on") if profile.is_on else _("off")]
    if profile.is_on:
        parts.append(
            _("inbound by default: {inbound_default}").format(
                inbound_default=_(_EFFECTS[profile.inbound_default])
            )
        )
    if profile.blocks_all_inbound:
        parts.append(_("blocks all inbound"))
    if not profile.counts_local_rules:
        parts.append(_("only rules of Group Policy count"))
    name = inert(profile.name)
    if profile.is_active:
        name = _("{name} (active)").format(name=name)
    return labelled(name, join_list(parts))


def _match(match: RuleMatch) -> str:
    rule = match.rule
    mark = ">" if match.decides else " "
    name = inert(rule.name or rule.text, 160)
    where = join_list([name, inert(_(rule.source), 80)])
    line = f" {mark} {labelled(_(_EFFECTS[rule.effect]), where)}"
    return f"{line} ({_(_FITS[match.fit])})" if _FITS[match.fit] else line
