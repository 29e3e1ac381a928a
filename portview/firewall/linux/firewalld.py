"""Rules kept by firewalld: its zones as they show in nftables, and the commands that change them.

A rich rule has no comment. Its ``nflog`` part has a prefix, though, and sends what it logs to a
group of listeners; PortView names a group that nobody listens to, and keeps its mark there
(firewalld.richlanguage(5)).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portview.domain.firewall import EVERYONE_OF, ManagedRule, ProfileState, RuleEffect, RuleSpec
from portview.firewall.linux.managed_rules import joined_remotes, remotes_of
from portview.firewall.linux.naming import rule_name, target_of
from portview.firewall.linux.sentences import reported
from portview.firewall.tag import RuleTag, find_tag, format_tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.nft_changes import Command
    from portview.firewall.linux.ruleset import Expression, Rule, Ruleset
    from portview.firewall.linux.scope import Scope

TABLE = "firewalld"
_GROUP = 65535
_FIRST = -100
_ZONE = re.compile(r"filter_IN_(?P<zone>[\w-]+?)(?:_(?:pre|log|deny|allow|post))?")
_ENDS = {"accept": RuleEffect.ALLOW, "drop": RuleEffect.BLOCK, "reject": RuleEffect.REJECT}


def zones_of(ruleset: Ruleset, machine: Machine) -> tuple[str, ...]:
    """Return the zones that the interfaces of this machine are in, loopback aside."""
    found: dict[str, None] = {}
    for interface in machine.outer():
        for rule in _dispatching(ruleset):
            names = [right for left, right in _compared(rule) if _is_interface(left)]
            if all(_fits(interface.name, name) for name in names) and (zone := _goal(rule)):
                found.setdefault(zone)
                break
    return tuple(found)


def profiles_of(ruleset: Ruleset, machine: Machine) -> tuple[ProfileState, ...]:
    """Return the zones that are in use, and what each does with what no rule of it matches."""
    active = zones_of(ruleset, machine)
    names = dict.fromkeys([*active, *filter(None, map(_goal, _dispatching(ruleset)))])
    return tuple(
        ProfileState(name, name in active, inbound_default=_default(ruleset, name))
        for name in names
    )


def managed_rules(ruleset: Ruleset) -> tuple[ManagedRule, ...]:
    """Return the rules that PortView had firewalld make, those with one id as one."""
    by_id: dict[str, list[Rule]] = {}
    for tag, rule in _marked(ruleset):
        by_id.setdefault(tag.id, []).append(rule)
    found = []
    for rule_id, rules in by_id.items():
        mark = find_tag(_prefix(rules[0]))
        target = target_of(rules[0].expressions)
        effect = _effect(rules[0], ruleset)
        if mark is None or target is None or effect is None:
            continue
        rule_spec = RuleSpec(
            effect,
            *target,
            remotes=joined_remotes(text for rule in rules for text in remotes_of(rule)),
            profiles=(),
            expires_at_ms=mark.expires_at_ms,
            until=mark.until,
        )
        name = rule_name(effect, *target, rule_id)
        found.append(ManagedRule(rule_id, rule_spec, replace(reported(rules[0]), name=name)))
    return tuple(found)


def plan_rule(
    rule_spec: RuleSpec,
    scope: Scope,
    tag: str,
    zones: Sequence[str],
    *,
    now_ms: int,
    is_first: bool,
) -> tuple[Command, ...]:
    """Return the commands that have firewalld make a rule in some zones.

    One with an end is made for now only, so that a restart ends it as well, and firewalld itself
    takes it back in time. ``is_first`` puts it before what the zone denies.
    """
    rules = [
        rich_rule(rule_spec, source, tag, is_first=is_first)
        for source in (["any"] if scope.is_any else [*scope.networks(4), *scope.networks(6)])
    ]
    added = tuple(f"--add-rich-rule={rule}" for rule in rules)
    commands: list[Command] = []
    for zone in zones:
        where = ("firewall-cmd", f"--zone={zone}")
        if rule_spec.expires_at_ms is not None:
            seconds = max(1, (rule_spec.expires_at_ms - now_ms) // 1000)
            commands.append((*where, f"--timeout={seconds}", *added))
            continue
        commands.append((*where, *added))
        if rule_spec.until is None:
            commands.append((*where, "--permanent", *added))
    return tuple(commands)


def plan_removal(own: ManagedRule, ruleset: Ruleset) -> tuple[Command, ...]:
    """Return the commands that have firewalld remove a rule wherever it is."""
    rule_spec = own.rule_spec
    tag = format_tag(RuleTag(own.id, rule_spec.expires_at_ms, rule_spec.until))
    zones: dict[str, bool] = {}
    for found, rule in _marked(ruleset):
        name = _ZONE.fullmatch(rule.chain.name)
        if found.id == own.id and name:
            zones[name["zone"]] = rule.chain.name.endswith("_pre")
    commands: list[Command] = []
    for zone, is_first in zones.items():
        rules = [
            rich_rule(rule_spec, source, tag, is_first=is_first) for source in rule_spec.remotes
        ]
        removed = tuple(f"--remove-rich-rule={rule}" for rule in rules)
        where = ("firewall-cmd", f"--zone={zone}")
        commands.append((*where, *removed))
        if rule_spec.expires_at_ms is None and rule_spec.until is None:
            commands.append((*where, "--permanent", *removed))
    return tuple(commands)


def rich_rule(rule_spec: RuleSpec, source: str, tag: str, *, is_first: bool) -> str:
    """Return a rule in firewalld's rich language."""
    first = f' priority="{_FIRST}"' if is_first else ""
    family = "ipv6" if ":" in source else "ipv4"
    whom = "" if source == "any" else f' family="{family}"'
    if whom and source not in EVERYONE_OF.values():
        whom += f' source address="{source}"'  # untranslated: a rich rule
    # untranslated: a rich rule
    port = f'port port="{rule_spec.port}" protocol="{rule_spec.protocol.value}"'
    mark = f'nflog group="{_GROUP}" prefix="{tag}"'  # untranslated: a rich rule
    end = "accept" if rule_spec.effect is RuleEffect.ALLOW else "drop"
    return f"rule{first}{whom} {port} {mark} {end}"


