"""Where a rule has to stand so that it takes effect: in every chain that would decide otherwise.

An accept in one chain does not lift a drop in another. So the changes are tried out on the rules
as they were read, until the verdict is the wanted one, before anyone sees a command. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portview.domain.firewall import FirewallQuestion, FirewallVerdict, RuleEffect
from portview.firewall.linux.deciding import Followed, follow
from portview.firewall.linux.ruleset import Chain, ChainKey, Rule, Ruleset
from portview.firewall.linux.sentences import answer_of
from portview.firewall.linux.traversal_result import TooManyCasesError
from portview.i18n import _, without_full_stop

if TYPE_CHECKING:
    from portview.domain.firewall import RuleSpec
    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.ruleset import Expression
    from portview.firewall.linux.scope import Scope
    from portview.firewall.linux.traversal_result import PacketFate

OWN_TABLE = "portview"
_MOST_ROUNDS = 8
_BEFORE_FILTERS = -10
_BEFORE_ALL = -310


@dataclass(frozen=True, slots=True)
class Placement:
    """A rule to make: in which chain, before which rule (None for the end), for which IP version.

    ``version`` is None for both. ``place`` counts the rules before it. ``is_new_chain`` where the
    chain has to be made first, as the base chain ``chain``. ``is_answer`` for a rule about what
    the server answers, whose addresses and ports are the other way round. ``port`` is the one that
    packets have there, where another rule has sent them on; None for the one that is called.
    """

    chain: Chain
    before: Rule | None
    place: int
    version: int | None
    is_new_chain: bool = False
    is_answer: bool = False
    port: int | None = None

    @property
    def sides(self) -> tuple[str, str]:
        """Return where the client's address and the server's port stand in these packets."""
        return ("daddr", "sport") if self.is_answer else ("saddr", "dport")


@dataclass(frozen=True, slots=True)
class Trial:
    """Where to put a rule, and what the verdict would be then, empty where it is as wanted."""

    placements: tuple[Placement, ...]
    obstacle: str = ""


def try_out(rule_spec: RuleSpec, scope: Scope, ruleset: Ruleset, machine: Machine) -> Trial:
    """Return where a rule has to stand to do what is wanted."""
    try:
        if rule_spec.effect is RuleEffect.ALLOW:
            return _allow(rule_spec, scope, ruleset, machine)
        return _block(rule_spec, scope, ruleset, machine)
    except TooManyCasesError:
        return Trial((), _("the rule set is too complex to evaluate"))


def obstacle_of(rule_spec: RuleSpec, scope: Scope, ruleset: Ruleset, machine: Machine) -> str:
    """Return why a verdict is not what a rule specification wants, empty where it is."""
    try:
        followed = _follow(rule_spec, scope, ruleset, machine)
    except TooManyCasesError:
        return _("the rule set is too complex to evaluate")
    return _obstacle(rule_spec, followed, ruleset)


def _allow(rule_spec: RuleSpec, scope: Scope, ruleset: Ruleset, machine: Machine) -> Trial:
    placements: list[Placement] = []
    made: set[object] = set()
    tried = ruleset
    for _unused in range(_MOST_ROUNDS):
        followed = _follow(rule_spec, scope, tried, machine)
        found = _placements(followed, scope, tried) if followed else []
        # What did not help at once does not help when it stands there twice.
        new = [one for one in found if _as_made(one) not in made]
        if not new:
            break
        made |= set(map(_as_made, new))
        placements += new
        for placement in new:
            tried = _with_rule(tried, placement, rule_spec, scope)
    return Trial(tuple(placements), obstacle_of(rule_spec, scope, tried, machine))


def _block(rule_spec: RuleSpec, scope: Scope, ruleset: Ruleset, machine: Machine) -> Trial:
    trial = Trial(())
    for hook, priority in (("input", _BEFORE_FILTERS), ("prerouting", _BEFORE_ALL)):
        key = ChainKey("inet", OWN_TABLE, hook)
        chain = ruleset.chains.get(key) or Chain(key, hook=hook, priority=priority)
        versions = [None] if scope.is_any else [one for one in (4, 6) if scope.covers(one)]
        is_new = key not in ruleset.chains
        placements = tuple(
            Placement(chain, None, len(chain.rules) + place, version, is_new and not place)
            for place, version in enumerate(versions)
        )
        tried = replace(ruleset, chains={**ruleset.chains, key: chain})
        for placement in placements:
            tried = _with_rule(tried, placement, rule_spec, scope)
        trial = Trial(placements, obstacle_of(rule_spec, scope, tried, machine))
        if not trial.obstacle:
            break
    return trial


def _follow(
    rule_spec: RuleSpec, scope: Scope, ruleset: Ruleset, machine: Machine
) -> Followed | None:
    question = FirewallQuestion(rule_spec.protocol, rule_spec.port)
    return follow(question, ruleset, machine, scope.sources())


def _obstacle(rule_spec: RuleSpec, followed: Followed | None, ruleset: Ruleset) -> str:
    if followed is None:
        return _("no client of these addresses has a way to this machine")
    is_allow = rule_spec.effect is RuleEffect.ALLOW
    wanted = FirewallVerdict.ALLOWED if is_allow else FirewallVerdict.BLOCKED
    if followed.outcome.verdict is wanted:
        return ""
    answer = answer_of(followed.outcome, followed.packets, followed.fits, ruleset.order)
    return without_full_stop(answer.reason)


def _placements(followed: Followed, scope: Scope, ruleset: Ruleset) -> list[Placement]:
    """Return a place before everything that blocks, or may block."""
    wanted: dict[tuple[ChainKey, Rule | None, bool, int | None], set[int]] = {}
    for fate in followed.outcome.fates:
        if fate.is_allowed or fate.because or fate.is_unserved:
            continue
        key = fate.rule.chain if fate.rule else fate.chain.key if fate.chain else None
        if key and key in ruleset.chains:
            port = _port_there(fate, ruleset.chains[key])
            place = (key, fate.rule, fate.is_answer, port)
            wanted.setdefault(place, set()).add(fate.packet.version)
    for packet, outcome in zip(followed.packets, followed.parts, strict=True):
        undecidable = outcome.undecidable
        if undecidable is not None and undecidable.rule is not None:
            place = (undecidable.rule.chain, undecidable.rule, undecidable.is_answer, None)
            wanted.setdefault(place, set()).add(packet.version)
    found: list[Placement] = []
    for (key, rule, is_answer, port), versions in wanted.items():
        chain = ruleset.chains[key]
        if rule is not None and rule not in chain.rules:
            continue
        before = len(chain.rules) if rule is None else chain.rules.index(rule)
        of_family = {"ip": {4}, "ip6": {6}}.get(key.family, {4, 6})
        fitting = sorted(of_family & versions & {one for one in (4, 6) if scope.covers(one)})
        versions_named = [None] if scope.is_any and fitting else fitting
        found += [
            Placement(chain, rule, before, version, is_answer=is_answer, port=port)
            for version in versions_named
        ]
    # The same chain twice in a round would shift places; the next round finds what is left.
    first: dict[ChainKey, Placement] = {}
    for placement in found:
        first.setdefault(placement.chain.key, placement)
    return list(first.values())


def _as_made(placement: Placement) -> object:
    """Return what reports rules of PortView's apart that would be made."""
    before = placement.before
    return (placement.chain.key, before, placement.version, placement.sides, placement.port)


