"""Why a rule that is about to be made may not help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.firewall import (
    FirewallQuestion,
    FirewallVerdict,
    RuleEffect,
    RuleFit,
    RuleMatch,
)
from portview.domain.plain_text import inert
from portview.firewall.windows.describe import networks_named
from portview.firewall.windows.policy import Store
from portview.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.firewall import ProfileState, RuleSpec
    from portview.firewall.interface import FirewallRules

_LONGEST_NAME = 80
_MOST_RULES = 5
_HARDENING = {store.value for store in Store if store.is_hardening}


def warnings_for(rule_spec: RuleSpec, rules: FirewallRules) -> tuple[str, ...]:
    """Return sentences on what stands against a rule, the most certain first; often none."""
    status = rules.status
    if status.problem:
        return (
            _("It can't be determined whether this rule will help: {problem}").format(
                problem=status.problem
            ),
        )
    active = [profile for profile in status.profiles if profile.is_active]
    answer = rules.decide(
        FirewallQuestion(rule_spec.protocol, rule_spec.port, program=rule_spec.program)
    )
    is_allow = rule_spec.effect is RuleEffect.ALLOW
    found = [warning for match in answer.matches if (warning := _of_match(match, rule_spec))]
    if len(found) > _MOST_RULES:
        found[_MOST_RULES:] = [
            _("{count} more rules contradict it.").format(count=len(found) - _MOST_RULES)
        ]
    for profile in active:
        found.extend(_of_profile(profile, rule_spec))
    if not active:
        found.append(
            _(
                "Windows does not say which networks are connected; the rule applies {where} only."
            ).format(where=_where(*rule_spec.profiles))
        )
    if is_allow and answer.verdict is FirewallVerdict.ALLOWED:
        found.append(_("It is already allowed. {reason}").format(reason=answer.reason))
    if not is_allow and answer.verdict is FirewallVerdict.BLOCKED:
        found.append(_("It is already blocked. {reason}").format(reason=answer.reason))
    return tuple(dict.fromkeys(found))


_HARDENED = {
    RuleFit.MAYBE: N_("Windows itself may block this ({source}: {name}), whatever a rule allows."),
    RuleFit.PART: N_(
        "Windows itself blocks some of this ({source}: {name}), whatever a rule allows."
    ),
    RuleFit.FULL: N_("Windows itself blocks this ({source}: {name}), whatever a rule allows."),
}
_BLOCKED = {
    RuleFit.MAYBE: N_(
        "The rule {name} ({source}) may block this, and a block rule wins over every allow rule."
    ),
    RuleFit.PART: N_(
        "The rule {name} ({source}) blocks some of this, and a block rule wins over every allow "
        "rule."
    ),
    RuleFit.FULL: N_(
        "The rule {name} ({source}) blocks this, and a block rule wins over every allow rule."
    ),
}


def _of_match(match: RuleMatch, rule_spec: RuleSpec) -> str:
    rule = match.rule
    name = f"“{inert(rule.name, _LONGEST_NAME)}”"
    if rule_spec.effect is RuleEffect.ALLOW and rule.effect is RuleEffect.BLOCK:
        sentence = (_HARDENED if rule.source in _HARDENING else _BLOCKED)[match.fit]
    elif rule_spec.effect is RuleEffect.BLOCK and rule.effect is RuleEffect.BYPASS:
        sentence = N_(
            "The rule {name} ({source}) lets authenticated clients past every block rule."
        )
    else:
        return ""
    return _(sentence).format(name=name, source=_(rule.source))


def _of_profile(profile: ProfileState, rule_spec: RuleSpec) -> Iterator[str]:
    where = _where(profile.name)
    is_allow = rule_spec.effect is RuleEffect.ALLOW
    if profile.name not in {name.lower() for name in rule_spec.profiles}:
        yield (
            _(
                "This machine is {where} now, and the rule applies {where_2} "
                "only: it changes nothing here."
            ).format(where=where, where_2=_where(*rule_spec.profiles))
        )
    elif not profile.counts_local_rules:
        yield _(
            "Group Policy leaves local rules out {where}: the rule will not apply there."
        ).format(where=where)
    if not profile.is_on:
        yield (
            _("The firewall is off {where}: everything is allowed there already.").format(
                where=where
            )
            if is_allow
            else _("The firewall is off {where}: no rule blocks anything there.").format(
                where=where
            )
        )
    elif profile.blocks_all_inbound and is_allow:
        yield _("All inbound connections are blocked {where}, whatever the rules allow.").format(
            where=where
        )


def _where(*profiles: str) -> str:
    return networks_named(profiles)