def _dispatching(ruleset: Ruleset) -> Iterator[Rule]:
    """Yield the rules that send packets to zones by their interface."""
    for key, chain in ruleset.chains.items():
        if key.table == TABLE and key.name == "filter_INPUT_ZONES":
            yield from chain.rules


def _goal(rule: Rule) -> str | None:
    for expression in rule.expressions:
        body = expression.get("goto") or expression.get("jump")
        found = _ZONE.fullmatch(str(body.get("target"))) if isinstance(body, dict) else None
        if found:
            return found["zone"]
    return None


def _compared(rule: Rule) -> Iterator[tuple[Any, Any]]:
    for expression in rule.expressions:
        match = expression.get("match")
        if isinstance(match, dict):
            yield match.get("left"), match.get("right")


def _is_interface(left: Any) -> bool:
    return left in ({"meta": {"key": "iifname"}}, {"meta": {"key": "iif"}})


def _fits(name: str, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return any(_fits(name, one) for one in wanted.get("set", ()))
    text = str(wanted)
    return name.startswith(text[:-1]) if text.endswith("*") else name == text


def _default(ruleset: Ruleset, zone: str) -> RuleEffect:
    for key, chain in ruleset.chains.items():
        if key.table == TABLE and key.name == f"filter_IN_{zone}" and chain.rules:
            last = chain.rules[-1].expressions
            return _ENDS.get(next(iter(last[-1]), "") if last else "", RuleEffect.BLOCK)
    return RuleEffect.BLOCK


def _marked(ruleset: Ruleset) -> Iterator[tuple[RuleTag, Rule]]:
    for key, chain in ruleset.chains.items():
        if key.table != TABLE:
            continue
        for rule in chain.rules:
            tag = find_tag(_prefix(rule))
            if tag:
                yield tag, rule


def _prefix(rule: Rule) -> str:
    for expression in rule.expressions:
        body = expression.get("log")
        if isinstance(body, dict):
            return str(body.get("prefix", ""))
    return ""


def _effect(marked: Rule, ruleset: Ruleset) -> RuleEffect | None:
    """Return what the rule does that stands beside the one with the mark."""
    matches = _matches(marked)
    stem = re.sub(r"_(?:pre|log)$", "", marked.chain.name)
    for key, chain in ruleset.chains.items():
        if key.table == TABLE and key.name.startswith(stem):
            for rule in chain.rules:
                last = next(iter(rule.expressions[-1]), "") if rule.expressions else ""
                if last in {"accept", "drop"} and _matches(rule) == matches:
                    return _ENDS[last]
    return None


def _matches(rule: Rule) -> list[Expression]:
    return [expression for expression in rule.expressions if "match" in expression]
