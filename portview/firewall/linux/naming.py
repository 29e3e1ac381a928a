"""What rules are called. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.domain.firewall import RuleEffect
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.tag import find_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portview.firewall.linux.ruleset import Rule

EFFECTS = {
    "accept": RuleEffect.ALLOW,
    "drop": RuleEffect.BLOCK,
    "reject": RuleEffect.REJECT,
}
"""What the last statement of a rule does."""


def rule_name(effect: RuleEffect, protocol: Protocol, port: int, rule_id: str) -> str:
    """Return what a rule of PortView's is called."""
    # untranslated: the name of a rule
    return f"PortView: {effect.value} {protocol.value.upper()} {port} [{rule_id}]"


def name_of(rule: Rule) -> str:
    """Return what a rule is called: by its comment, which for one of PortView's is a mark."""
    return managed_name_of(rule) or rule.comment or rule.text


def managed_name_of(rule: Rule) -> str:
    """Return what a rule that PortView made is called; empty for any other."""
    tag, target = find_tag(rule.comment), target_of(rule.expressions)
    if tag is None or target is None:
        return ""
    return rule_name(effect_of(rule), *target, tag.id)


def effect_of(rule: Rule) -> RuleEffect:
    """Return what a rule does in the end."""
    kinds = [next(iter(expression)) for expression in rule.expressions]
    return EFFECTS.get(kinds[-1], RuleEffect.OTHER) if kinds else RuleEffect.OTHER


def target_of(expressions: Iterable[Any]) -> tuple[Protocol, int] | None:
    """Return the one port that a rule is about, None for any other kind of rule."""
    for left, right in matches_of(expressions):
        payload = left.get("payload")
        # A rule about answers has the server's port as their source.
        is_port = isinstance(payload, dict) and payload.get("field") in {"dport", "sport"}
        if is_port and payload["protocol"] in set(Protocol) and isinstance(right, int):
            return Protocol(payload["protocol"]), right
    return None


def matches_of(expressions: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield what a rule compares: a field, and what it has to be."""
    for expression in expressions:
        match = expression.get("match")
        if isinstance(match, dict) and isinstance(left := match.get("left"), dict):
            yield left, match.get("right")
