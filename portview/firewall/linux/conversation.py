"""What a client needs until it has its first data: a connection there and back. Pure.

TCP: the SYN in, the SYN-ACK out, the client's acknowledgement and data in, the server's data out.
UDP: one datagram in, one out. A client is served only where all of them get through.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portview.domain.facts import Absent
from portview.domain.firewall import FirewallVerdict, RuleEffect
from portview.firewall.linux.intervals import LAST_PORT
from portview.firewall.linux.machine import LOOPBACK
from portview.firewall.linux.packet import ACK, DATA, SYN, SYN_ACK, Packet, Target
from portview.firewall.linux.traversal_result import (
    PacketFate,
    TraversalResult,
    UndecidableRule,
    ended,
    of_choice,
    of_parts,
)
from portview.i18n import _

if TYPE_CHECKING:
    from portview.firewall.linux.intervals import Intervals
    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.packet_traversal import PacketTraversal

_HEADERS = {4: 20, 6: 40}
_LARGEST = 65575
_CLIENT, _SERVER = "client", "server"


@dataclass(frozen=True, slots=True)
class _Stage:
    """One packet of a conversation: who sends it, TCP's flags, and its size without IP's header.

    ``is_soft`` where a client that sends data at once does without it.
    """

    is_answer: bool
    flags: int
    size: tuple[int, int]
    is_soft: bool = False


_FIRST_SIZES = {"tcp": (24, 60), "udp": (8, LAST_PORT)}
_STAGES = {
    "tcp": (
        _Stage(is_answer=True, flags=SYN_ACK, size=(24, 60)),
        _Stage(is_answer=False, flags=ACK, size=(20, 60), is_soft=True),
        _Stage(is_answer=False, flags=DATA, size=(21, LAST_PORT)),
        _Stage(is_answer=True, flags=DATA, size=(21, LAST_PORT)),
    ),
    "udp": (_Stage(is_answer=True, flags=SYN, size=(8, LAST_PORT)),),
}


def first_packet_sizes(protocol: str, version: int) -> Intervals:
    """Return how long the first packet of an ordinary client can be, with all headers."""
    return _sizes(_FIRST_SIZES.get(protocol, (8, LAST_PORT)), version)


def _sizes(without_header: tuple[int, int], version: int) -> Intervals:
    header = _HEADERS[version]
    return ((without_header[0] + header, min(without_header[1] + header, _LARGEST)),)


@dataclass(frozen=True, slots=True)
class Conversations:
    """Follows conversations through one ruleset.

    ``there`` walks with the first packets, and notes which rules are about them; ``later`` walks
    with all that follow. ``sees_flags`` where rules look at TCP's flags, so that a packet without
    data may fare differently from one with data.
    """

    there: PacketTraversal
    later: PacketTraversal
    machine: Machine
    sees_flags: bool = True

    def follow(self, packet: Packet) -> TraversalResult:
        """Return what becomes of clients that send these packets. Raises TooManyCasesError."""
        outcome = self.there.travel(packet)
        if outcome.verdict is FirewallVerdict.BLOCKED:
            return outcome
        parts = [self._served(fate, packet) for fate in outcome.fates]
        if all(part.verdict is FirewallVerdict.BLOCKED for part in parts):
            return of_parts(parts)
        if outcome.undecidable:
            return outcome
        is_unchanged = all(
            part.fates == (fate,) for part, fate in zip(parts, outcome.fates, strict=True)
        )
        return outcome if is_unchanged else of_parts(parts)

    def _served(self, fate: PacketFate, asked: Packet) -> TraversalResult:
        """Return the end of clients whose first packets got in."""
        if not fate.is_allowed:
            return ended(fate)
        if self._has_no_listener(fate):
            effect = RuleEffect.REJECT
            return ended(replace(fate, effect=effect, rule=None, chain=None, is_unserved=True))
        end = fate.packet
        if end.tracked == "new" and not end.entry:
            end = replace(end, entry=_CLIENT)
        stages = _STAGES.get(end.protocol, ())
        if not self.sees_flags:
            stages = tuple(stage for stage in stages if not stage.is_soft)
        return self._go_on(replace(fate, packet=end), fate, asked, stages)

    def _has_no_listener(self, fate: PacketFate) -> bool:
        packet = fate.packet
        if packet.called is None or not packet.is_local_target:
            return False
        addresses = [low for low, high in packet.daddr if low == high]
        listening = self.machine.surroundings.listeners_on(
            packet.protocol, packet.version, addresses, packet.dport[0][0]
        )
        return isinstance(listening, Absent)

    def _go_on(
        self, at: PacketFate, first: PacketFate, asked: Packet, stages: tuple[_Stage, ...]
    ) -> TraversalResult:
        """Return the end of clients after the stages that are left; ``at`` is how far they got."""
        if not stages:
            return ended(first)
        stage, *others = stages
        packet = _next_packet(stage, at.packet, first.packet, asked, self.machine)
        outcome = self.later.travel(packet)
        rest = tuple(others)
        if outcome.verdict is FirewallVerdict.BLOCKED and stage.is_soft:
            return self._without(outcome, at, first, asked, rest)
        parts = [self._after(fate, stage, first, asked, rest) for fate in outcome.fates]
        if outcome.undecidable and not all(
            part.verdict is FirewallVerdict.BLOCKED for part in parts
        ):
            fates = tuple(fate for part in parts for fate in part.fates)
            undecidable = replace(outcome.undecidable, is_answer=stage.is_answer)
            return TraversalResult(FirewallVerdict.UNKNOWN, fates, undecidable)
        return of_parts(parts)

    def _without(
        self,
        outcome: TraversalResult,
        at: PacketFate,
        first: PacketFate,
        asked: Packet,
        stages: tuple[_Stage, ...],
    ) -> TraversalResult:
        """Return the end where an acknowledgement without data does not get through."""
        stage = _Stage(is_answer=False, flags=ACK, size=(0, 0))
        blocked = of_parts([self._after(fate, stage, first, asked, ()) for fate in outcome.fates])
        skipped = self._go_on(at, first, asked, stages)
        rule = next((fate.rule for fate in outcome.fates if fate.rule), None)
        return of_choice(
            [blocked, skipped], UndecidableRule(rule, _("whether the client sends data first"))
        )

    def _after(
        self,
        fate: PacketFate,
        stage: _Stage,
        first: PacketFate,
        asked: Packet,
        stages: tuple[_Stage, ...],
    ) -> TraversalResult:
        """Return the end of those clients that one end of a stage is about."""
        clients = _clients_of(fate.packet, first.packet, is_answer=stage.is_answer)
        narrowed = replace(first, packet=clients)
        if fate.rate and not narrowed.rate:
            narrowed = replace(
                narrowed, rate=fate.rate, limiter=fate.limiter, is_below=fate.is_below
            )
        if fate.is_allowed:
            got = fate.packet
            if got.tracked == "new" and not got.entry:
                got = replace(got, entry=_SERVER if stage.is_answer else _CLIENT)
            return self._go_on(replace(fate, packet=got), narrowed, asked, stages)
        return ended(
            replace(
                narrowed,
                effect=fate.effect,
                rule=fate.rule,
                chain=fate.chain,
                because=fate.because,
                is_answer=stage.is_answer,
                is_later=not stage.is_answer,
            )
        )


def _next_packet(
    stage: _Stage, before: Packet, end: Packet, asked: Packet, machine: Machine
) -> Packet:
    """Return the packet of a stage. ``end`` is the client's first packet where it arrived."""
    entry = before.entry
    sender = _SERVER if stage.is_answer else _CLIENT
    is_tracked = bool(entry)
    becomes = "established" if is_tracked else _without_entry(end.protocol, stage.flags)
    common: dict[str, Any] = {
        "flags": stage.flags if end.protocol == "tcp" else 0,
        "length": _sizes(stage.size, end.version),
        "tracked": "invalid",
        "becomes": becomes,
        "is_reply": is_tracked and sender != entry,
        "entry": entry,
        "mark": 0,
        "ct_mark": before.ct_mark if is_tracked else 0,
        "is_placed": True,
    }
    if stage.is_answer:
        return _answer(end, asked, machine, common)
    target = None
    daddr, dport = end.daddr, end.dport
    if end.called is not None:
        daddr, dport = end.called
        target = Target(end.daddr, end.dport, end.is_local_target, end.outward)
    return replace(
        asked,
        saddr=end.saddr,
        sport=end.sport,
        daddr=daddr,
        dport=dport,
        called=end.called,
        target=target,
        **common,
    )


