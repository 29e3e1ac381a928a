"""Rules kept by ufw: its own list of them, and the commands that change it.

ufw writes each rule twice into /etc/ufw/user.rules: as lines for iptables, and as a comment that it
reads back itself ("### tuple ###", ufw's backend_iptables.py), which holds what the rule is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.firewall import EVERYONE_OF, FirewallRule, ManagedRule, RuleEffect, RuleSpec
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.linux.managed_rules import joined_remotes
from portview.firewall.linux.naming import rule_name
from portview.firewall.linux.scope import unfit
from portview.firewall.tag import find_tag
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portview.firewall.linux.nft_changes import Command
    from portview.firewall.linux.scope import Scope

USER_CHAINS = ("ufw-user-input", "ufw6-user-input")
"""The chains in which ufw keeps the rules of people."""

_TUPLE = "### tuple ### "
_ANY = frozenset(EVERYONE_OF.values())
_ANY_IN_ORDER = list(EVERYONE_OF.values())
_EFFECTS = {
    "allow": RuleEffect.ALLOW,
    "deny": RuleEffect.BLOCK,
    "reject": RuleEffect.REJECT,
    "limit": RuleEffect.OTHER,
}


@dataclass(frozen=True, slots=True)
class UfwRule:
    """A rule for incoming traffic as ufw notes it. ``source`` is an address or a network.

    One for any client is two, one of each IP version, with the networks "0.0.0.0/0" and "::/0".
    """

    action: str
    protocol: str
    port: str
    source: str
    comment: str
    text: str

    @property
    def is_plain(self) -> bool:
        """Return whether it is of the kind that PortView makes."""
        return self.protocol in set(Protocol) and self.port.isdecimal()


def parse_user_rules(text: str) -> Iterator[UfwRule]:
    """Yield the rules in a user.rules or user6.rules file that name no interface or own address."""
    for line in text.splitlines():
        if not line.startswith(_TUPLE):
            continue
        head, _unused, comment = line.removeprefix(_TUPLE).partition(" comment=")
        words = head.split()
        if len(words) != 7 or words[6] != "in":  # noqa: PLR2004 - without application names
            continue
        action, protocol, port, target, _unused, source, _unused = words
        if target not in _ANY:
            continue
        yield UfwRule(
            action.partition("_")[0],
            protocol,
            port,
            source,
            _decoded(comment),
            head,
        )


def _decoded(comment: str) -> str:
    try:
        return bytes.fromhex(comment.strip()).decode("utf-8", "replace")
    except ValueError:
        return ""


def managed_rules(rules: Iterable[UfwRule]) -> tuple[ManagedRule, ...]:
    """Return the rules that PortView made, those with one id as one."""
    by_id: dict[str, list[UfwRule]] = {}
    for rule in rules:
        tag = find_tag(rule.comment)
        if tag and rule.is_plain and rule.action in {"allow", "deny"}:
            by_id.setdefault(tag.id, []).append(rule)
    return tuple(_own(rule_id, several) for rule_id, several in by_id.items())


def _own(rule_id: str, rules: list[UfwRule]) -> ManagedRule:
    first = rules[0]
    tag = find_tag(first.comment)
    assert tag  # noqa: S101 - it is what they were found by
    effect, protocol, port = _EFFECTS[first.action], Protocol(first.protocol), int(first.port)
    rule_spec = RuleSpec(
        effect,
        protocol,
        port,
        remotes=joined_remotes(rule.source for rule in rules),
        profiles=(),
        expires_at_ms=tag.expires_at_ms,
        until=tag.until,
    )
    name = rule_name(effect, protocol, port, rule_id)
    text = "; ".join(" ".join(command[2:]) for command in _removals(rule_spec))
    return ManagedRule(rule_id, rule_spec, FirewallRule(first.text, name, effect, "ufw", text))


def plan_rule(
    rule_spec: RuleSpec, scope: Scope, tag: str, known: Iterable[UfwRule], *, is_first: bool
) -> tuple[Command, ...]:
    """Return the commands that have ufw make a rule; before all others if ``is_first``.

    Clients that ufw has such a rule for are left out, because ufw would only change its comment.
    Raises PortViewError where none is left.
    """
    action = "allow" if rule_spec.effect is RuleEffect.ALLOW else "deny"
    sources = _ANY_IN_ORDER if scope.is_any else [*scope.networks(4), *scope.networks(6)]
    present = {
        (rule.action, rule.protocol, rule.port, rule.source) for rule in known if rule.is_plain
    }
    first = ("prepend",) if is_first else ()
    new = [
        source
        for source in sources
        if (action, rule_spec.protocol.value, str(rule_spec.port), source) not in present
    ]
    if not new:
        raise unfit(
            _("ufw has such a rule already: {words}.").format(
                words=" ".join(_words(action, rule_spec, sources[0]))
            ),
            _("Another rule decides; check all rules for this port."),
        )
    if scope.is_any and len(new) == len(sources):
        new = ["any"]
    return tuple(
        ("ufw", *first, *_words(action, rule_spec, source), "comment", tag) for source in new
    )


def plan_removal(own: ManagedRule) -> tuple[Command, ...]:
    """Return the commands that have ufw remove a rule."""
    return _removals(own.rule_spec)


def _removals(rule_spec: RuleSpec) -> tuple[Command, ...]:
    action = "allow" if rule_spec.effect is RuleEffect.ALLOW else "deny"
    return tuple(
        ("ufw", "delete", *_words(action, rule_spec, source)) for source in rule_spec.remotes
    )


def _words(action: str, rule_spec: RuleSpec, source: str) -> Command:
    where = ("to", "any", "port", str(rule_spec.port))
    return (action, "proto", rule_spec.protocol.value, "from", source, *where)