def _port_there(fate: PacketFate, chain: Chain) -> int | None:
    """Return the port that packets have where they are stopped, if not the one that is called."""
    packet = fate.packet
    if packet.called is None or (fate.is_answer and chain.hook == "egress"):
        return None
    return packet.dport[0][0]


def _with_rule(
    ruleset: Ruleset, placement: Placement, rule_spec: RuleSpec, scope: Scope
) -> Ruleset:
    chain = ruleset.chains[placement.chain.key]
    expressions = expressions_for(placement, rule_spec, scope)
    rule = Rule(chain.key, 0, tuple(expressions), _("the new rule"))
    rules = (*chain.rules[: placement.place], rule, *chain.rules[placement.place :])
    chains = {**ruleset.chains, chain.key: replace(chain, rules=rules)}
    return replace(ruleset, chains=chains)


def expressions_for(placement: Placement, rule_spec: RuleSpec, scope: Scope) -> list[Expression]:
    """Return the expressions of the rule at one place."""
    result: list[Expression] = []
    client, port = placement.sides

    def match(left: Any, right: Any, operator: str = "==") -> None:
        result.append({"match": {"op": operator, "left": left, "right": right}})

    if placement.chain.key.table == OWN_TABLE:
        match({"meta": {"key": "iifname"}}, "lo", "!=")
        if placement.chain.hook == "prerouting":
            match({"fib": {"result": "type", "flags": ["daddr"]}}, "local")
    if version := placement.version:
        if networks := scope.sources_named(version):
            left = {"payload": {"protocol": "ip" if version == 4 else "ip6", "field": client}}  # noqa: PLR2004 - IP version
            match(left, {"set": [_value(text) for text in networks]})
        elif chain_takes_both(placement):
            match({"meta": {"key": "nfproto"}}, f"ipv{version}")
    match(
        {"payload": {"protocol": rule_spec.protocol.value, "field": port}},
        placement.port or rule_spec.port,
    )
    result.append({"accept" if rule_spec.effect is RuleEffect.ALLOW else "drop": None})
    return result


def chain_takes_both(placement: Placement) -> bool:
    """Return whether packets of both IP versions come to the rule's chain."""
    return placement.chain.key.family not in {"ip", "ip6"}


def _value(text: str) -> Any:
    address, _unused, length = text.partition("/")
    return {"prefix": {"addr": address, "len": int(length)}} if length else address