def _answer(end: Packet, asked: Packet, machine: Machine, common: dict[str, Any]) -> Packet:
    """Return what the server answers: out of this machine, or on through it."""
    is_from_here = end.is_local_target
    is_for_here = asked.is_local_source
    ttl: Intervals = ((1, 255),)
    if is_from_here and end.version == 4:  # noqa: PLR2004 - IP version
        ttl = ((machine.surroundings.ttl,) * 2,)
    return replace(
        end,
        saddr=end.daddr,
        daddr=end.saddr,
        sport=end.dport,
        dport=end.sport,
        inward="" if is_from_here else end.outward,
        outward=(LOOPBACK if is_for_here else asked.inward) if is_from_here else _back_to(asked),
        is_local_source=is_from_here,
        is_local_target=is_for_here,
        target=None,
        ttl=ttl,
        **common,
    )


def _back_to(asked: Packet) -> str | None:
    """Return by which interface an answer that passes through this machine leaves it."""
    return "" if asked.is_local_source else asked.inward


def _without_entry(protocol: str, flags: int) -> str:
    """Return what connection tracking says of a packet of a conversation that it does not know.

    It takes up TCP in the middle (net.netfilter.nf_conntrack_tcp_loose), but not with a SYN-ACK.
    """
    return "invalid" if protocol == "tcp" and flags == SYN_ACK else "new"


def _clients_of(packet: Packet, first: Packet, *, is_answer: bool) -> Packet:
    """Return the first packets of those clients that a later packet belongs to."""
    if is_answer:
        return replace(first, saddr=packet.daddr, sport=packet.dport)
    return replace(first, saddr=packet.saddr, sport=packet.sport)
