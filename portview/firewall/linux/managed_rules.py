"""The rules that PortView made, reported together by their id. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portview.domain.firewall import EVERYONE_OF, ManagedRule, RuleEffect, RuleSpec
from portview.firewall.linux.naming import matches_of, target_of
from portview.firewall.linux.nft_changes import tagged_rules
from portview.firewall.linux.sentences import reported
from portview.firewall.tag import find_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from portview.domain.sockets.socket_row import Protocol
    from portview.firewall.linux.ruleset import Rule, Ruleset


@dataclass(frozen=True, slots=True)
class ManagedRuleParts:
    """One rule of PortView's as a person wanted it, and the parts that it is made of."""

    own: ManagedRule
    rules: tuple[Rule, ...]


def managed_rule_parts(ruleset: Ruleset) -> list[ManagedRuleParts]:
    """Return the rules in nftables that PortView made."""
    by_id: dict[str, list[Rule]] = {}
    for rule_id, rule in tagged_rules(ruleset):
        by_id.setdefault(rule_id, []).append(rule)
    found = []
    for rule_id, rules in by_id.items():
        if rule_spec := _rule_spec(rules):
            found.append(
                ManagedRuleParts(ManagedRule(rule_id, rule_spec, reported(rules[0])), tuple(rules))
            )
    return found


def _rule_spec(rules: Sequence[Rule]) -> RuleSpec | None:
    """Return what the parts of a rule do together; None for what PortView would not make."""
    tag = find_tag(rules[0].comment)
    target: tuple[Protocol, int] | None = None
    is_allow = False
    for rule in rules:
        is_allow = any("accept" in one for one in rule.expressions)
        target = target or target_of(rule.expressions)
    if target is None or tag is None:
        return None
    return RuleSpec(
        RuleEffect.ALLOW if is_allow else RuleEffect.BLOCK,
        *target,
        remotes=joined_remotes(text for rule in rules for text in remotes_of(rule)),
        profiles=(),
        expires_at_ms=tag.expires_at_ms,
        until=tag.until,
    )


def remotes_of(rule: Rule) -> Iterator[str]:
    """Yield whom a rule is about, as the remote side of a rule specification names them."""
    texts = list(_source_texts(rule.expressions))
    yield from texts or [_everyone_of(rule)]


def joined_remotes(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the remote side of a rule that is made of several, each part once."""
    found = tuple(dict.fromkeys(texts))
    is_any = "any" in found or set(EVERYONE_OF.values()) <= set(found)
    return ("any",) if is_any else found


def _everyone_of(rule: Rule) -> str:
    versions = {4, 6} & {{"ip": 4, "ip6": 6}.get(rule.chain.family, 0)}
    for left, right in matches_of(rule.expressions):
        if left == {"meta": {"key": "nfproto"}}:
            versions = {number for number in EVERYONE_OF if right == f"ipv{number}"}
    return EVERYONE_OF[versions.pop()] if versions else "any"


def _source_texts(expressions: Iterable[Any]) -> Iterator[str]:
    """Yield the addresses and networks that a rule is about; none for all."""
    for left, right in matches_of(expressions):
        payload = left.get("payload")
        if isinstance(payload, dict) and payload.get("field") in {"saddr", "daddr"}:
            elements = right.get("set", [right]) if isinstance(right, dict) else [right]
            for element in elements:
                if isinstance(element, dict) and "prefix" in element:
                    yield f"{element['prefix']['addr']}/{element['prefix']['len']}"
                elif isinstance(element, str):
                    yield element
