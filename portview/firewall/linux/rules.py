"""The rules of Linux as they were at one moment, and who keeps them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portview.domain.facts import Remedy, Unreadable
from portview.domain.firewall import (
    FirewallAnswer,
    FirewallQuestion,
    FirewallStatus,
    FirewallVerdict,
    ManagedRule,
)
from portview.firewall.linux.arriving import destinations
from portview.firewall.linux.deciding import decide
from portview.firewall.linux.firewalld import profiles_of
from portview.firewall.linux.ruleset import BUILT_IN_CHAINS, Ruleset, targets_of
from portview.i18n import N_, _, join_sentences, ngettext, without_full_stop

if TYPE_CHECKING:
    from portview.domain.destination import ClientOrigin, Destination
    from portview.domain.facts import Fact
    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.ruleset import Chain, Rule

_WAYS_IN = frozenset({"ingress", "prerouting", "input"})
_TITLES = {
    "ufw": N_("ufw manages the firewall of this machine."),
    "firewalld": N_("firewalld manages the firewall of this machine."),
    "iptables": N_("The firewall's rules are managed with iptables."),
    "nftables": N_("The firewall's rules are managed with nftables."),
}


@dataclass(frozen=True, slots=True)
class LinuxRules:
    """All rules and what they refer to. ``ruleset`` is None where it could not be read."""

    generation: int
    ruleset: Ruleset | None
    machine: Machine
    status: FirewallStatus
    managed_rules: tuple[ManagedRule, ...] = ()

    def decide(self, question: FirewallQuestion) -> FirewallAnswer:
        """Return what happens to the traffic that the question describes."""
        if self.ruleset is None:
            status = self.status
            return FirewallAnswer(FirewallVerdict.UNKNOWN, status.problem, next_step=status.hint)
        answer = decide(question, self.ruleset, self.machine)
        zones = tuple(profile.name for profile in self.status.profiles if profile.is_active)
        return replace(answer, profiles=zones) if zones else answer

    def destinations(
        self, question: FirewallQuestion, origin: ClientOrigin
    ) -> Fact[tuple[Destination, ...]]:
        """Return where clients that call a port arrive."""
        if self.ruleset is None:
            return _unread(self.status)
        return destinations(question, origin, self.ruleset, self.machine)


def _unread(status: FirewallStatus) -> Unreadable:
    """Return why the rules are not known, with the remedy."""
    remedy = Remedy.ADMINISTRATOR if "root" in status.problem else Remedy.TOOL
    return Unreadable(without_full_stop(status.problem), remedy)


def manager_of(ruleset: Ruleset) -> str:
    """Return who keeps the rules: "firewalld", "ufw", "iptables", "nftables" or "none"."""
    acting = [chain for chain in ruleset.base_chains if _acts(chain)]
    if any(key.table == "firewalld" for key in ruleset.chains):
        return "firewalld"
    targets = {target for rule in ruleset.order for target in targets_of(rule)}
    if targets & {"ufw-before-input", "ufw6-before-input"}:
        return "ufw"
    if targets & {"INPUT_ZONES", "IN_public"}:
        return "firewalld"
    if not acting:
        return "none"
    filtering = [chain for chain in acting if chain.hook in _WAYS_IN and chain.kind == "filter"]
    if all(_is_of_iptables(chain) for chain in filtering or acting):
        return "iptables"
    return "nftables"


def status_of(ruleset: Ruleset, machine: Machine) -> FirewallStatus:
    """Return the state of the firewall as the rules themselves show it."""
    manager = manager_of(ruleset)
    is_on = any(
        chain.hook in _WAYS_IN and _acts(chain) and chain.kind == "filter"
        for chain in ruleset.base_chains
    )
    count = ruleset.rule_count
    sentence = _("No firewall is set up on this machine.")
    if manager in _TITLES:
        counted = ngettext("There is {count} rule.", "There are {count} rules.", count)
        sentence = join_sentences(_(_TITLES[manager]), counted.format(count=count))
    if any(
        key.name.startswith("DOCKER") or key.table == "docker-bridges" for key in ruleset.chains
    ):
        sentence = join_sentences(
            sentence, _("Docker adds rules of its own for the ports that it publishes.")
        )
    profiles = profiles_of(ruleset, machine) if manager == "firewalld" else ()
    return FirewallStatus(manager, is_on, sentence, profiles, count)


def takes_note(rule: Rule) -> bool:
    """Return whether a rule has the kernel log what it matches."""
    return any(
        "log" in one or one.get("xt") == {"type": "target", "name": "LOG"}
        for one in rule.expressions
    )


def _acts(chain: Chain) -> bool:
    return bool(chain.rules) or chain.policy == "drop"


def _is_of_iptables(chain: Chain) -> bool:
    return chain.key.family in {"ip", "ip6"} and chain.key.name in BUILT_IN_CHAINS
