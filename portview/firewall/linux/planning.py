"""Who is to make a rule, and what that takes: ufw, firewalld, or nft and iptables themselves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from portview.domain.firewall import RuleEffect
from portview.firewall.linux import firewalld, nft_changes, ufw
from portview.firewall.linux.nft_changes import Changes
from portview.firewall.linux.placing import obstacle_of, try_out
from portview.firewall.linux.ruleset import BUILT_IN_CHAINS
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portview.domain.firewall import RuleSpec
    from portview.firewall.linux.placing import Placement, Trial
    from portview.firewall.linux.rules import LinuxRules
    from portview.firewall.linux.ruleset import ChainKey
    from portview.firewall.linux.scope import Scope

_FIREWALLD_DENIES = ("_deny", "_pre")


def plan_rule(
    rule_spec: RuleSpec,
    scope: Scope,
    tag: str,
    rules: LinuxRules,
    ufw_rules: Callable[[], Iterable[ufw.UfwRule]],
) -> Changes:
    """Return the commands that make a rule, and what may keep it from helping.

    No commands where none is needed. Raises PortViewError.
    """
    if rules.ruleset is None:
        return Changes(())
    ruleset, machine, manager = rules.ruleset, rules.machine, rules.status.manager
    if not obstacle_of(rule_spec, scope, ruleset, machine):
        return Changes(())
    if manager not in {"ufw", "firewalld"}:
        return nft_changes.plan_rule(rule_spec, scope, tag, ruleset, machine)
    trial = try_out(rule_spec, scope, ruleset, machine)
    before = [place.chain.key.name for place in trial.placements if place.before is not None]
    is_block = rule_spec.effect is RuleEffect.BLOCK
    if manager == "ufw":
        is_first = is_block or any(name in ufw.USER_CHAINS for name in before)
        commands = ufw.plan_rule(rule_spec, scope, tag, ufw_rules(), is_first=is_first)
    else:
        commands = firewalld.plan_rule(
            rule_spec,
            scope,
            tag,
            firewalld.zones_of(ruleset, machine),
            now_ms=int(time.time() * 1000),
            is_first=is_block or any(name.endswith(_FIREWALLD_DENIES) for name in before),
        )
    obstacle = _obstacle(rule_spec, trial, _is_of_ufw if manager == "ufw" else _is_of_firewalld)
    is_runtime_only = manager == "firewalld" and not any("--permanent" in one for one in commands)
    return nft_changes.changes(commands, rule_spec, obstacle, lasts_until_restart=is_runtime_only)


def _obstacle(rule_spec: RuleSpec, trial: Trial, is_managed: Callable[[ChainKey], bool]) -> str:
    """Return what decides otherwise where the one who keeps the rules has no say."""
    alien = [place for place in trial.placements if not is_managed(place.chain.key)]
    if rule_spec.effect is RuleEffect.ALLOW and alien:
        return _("{place_words} blocks them as well").format(place_words=_place_words(alien[0]))
    return trial.obstacle


def _place_words(place: Placement) -> str:
    if place.before is None:
        return _("the policy of chain {chain_key}").format(chain_key=place.chain.key)
    return _("the rule “{before_text}” in chain {chain_key}").format(
        before_text=place.before.text, chain_key=place.chain.key
    )


def _is_of_ufw(key: ChainKey) -> bool:
    is_base = key.table == "filter" and key.name in BUILT_IN_CHAINS
    return is_base or key.name.startswith(("ufw-", "ufw6-"))


def _is_of_firewalld(key: ChainKey) -> bool:
    return key.table == firewalld.TABLE
