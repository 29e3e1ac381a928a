"""Which chains run at a hook, and the rules that PortView does not follow. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.firewall.linux.traversal_result import UndecidableRule
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.packet import Packet
    from portview.firewall.linux.ruleset import Chain, Ruleset

IP_HOOKS = ("ingress", "prerouting", "input", "forward", "output", "postrouting", "egress")
"""The hooks of IP packets, in the order in which they come (nft(8), ADDRESS FAMILIES)."""
_BRIDGE_HOOKS = {True: ("prerouting", "input"), False: ("output", "postrouting")}
_IP_FAMILIES = frozenset({"ip", "ip6", "inet", "netdev"})
_PASSING = frozenset({"accept", "counter", "log", "continue", "comment"})


def chains_on(
    ruleset: Ruleset, machine: Machine, hook: str, version: int, device: str | None
) -> Sequence[Chain]:
    """Return the chains that packets run through at a hook, in their order."""
    families = {"inet", "ip" if version == 4 else "ip6"}  # noqa: PLR2004 - IP version
    if hook in {"ingress", "egress"}:
        families = {"inet", "netdev"}
        devices = {device, *machine.lower_of(device)}
        return [
            chain
            for chain in ruleset.base_chains
            if chain.hook == hook
            and chain.key.family in families
            and any(fits_device(one, wanted) for one in devices for wanted in chain.devices)
        ]
    return [
        chain
        for chain in ruleset.base_chains
        if chain.hook == hook and chain.key.family in families
    ]


def fits_device(name: str | None, wanted: str) -> bool:
    """Return whether a chain that is bound to a device, or to a pattern of names, sees another."""
    if name and wanted.endswith("*"):
        return name.startswith(wanted[:-1])
    return name == wanted


def unfollowed_rule(ruleset: Ruleset, machine: Machine, packet: Packet) -> UndecidableRule | None:
    """Return what may stop packets on a way that is not followed, None where nothing does."""
    return next(_unfollowed(ruleset, machine, packet), None)


def _unfollowed(ruleset: Ruleset, machine: Machine, packet: Packet) -> Iterator[UndecidableRule]:
    for table, flags in ruleset.odd_tables.items():
        yield UndecidableRule(
            None, _("the flag “{flags}” of table {table}").format(flags=flags, table=table)
        )
    is_in = not packet.is_local_source
    device = packet.inward if is_in else packet.outward
    for chain in ruleset.base_chains:
        family, hook = chain.key.family, chain.hook or ""
        if not _may_stop(chain):
            continue
        rule = chain.rules[0] if chain.rules else None
        if family == "bridge":
            if machine.is_bridge(device) and hook in _BRIDGE_HOOKS[is_in]:
                yield UndecidableRule(
                    rule,
                    _("what chain {chain_key} of the bridge lets pass").format(chain_key=chain.key),
                )
        elif family == "arp":
            if packet.version == 4:  # noqa: PLR2004 - IP version
                yield UndecidableRule(
                    rule,
                    _("what chain {chain_key} does to ARP, which finds neighbours").format(
                        chain_key=chain.key
                    ),
                )
        elif family not in _IP_FAMILIES or hook not in IP_HOOKS:
            yield UndecidableRule(
                rule,
                _("chain {chain_key} on the hook “{hook}”, which is not followed").format(
                    chain_key=chain.key, hook=hook
                ),
            )
        elif hook in {"ingress", "egress"} and _is_uncertain(chain, machine, packet, hook):
            yield UndecidableRule(
                rule, _("which packets come through chain {chain_key}").format(chain_key=chain.key)
            )


def _is_uncertain(chain: Chain, machine: Machine, packet: Packet, hook: str) -> bool:
    """Return whether nobody can say if packets pass a chain on a device."""
    if not chain.devices:
        return True
    if (hook == "ingress") == packet.is_local_source:
        return False
    device = packet.inward if hook == "ingress" else packet.outward
    if device is None:
        return True
    lower = machine.lower_of(device)
    # Of several ports of a bridge or a bond, one is on the way.
    return len(lower) > 1 and any(fits_device(one, two) for one in lower for two in chain.devices)


def _may_stop(chain: Chain) -> bool:
    """Return whether a chain may do anything but let packets pass."""
    if chain.policy != "accept":
        return True
    return any(set(one) - _PASSING for rule in chain.rules for one in rule.expressions)
