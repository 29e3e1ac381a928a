"""What became of a rule: whether it is there, and what its clients experience now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from portview.actions.firewall_rules.query_context import is_loopback
from portview.actions.specs.rule_spec import ANY, LOCAL_SUBNET
from portview.domain.firewall import (
    EVERYONE_OF,
    LOCAL_SUBNET_OF,
    FirewallVerdict,
    RuleEffect,
)
from portview.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from portview.domain.firewall import (
        FirewallAnswer,
        FirewallQuestion,
        ManagedRule,
        RuleSpec,
    )
    from portview.firewall.interface import FirewallRules
    from portview.readers.local_subnets import LocalSubnet

EVERYONE = N_("any other machine")

_IPV4, _IPV6 = 4, 6
_ALL_OF_IPV4 = EVERYONE_OF[_IPV4].partition("/")[0]
_EVERYONE_WORDS = {
    EVERYONE_OF[_IPV4]: N_("any IPv4 address"),
    EVERYONE_OF[_IPV6]: N_("any IPv6 address"),
}
_FAR = {_IPV4: ("1.0.0.1", "223.255.255.254"), _IPV6: ("2000::1", "3fff:ffff::1")}
"""A first and a last address of those that machines far away have (RFC 1122, RFC 4291)."""


@dataclass(frozen=True, slots=True)
class ClientAnswer:
    """What one client of those that a rule is for experiences.

    ``clients`` names them ("192.168.1.0/24", "any other machine"), ``remote`` is the address that
    was asked for, None for all.
    """

    clients: str
    remote: str | None
    answer: FirewallAnswer


@dataclass(frozen=True, slots=True)
class RuleProof:
    """What a reading of the rules shows.

    ``own`` is the rule, None where it is not there. ``clients`` are the answers for those that the
    rule is for, ``whole`` is the answer for any other machine.
    """

    own: ManagedRule | None
    clients: tuple[ClientAnswer, ...]
    whole: FirewallAnswer

    def holds(self, effect: RuleEffect) -> bool:
        """Return whether all clients that the rule is for experience what it is to bring."""
        wanted = FirewallVerdict.ALLOWED if effect is RuleEffect.ALLOW else FirewallVerdict.BLOCKED
        return bool(self.clients) and all(
            client.answer.verdict is wanted for client in self.clients
        )

    def first_against(self, effect: RuleEffect) -> ClientAnswer | None:
        """Return the first client that experiences something else, with what decides it."""
        wanted = FirewallVerdict.ALLOWED if effect is RuleEffect.ALLOW else FirewallVerdict.BLOCKED
        return next(
            (client for client in self.clients if client.answer.verdict is not wanted), None
        )


def prove(
    rules: FirewallRules,
    rule_spec: RuleSpec,
    question: FirewallQuestion,
    subnets: Sequence[LocalSubnet],
    rule_id: str = "",
) -> RuleProof:
    """Look up the rule with an id and decide again for the clients that it is for. Pure."""
    asked = question
    if is_loopback(question.local_address):
        # Where the server listens is no matter of the rule, and is distinguished from it.
        asked = replace(question, local_address=None)
    clients = tuple(
        ClientAnswer(name, remote, rules.decide(_asked_for(name, remote, asked)))
        for name, remote in requested_clients(rule_spec, asked, subnets)
    )
    own = next((rule for rule in rules.managed_rules if rule_id and rule.id == rule_id), None)
    return RuleProof(own, clients, rules.decide(replace(asked, remote=None)))


def requested_clients(
    rule_spec: RuleSpec, question: FirewallQuestion, subnets: Iterable[LocalSubnet]
) -> Iterator[tuple[str, str | None]]:
    """Yield names of the clients that a rule is for, each with an address to ask for. Pure.

    A network is asked for by its first and its last address: what is decided for a part of it
    alone may escape that. Clients of the other address family than the server's are left out.
    """
    found = list(dict.fromkeys(_all_clients(rule_spec, question.local_address, subnets)))
    alike = [(name, remote) for name, remote in found if _is_alike(question.local_address, remote)]
    yield from alike or found or [(EVERYONE, None)]


def _all_clients(
    rule_spec: RuleSpec, local: str | None, subnets: Iterable[LocalSubnet]
) -> Iterator[tuple[str, str | None]]:
    for part in rule_spec.remotes:
        if part == ANY:
            yield EVERYONE, None
        elif part in _EVERYONE_WORDS:
            yield from _everyone_of(part, local)
        elif part in {LOCAL_SUBNET, *LOCAL_SUBNET_OF.values()}:
            versions = [number for number, word in LOCAL_SUBNET_OF.items() if word == part]
            for subnet in subnets:
                if versions and subnet.ip_version not in versions:
                    continue
                for neighbour in subnet.neighbours:
                    yield subnet.network, neighbour
        else:
            for remote in _ends(part):
                yield part, remote


def _everyone_of(part: str, local: str | None) -> Iterator[tuple[str, str | None]]:
    """Yield all clients of one IP version."""
    version = _IPV6 if part == EVERYONE_OF[_IPV6] else _IPV4
    if not _takes_both(local) and _version_of(local) == version:
        # Nobody else could come.
        yield EVERYONE, None
    elif _takes_both(local) and version == _IPV4:
        yield _EVERYONE_WORDS[part], None
    else:
        for remote in _FAR[version]:
            yield _EVERYONE_WORDS[part], remote


def _asked_for(name: str, remote: str | None, question: FirewallQuestion) -> FirewallQuestion:
    if name == _EVERYONE_WORDS[EVERYONE_OF[_IPV4]] and remote is None:
        # The question has no word for all clients of IPv4 but the address that they ask.
        question = replace(question, local_address=_ALL_OF_IPV4)
    return replace(question, remote=remote)


def _ends(part: str) -> tuple[str, ...]:
    """Return the first and the last address of a part of the remote side; none of what is else."""
    first, dash, last = part.partition("-")
    try:
        network = ip_network(part if not dash else first, strict=False)
        end = ip_network(last, strict=False) if dash else network
    except ValueError:
        # A rule that somebody changed may name more than PortView's own words.
        return ()
    return tuple(dict.fromkeys((str(network[0]), str(end[-1]))))


def _is_alike(local: str | None, remote: str | None) -> bool:
    if local is None or remote is None:
        return True
    return _takes_both(local) or _version_of(local) == _version_of(remote)


def _takes_both(local: str | None) -> bool:
    return local is None or ip_address(local.partition("%")[0]) == IPv6Address(0)


def _version_of(address: str | None) -> int:
    return ip_address((address or "").partition("%")[0]).version
