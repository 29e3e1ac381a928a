"""From a rule spec to what is shown first: the rule, its commands, why it may not help.

Nothing is changed here.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from portview.actions.firewall_rules.query_context import (
    FirewallQueryContext,
    describe_port,
    is_loopback,
)
from portview.actions.firewall_rules.subnets import subnets_of_rules
from portview.actions.firewall_rules.times import describe_moment
from portview.actions.firewall_rules.verify import RuleProof, prove
from portview.actions.specs.rule_spec import (
    ANY,
    LOCAL_SUBNET,
    of_both_versions,
    of_one_version,
    validated_rule_spec,
)
from portview.command_name import command_line
from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import (
    EVERYONE_OF,
    LOCAL_SUBNET_OF,
    RuleChange,
    RuleEffect,
    RuleSpec,
)
from portview.domain.plain_text import inert
from portview.firewall.tag import find_tag
from portview.i18n import _, join_list, join_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.firewall import (
        FirewallQuestion,
        FirewallStatus,
        ManagedRule,
    )
    from portview.firewall.interface import Firewall
    from portview.readers.local_subnets import LocalSubnet

_LONGEST = 300
_WINDOWS = "windows"
_NOT_NEEDED = "rule_not_needed"


@dataclass(frozen=True, slots=True)
class RulePlan:
    """A rule that is to be made.

    ``change`` is the exact change; it has no commands where none are needed, or where only the
    side with administrator rights can report them, which ``refusal`` then says. ``before`` is what
    its clients experience now. ``warnings`` say why it may not help, and ``notes`` what is good to
    know, those of the change included.
    ``is_needless`` says that they experience already what it is to bring.
    """

    rule_spec: RuleSpec
    question: FirewallQuestion
    change: RuleChange
    before: RuleProof
    status: FirewallStatus
    subnets: tuple[LocalSubnet, ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_needless: bool = False
    refusal: PortViewError | None = None


@dataclass(frozen=True, slots=True)
class RevokePlan:
    """A rule of PortView's that is to be revoked, and why where it was not asked for."""

    own: ManagedRule
    change: RuleChange
    reason: str = ""


def can_match_programs(status: FirewallStatus) -> bool:
    """Return whether a rule of this firewall can be for one program."""
    return status.manager == _WINDOWS


def plan_rule(firewall: Firewall, rule_spec: RuleSpec, port: FirewallQueryContext) -> RulePlan:
    """See what a rule would be and what it would meet. Raises PortViewError; blocks."""
    rules = firewall.read()
    fitted = _fitted(validated_rule_spec(rule_spec), port, rules.status)
    rule_spec = fitted.rule_spec
    refusal = None
    try:
        change = firewall.plan(rule_spec, rules)
    except PortViewError as error:
        if error.code != _NOT_NEEDED and error.outcome is not Outcome.NEEDS_ADMIN:
            raise
        refusal = error if error.outcome is Outcome.NEEDS_ADMIN else None
        change = RuleChange("", _plain_name(rule_spec), ())
    subnets = _subnets_of(rule_spec)
    before = prove(rules, rule_spec, port.question, subnets)
    ending = _ending_rule(before, rules.managed_rules) if before.holds(rule_spec.effect) else None
    is_needless = before.holds(rule_spec.effect) and ending is None
    plan = RulePlan(
        rule_spec,
        port.question,
        change,
        before,
        rules.status,
        subnets,
        is_needless=is_needless or (not change.commands and refusal is None),
        refusal=refusal,
    )
    warnings = (*change.warnings, *fitted.warnings, *_warnings(plan, port))
    notes = (*change.notes, *fitted.notes, *_notes(plan, ending))
    return replace(plan, warnings=tuple(dict.fromkeys(warnings)), notes=tuple(dict.fromkeys(notes)))


def plan_revoke(firewall: Firewall, own: ManagedRule, reason: str = "") -> RevokePlan:
    """See how a rule of PortView's would be revoked. Raises PortViewError."""
    return RevokePlan(own, firewall.plan_removal(own), reason)


