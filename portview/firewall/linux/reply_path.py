"""Whether what a server answers gets out again: without that, no client is served. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portview.domain.firewall import FirewallVerdict
from portview.firewall.linux.machine import LOOPBACK
from portview.firewall.linux.traversal_result import PacketFate, TraversalResult, ended, of_parts

if TYPE_CHECKING:
    from portview.firewall.linux.packet import Packet
    from portview.firewall.linux.packet_traversal import PacketTraversal


def evaluate_round_trip(
    walk: PacketTraversal, back: PacketTraversal, packet: Packet
) -> TraversalResult:
    """Follow packets in, and the answers out again. Raises TooManyCasesError.

    ``back`` is a walk of its own, whose rules are about the answers.
    """
    outcome = walk.arrive(packet)
    if outcome.undecidable or outcome.verdict is FirewallVerdict.BLOCKED:
        return outcome
    parts = [_answered(fate, back) if fate.is_allowed else ended(fate) for fate in outcome.fates]
    is_unchanged = all(
        part.fates == (fate,) for part, fate in zip(parts, outcome.fates, strict=True)
    )
    return outcome if is_unchanged else of_parts(parts)


def _answered(fate: PacketFate, back: PacketTraversal) -> TraversalResult:
    """Return the end of packets that got in, by what becomes of the answers to them."""
    outcome = _follow(fate.packet, back)
    if outcome.verdict is FirewallVerdict.ALLOWED:
        return ended(fate)
    fates = tuple(_by_answer(fate, one) for one in outcome.fates)
    return TraversalResult(outcome.verdict, fates, outcome.undecidable)


def _by_answer(fate: PacketFate, answer: PacketFate) -> PacketFate:
    packet = _asked(fate.packet, answer.packet)
    if answer.is_allowed:
        return replace(fate, packet=packet)
    return replace(
        fate,
        packet=packet,
        effect=answer.effect,
        rule=answer.rule,
        chain=answer.chain,
        because=answer.because,
        is_answer=True,
    )


def _follow(packet: Packet, back: PacketTraversal) -> TraversalResult:
    answer = replace(
        packet,
        saddr=packet.daddr,
        daddr=packet.saddr,
        sport=packet.dport,
        dport=packet.sport,
        inward=packet.outward,
        outward=packet.inward,
        tracked="untracked" if packet.tracked == "untracked" else "established",
        is_local_source=packet.is_local_target,
        is_local_target=False,
        mark=None,
    )
    if not packet.is_local_target:
        return back.arrive(answer)
    if packet.inward == LOOPBACK:
        # What a program of this machine sends goes out first, before it comes in.
        asked = replace(packet, inward="", outward=LOOPBACK, tracked="invalid")
        return of_parts([back.answer(asked), back.answer(answer)])
    return back.answer(answer)


def _asked(asked: Packet, answer: Packet) -> Packet:
    """Return the packets to which some of the answers belong."""
    is_turned = answer.tracked in {"established", "untracked"}
    if not is_turned:
        return asked
    return replace(asked, saddr=answer.daddr, sport=answer.dport)
