"""Whether what a server answers gets out again: without that, no client is served. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portview.domain.firewall import FirewallVerdict
from portview.firewall.linux.machine import LOOPBACK
from portview.firewall.linux.outcome import Leaf, Outcome, ended, of_parts

if TYPE_CHECKING:
    from portview.firewall.linux.packet import Packet
    from portview.firewall.linux.walk import Walk


def there_and_back(walk: Walk, back: Walk, packet: Packet) -> Outcome:
    """Follow packets in, and the answers out again. Raises TooManyCasesError.

    ``back`` is a walk of its own, whose rules are about the answers.
    """
    outcome = walk.arrive(packet)
    if outcome.stopper or outcome.verdict is FirewallVerdict.BLOCKED:
        return outcome
    parts = [_answered(leaf, back) if leaf.is_allowed else ended(leaf) for leaf in outcome.leaves]
    is_unchanged = all(
        part.leaves == (leaf,) for part, leaf in zip(parts, outcome.leaves, strict=True)
    )
    return outcome if is_unchanged else of_parts(parts)


def _answered(leaf: Leaf, back: Walk) -> Outcome:
    """Return the end of packets that got in, by what becomes of the answers to them."""
    outcome = _follow(leaf.packet, back)
    if outcome.verdict is FirewallVerdict.ALLOWED:
        return ended(leaf)
    leaves = tuple(_by_answer(leaf, one) for one in outcome.leaves)
    return Outcome(outcome.verdict, leaves, outcome.stopper)


def _by_answer(leaf: Leaf, answer: Leaf) -> Leaf:
    packet = _asked(leaf.packet, answer.packet)
    if answer.is_allowed:
        return replace(leaf, packet=packet)
    return replace(
        leaf,
        packet=packet,
        effect=answer.effect,
        rule=answer.rule,
        chain=answer.chain,
        because=answer.because,
        is_answer=True,
    )


def _follow(packet: Packet, back: Walk) -> Outcome:
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
