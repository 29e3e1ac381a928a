"""A firewall in memory: block over allow, a default, and rules that appear only if it wants to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from itertools import count
from typing import TYPE_CHECKING

from portview.domain.destination import Destination
from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import Known
from portview.domain.firewall import (
    FirewallAnswer,
    FirewallQuestion,
    FirewallRule,
    FirewallStatus,
    FirewallVerdict,
    ManagedRule,
    ProfileState,
    RuleChange,
    RuleEffect,
    RuleFit,
    RuleMatch,
    RuleSpec,
)
from portview.firewall.tag import RuleTag, format_tag

if TYPE_CHECKING:
    from portview.domain.destination import ClientOrigin
    from portview.domain.facts import Fact

LOCAL_NETWORK = "192.0.2.0/24"


@dataclass(frozen=True)
class FakeRules:
    """What one reading of the fake firewall saw."""

    generation: int
    status: FirewallStatus
    managed_rules: tuple[ManagedRule, ...]
    rules: tuple[tuple[RuleSpec, FirewallRule], ...]

    def destinations(
        self, question: FirewallQuestion, origin: ClientOrigin
    ) -> Fact[tuple[Destination, ...]]:
        return Known((Destination(origin, question.port),))

    def decide(self, question: FirewallQuestion) -> FirewallAnswer:
        if self.status.problem:
            return FirewallAnswer(FirewallVerdict.UNKNOWN, self.status.problem)
        matches = [
            RuleMatch(rule, fit)
            for rule_spec, rule in sorted(self.rules, key=lambda pair: pair[0].effect, reverse=True)
            if (fit := _fit(rule_spec, question)) is not None
        ]
        decider = next((match for match in matches if match.fit is RuleFit.FULL), None)
        told = tuple(replace(match, decides=match is decider) for match in matches)
        if decider is None and matches:
            return FirewallAnswer(FirewallVerdict.PARTLY, "Some clients.", matches=told)
        if decider is None:
            return FirewallAnswer(FirewallVerdict.BLOCKED, "No rule lets it in.")
        is_open = decider.rule.effect is RuleEffect.ALLOW
        verdict = FirewallVerdict.ALLOWED if is_open else FirewallVerdict.BLOCKED
        return FirewallAnswer(verdict, f"{decider.rule.name} decides.", decider.rule, told)


class FakeFirewall:
    """Holds rules.

    ``has_effect`` False makes every change succeed and change nothing; ``is_sparing`` refuses a
    rule that is not needed, as the firewall of Linux does.
    """

    def __init__(self, *, manager: str = "windows", has_effect: bool = True) -> None:
        self.manager = manager
        self.has_effect = has_effect
        self.is_sparing = False
        self.problem = ""
        self.refusal: PortViewError | None = None
        self.applied: list[RuleChange] = []
        self.is_closed = False
        self._numbers = count(1)
        self._made: dict[str, RuleSpec] = {}
        self._planned: dict[str, RuleSpec | None] = {}
        self._others: list[tuple[RuleSpec, FirewallRule]] = []
        self._generation = 0

    def add_rule_of_others(self, rule_spec: RuleSpec, name: str) -> None:
        self._others.append(
            (rule_spec, FirewallRule(name, name, rule_spec.effect, "local rules", "text"))
        )
        self._generation += 1

    def read(self) -> FakeRules:
        own = tuple(
            ManagedRule(
                rule_id,
                rule_spec,
                FirewallRule(
                    rule_id, _name(rule_spec), rule_spec.effect, "own", _tag(rule_id, rule_spec)
                ),
            )
            for rule_id, rule_spec in self._made.items()
        )
        status = FirewallStatus(
            self.manager, True, "It is on.", (ProfileState("private", True),), problem=self.problem
        )
        rules = (*self._others, *((one.rule_spec, one.rule) for one in own))
        return FakeRules(self._generation, status, own, rules)

    def plan(self, rule_spec: RuleSpec, rules: FakeRules) -> RuleChange:
        is_open = rules.decide(FirewallQuestion(rule_spec.protocol, rule_spec.port)).verdict
        if self.is_sparing and is_open is FirewallVerdict.ALLOWED:
            raise PortViewError("rule_not_needed", "It is open already.", "", Outcome.DONE)
        rule_id = f"rule{next(self._numbers)}"
        self._planned[rule_id] = rule_spec
        return RuleChange(rule_id, _name(rule_spec), (("add", "a rule", rule_id),), ("A warning.",))

    def plan_removal(self, own: ManagedRule) -> RuleChange:
        self._planned[own.id] = None
        return RuleChange(own.id, own.rule.name, (("delete", own.id),))

    def apply(self, change: RuleChange) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.applied.append(change)
        if not self.has_effect:
            return
        rule_spec = self._planned[change.id]
        if rule_spec is None:
            self._made.pop(change.id, None)
        else:
            self._made[change.id] = rule_spec
        self._generation += 1

    def close(self) -> None:
        self.is_closed = True


def needs_admin() -> PortViewError:
    return PortViewError(
        "firewall_denied", "It needs administrator rights.", "", Outcome.NEEDS_ADMIN
    )


def _tag(rule_id: str, rule_spec: RuleSpec) -> str:
    return format_tag(RuleTag(rule_id, rule_spec.expires_at_ms, rule_spec.until))


def _name(rule_spec: RuleSpec) -> str:
    return f"PortView: {rule_spec.effect} {rule_spec.protocol} {rule_spec.port}"


def _fit(rule_spec: RuleSpec, question: FirewallQuestion) -> RuleFit | None:
    if (rule_spec.protocol, rule_spec.port) != (question.protocol, question.port):
        return None
    if rule_spec.program is not None and rule_spec.program != question.program:
        return None
    networks = [LOCAL_NETWORK if part == "localsubnet" else part for part in rule_spec.remotes]
    if "any" in networks:
        return RuleFit.FULL
    if question.remote is None:
        return RuleFit.PART
    remote = ip_address(question.remote)
    is_in = any(remote in ip_network(network) for network in networks)
    return RuleFit.FULL if is_in else None