def managed_rule(rules: tuple[ManagedRule, ...], rule_id: str) -> ManagedRule:
    """Return the rule of PortView's that has this id. Raises PortViewError ("no_such_rule")."""
    for own in rules:
        if own.id == rule_id:
            return own
    raise PortViewError(
        "no_such_rule",
        _("PortView created no rule with the ID {rule_id}.").format(rule_id=inert(rule_id, 40)),
        _("To see the rules that PortView created: {command}").format(
            command=command_line("firewall", "list")
        ),
        Outcome.NOT_DONE,
    )


def command_lines(change: RuleChange) -> tuple[str, ...]:
    """Return the commands of a change as a person can copy them into a terminal."""
    if sys.platform == "win32":
        return tuple(subprocess.list2cmdline(words) for words in change.commands)
    return tuple(shlex.join(words) for words in change.commands)


def rule_lines(rule_spec: RuleSpec) -> tuple[tuple[str, str], ...]:
    """Return what a rule is for, as names and values for people. Every text is inert."""
    return tuple(_rule_lines(rule_spec))


def describe_remotes(rule_spec: RuleSpec) -> str:
    """Return whom a rule is for: "the local subnet", "any address", "10.0.0.0/8"."""
    words = {ANY: _("any address"), LOCAL_SUBNET: _("the local subnet")}
    words |= {
        part: _("any IPv{version} address").format(version=version)
        for version, part in EVERYONE_OF.items()
    }
    words |= {
        part: _("the local IPv{version} subnet").format(version=version)
        for version, part in LOCAL_SUBNET_OF.items()
    }
    return join_list(words.get(part, part) for part in rule_spec.remotes)


def describe_rule_end(rule_spec: RuleSpec) -> str:
    """Return until when a rule is there."""
    parts = []
    if rule_spec.expires_at_ms is not None:
        parts.append(_("until {moment}").format(moment=describe_moment(rule_spec.expires_at_ms)))
    if rule_spec.until is not None:
        parts.append(_("until the process {pid} ends").format(pid=rule_spec.until.pid))
    return " or ".join(parts) or _("until it is revoked")


class _Fitted(NamedTuple):
    """A rule spec as a firewall can have it, and in sentences what that leaves of it, and why."""

    rule_spec: RuleSpec
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _fitted(rule_spec: RuleSpec, port: FirewallQueryContext, status: FirewallStatus) -> _Fitted:
    """Fit a rule specification to a firewall and, where it allows, to what listens.

    A rule that allows is no wider than that: for IPv4 alone where nothing takes IPv6. One that
    blocks is also about what may listen later.
    """
    if can_match_programs(status):
        fitted = of_both_versions(rule_spec)
        note = _("This firewall's rules are for both IP versions: it is for {remotes}.").format(
            remotes=describe_remotes(fitted)
        )
        return _Fitted(fitted, () if fitted == rule_spec else (note,))
    warnings: tuple[str, ...] = ()
    if rule_spec.program:
        rule_spec = replace(rule_spec, program=None)
        warnings = (_("This firewall can't match programs: the rule is for the port alone."),)
    versions = port.ip_versions()
    if rule_spec.effect is not RuleEffect.ALLOW or len(versions) > 1:
        return _Fitted(rule_spec, warnings)
    (version,) = versions
    narrow = of_one_version(rule_spec, version)
    note = _(
        "The server listens on IPv{version} only, so the rule is for clients with it alone."
    ).format(version=version)
    return _Fitted(narrow, warnings, () if narrow == rule_spec else (note,))


def _subnets_of(rule_spec: RuleSpec) -> tuple[LocalSubnet, ...]:
    """Return the local networks that a rule specification can be about."""
    named = [number for number, word in LOCAL_SUBNET_OF.items() if word in rule_spec.remotes]
    versions = named or list(LOCAL_SUBNET_OF)
    return tuple(one for one in subnets_of_rules() if one.ip_version in versions)


