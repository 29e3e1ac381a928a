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
from portview.firewall.windows.policy import Store

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
        return (f"It can't be told whether this rule will help: {status.problem}",)
    active = [profile for profile in status.profiles if profile.is_active]
    answer = rules.decide(
        FirewallQuestion(rule_spec.protocol, rule_spec.port, program=rule_spec.program)
    )
    is_allow = rule_spec.effect is RuleEffect.ALLOW
    found = [warning for match in answer.matches if (warning := _of_match(match, rule_spec))]
    if len(found) > _MOST_RULES:
        found[_MOST_RULES:] = [f"{len(found) - _MOST_RULES} more rules stand against it."]
    for profile in active:
        found.extend(_of_profile(profile, rule_spec))
    if not active:
        found.append(
            "Windows does not tell which networks are connected; the rule counts "
            f"{_where(*rule_spec.profiles)} only."
        )
    if is_allow and answer.verdict is FirewallVerdict.ALLOWED:
        found.append(f"It is allowed already. {answer.reason}")
    if not is_allow and answer.verdict is FirewallVerdict.BLOCKED:
        found.append(f"It is blocked already. {answer.reason}")
    return tuple(dict.fromkeys(found))


def _of_match(match: RuleMatch, rule_spec: RuleSpec) -> str:
    rule = match.rule
    name = f"“{inert(rule.name, _LONGEST_NAME)}”"
    verb = "may block" if match.fit is RuleFit.MAYBE else "blocks"
    some = " some of" if match.fit is RuleFit.PART else ""
    if rule_spec.effect is RuleEffect.ALLOW and rule.effect is RuleEffect.BLOCK:
        if rule.source in _HARDENING:
            return (
                f"Windows itself {verb}{some} this ({rule.source}: {name}), whatever a rule allows."
            )
        return (
            f"The rule {name} ({rule.source}) {verb}{some} this, "
            "and a block rule wins over every allow rule."
        )
    if rule_spec.effect is RuleEffect.BLOCK and rule.effect is RuleEffect.BYPASS:
        return f"The rule {name} ({rule.source}) lets authenticated clients past every block rule."
    return ""


def _of_profile(profile: ProfileState, rule_spec: RuleSpec) -> Iterator[str]:
    where = _where(profile.name)
    is_allow = rule_spec.effect is RuleEffect.ALLOW
    if profile.name not in {name.lower() for name in rule_spec.profiles}:
        yield (
            f"This machine is {where} now, and the rule counts {_where(*rule_spec.profiles)} only: "
            "it changes nothing here."
        )
    elif not profile.counts_local_rules:
        yield f"Group Policy leaves local rules out {where}: the rule will not count there."
    if not profile.is_on:
        yield (
            f"The firewall is off {where}: everything is allowed there already."
            if is_allow
            else f"The firewall is off {where}: no rule blocks anything there."
        )
    elif profile.blocks_all_inbound and is_allow:
        yield f"All inbound connections are blocked {where}, whatever the rules allow."


def _where(*profiles: str) -> str:
    return f"on {' and '.join(profiles)} networks"
