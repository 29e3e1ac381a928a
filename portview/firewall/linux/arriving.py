"""Where packets for a port arrive once NAT rules have had their say. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from portview.domain.destination import ClientOrigin, Destination
from portview.domain.facts import Absent, Known, Unreadable
from portview.firewall.linux.deciding import packets_from_here, packets_from_others
from portview.firewall.linux.packet_traversal import PacketTraversal
from portview.firewall.linux.sentences import reported, scope_words
from portview.firewall.linux.traversal_result import TooManyCasesError, of_parts
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.facts import Fact
    from portview.domain.firewall import FirewallQuestion
    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.packet import Packet
    from portview.firewall.linux.ruleset import Ruleset
    from portview.firewall.linux.traversal_result import PacketFate, TraversalResult


def destinations(
    question: FirewallQuestion, origin: ClientOrigin, ruleset: Ruleset, machine: Machine
) -> Fact[tuple[Destination, ...]]:
    """Return where clients of one origin arrive; Absent where none does.

    What is dropped before NAT rules had their say arrives nowhere; what a filter drops later counts
    with the destination that it had by then.
    """
    is_here = origin is ClientOrigin.THIS_MACHINE
    packets = (packets_from_here if is_here else packets_from_others)(question, machine)
    if not packets:
        return Absent()
    walk = PacketTraversal(ruleset, machine)
    try:
        outcome = of_parts([walk.travel(packet) for packet in packets])
    except (TooManyCasesError, RecursionError):
        return Unreadable(_("the rule set is too complex to evaluate"))
    if unknown := _unknown_target(outcome):
        return Unreadable(unknown)
    arrived = [fate for fate in outcome.fates if fate.packet.is_placed]
    return Known(_grouped(arrived, packets, origin)) if arrived else Absent()


def _unknown_target(outcome: TraversalResult) -> str:
    """Return why nobody can say where packets go; a filter's doubts do not matter here."""
    undecidable = outcome.undecidable
    if undecidable is None or len({_target(fate) for fate in outcome.fates}) == 1:
        undecidable = next((fate.chance for fate in outcome.fates if fate.chance), None)
    if undecidable is None:
        return ""
    if undecidable.rule is None:
        return _("it depends on {what}").format(what=undecidable.what)
    return _("the rule “{rule_text}” depends on {what}").format(
        rule_text=undecidable.rule.text, what=undecidable.what
    )


def _target(fate: PacketFate) -> tuple[object, ...]:
    packet = fate.packet
    # Both IP versions of one redirect are one destination.
    daddr = None if packet.is_local_target else packet.daddr
    return (fate.sent_on_by, daddr, packet.dport, packet.is_local_target)


def _grouped(
    fates: list[PacketFate], asked: list[Packet], origin: ClientOrigin
) -> tuple[Destination, ...]:
    groups: dict[tuple[object, ...], list[PacketFate]] = {}
    for fate in fates:
        groups.setdefault(_target(fate), []).append(fate)
    return tuple(
        _destination(fates, asked, origin, is_all=len(groups) == 1) for fates in groups.values()
    )


def _destination(
    fates: list[PacketFate], asked: list[Packet], origin: ClientOrigin, *, is_all: bool
) -> Destination:
    packet, rule = fates[0].packet, fates[0].sent_on_by
    address = None
    if packet.called is not None and len({fate.packet.daddr for fate in fates}) == 1:
        number = packet.daddr[0][0]
        address = str(ip_address(number.to_bytes(4 if packet.version == 4 else 16)))  # noqa: PLR2004 - IP version
    return Destination(
        origin,
        packet.dport[0][0],
        address,
        packet.is_local_target,
        reported(rule) if rule is not None else None,
        is_all,
        "" if is_all else scope_words(fates, asked),
    )