def _rule_lines(rule_spec: RuleSpec) -> Iterator[tuple[str, str]]:
    yield _("Effect"), _("Allow") if rule_spec.effect is RuleEffect.ALLOW else _("Block")
    yield _("Protocol"), rule_spec.protocol.value.upper()
    yield _("Local port"), str(rule_spec.port)
    yield _("Program"), inert(rule_spec.program, _LONGEST) if rule_spec.program else _("any")
    yield _("Remote addresses"), describe_remotes(rule_spec)
    if sys.platform == "win32":
        yield _("Profiles"), join_list(profile.capitalize() for profile in rule_spec.profiles)
    yield _("In force"), describe_rule_end(rule_spec)


def _notes(plan: RulePlan, ending: ManagedRule | None) -> Iterator[str]:
    rule_spec, name = plan.rule_spec, describe_port(plan.question)
    is_allow = rule_spec.effect is RuleEffect.ALLOW
    if plan.refusal is not None:
        yield (
            _(
                "{message} Which commands are needed is decided with administrator rights; "
                "they create this one rule and no other."
            ).format(message=plan.refusal.message)
        )
    client = plan.before.clients[0]
    is_said = any(client.answer.reason in warning for warning in plan.change.warnings)
    if plan.before.holds(rule_spec.effect) and not is_said:
        sentence = (
            _("{name} is already allowed for {clients}: {reason}")
            if is_allow
            else _("{name} is already blocked for {clients}: {reason}")
        )
        yield sentence.format(name=name, clients=_(client.clients), reason=client.answer.reason)
    if ending is not None:
        sentence = (
            _("It is allowed only {rule_end}: then PortView revokes the rule {id}.")
            if is_allow
            else _("It is blocked only {rule_end}: then PortView revokes the rule {id}.")
        )
        yield sentence.format(rule_end=describe_rule_end(ending.rule_spec), id=ending.id)
    if (rule_spec.expires_at_ms or rule_spec.until) and not plan.is_needless:
        yield (
            _(
                "The rule isn't removed automatically. PortView removes it the "
                "next time it runs as administrator after it expires."
            )
        )


def _warnings(plan: RulePlan, port: FirewallQueryContext) -> Iterator[str]:
    rule_spec, question, status = plan.rule_spec, plan.question, plan.status
    reported = join_sentences(*plan.change.warnings)
    if plan.refusal is None and status.problem and status.problem not in reported:
        yield _("What it would change can't be determined in advance: {problem}").format(
            problem=status.problem
        )
    if rule_spec.effect is RuleEffect.BLOCK:
        return
    if port.is_loopback_only or is_loopback(question.local_address):
        yield loopback_warning(question.local_address)
    if (
        rule_spec.program
        and question.program
        and not _is_same_program(rule_spec.program, question.program)
    ):
        yield (
            _("What listens on it now is {program}, and the rule is for another program.").format(
                program=inert(question.program, _LONGEST)
            )
        )


def loopback_warning(address: str | None) -> str:
    """Return that a rule helps nobody while the server listens on a loopback address."""
    return _(
        "The server listens on {address} only: no other machine reaches it, whatever the firewall "
        "allows. Have it listen on all addresses (0.0.0.0 or ::) first."
    ).format(address=address or _("a loopback address"))


def _ending_rule(before: RuleProof, managed_rules: tuple[ManagedRule, ...]) -> ManagedRule | None:
    """Return the rule of PortView's that decides for a client and will be revoked some time."""
    ending = {
        own.id: own for own in managed_rules if own.rule_spec.expires_at_ms or own.rule_spec.until
    }
    for client in before.clients:
        tag = find_tag(client.answer.rule.text) if client.answer.rule else None
        if tag is not None and tag.id in ending:
            return ending[tag.id]
    return None


def _plain_name(rule_spec: RuleSpec) -> str:
    # untranslated: the name under which the rule is stored
    return f"PortView: {rule_spec.effect.value} {rule_spec.protocol.value.upper()} {rule_spec.port}"


def _is_same_program(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
