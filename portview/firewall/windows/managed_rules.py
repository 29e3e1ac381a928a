"""The rules that PortView made in Windows' firewall: their names, and how they are found again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.firewall import ManagedRule, RuleEffect, RuleSpec
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.tag import RuleTag, find_tag
from portview.firewall.windows.describe import shown_rule
from portview.firewall.windows.policy import Store, StoredRule
from portview.firewall.windows.programs import path_reader
from portview.firewall.windows.rule import WindowsRule, read_rule
from portview.firewall.windows.rule_string import parse_rule
from portview.firewall.windows.surroundings import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.firewall.windows.surroundings import Surroundings

_NAME = re.compile(
    r"PortView: (?P<effect>allow|block) (?P<protocol>TCP|UDP) (?P<port>[1-9][0-9]{0,4})"
    r" \[(?P<id>[a-z0-9]{4,20})\]"
)
_TAG_START = "portview:v1:"


@dataclass(frozen=True, slots=True)
class OwnName:
    """What the name of a rule of PortView's says. No two rules have one id, so none has one name.

    That matters because netsh removes every rule of a name.
    """

    effect: RuleEffect
    protocol: Protocol
    port: int
    id: str

    @property
    def text(self) -> str:
        """Return the name as it stands in the rule."""
        # untranslated: the name
        return (
            f"PortView: {self.effect.value} {self.protocol.value.upper()} {self.port} [{self.id}]"
        )


def read_own_name(text: str) -> OwnName | None:
    """Read a rule's name, None if it is not exactly one that PortView gives."""
    found = _NAME.fullmatch(text)
    if not found:
        return None
    return OwnName(
        RuleEffect(found["effect"]),
        Protocol(found["protocol"].lower()),
        int(found["port"]),
        found["id"],
    )


def managed_rules(
    rules: Iterable[StoredRule], surroundings: Surroundings
) -> tuple[ManagedRule, ...]:
    """Return those rules that PortView made: local ones whose name and description both say so."""
    found = []
    normal = path_reader(surroundings.variables)
    for stored in rules:
        if stored.store is Store.LOCAL and _TAG_START in stored.text:
            string = parse_rule(stored.text)
            name = read_own_name("".join(string.values("name")))
            tag = find_tag("".join(string.values("desc")))
            if name and tag and name.id == tag.id:
                rule = read_rule(stored, normal)
                found.append(
                    ManagedRule(
                        name.id, _rule_spec(name, tag, rule), shown_rule(rule, surroundings)
                    )
                )
    return tuple(sorted(found, key=lambda own: own.rule.name))


def _rule_spec(name: OwnName, tag: RuleTag, rule: WindowsRule) -> RuleSpec:
    remotes: tuple[str, ...] = ("any",)
    if rule.remote is not None:
        words = sorted({word.rpartition("/")[0] for word in rule.remote.keywords})
        remotes = (*words, *(span.text for span in rule.remote.spans))
    profiles = frozenset(Profile) if rule.profiles is None else rule.profiles
    return RuleSpec(
        name.effect,
        name.protocol,
        name.port,
        rule.program or None,
        remotes,
        tuple(profile.value for profile in Profile if profile in profiles),
        tag.expires_at_ms,
        tag.until,
    )
