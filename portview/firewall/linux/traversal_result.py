"""Where packets end up, and how several ends make one verdict. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portview.domain.firewall import FirewallVerdict, RuleEffect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.firewall.linux.packet import Packet
    from portview.firewall.linux.ruleset import Chain, Rule

MOST_LEAVES = 4000


class TooManyCasesError(Exception):
    """The rules distinguish more cases than are followed."""


@dataclass(frozen=True, slots=True)
class PacketFate:
    """The end of some packets.

    ``rule`` decided it, or the policy of ``chain``; neither where no rule is about them.
    ``sent_on_by`` is the rule that gave them another address or port, ``limiter`` the one that lets
    them this way only below (``is_below``) or above a ``rate``. ``because`` is a reason that is
    no rule's. ``is_answer`` where it is the server's answer that does not get
    out, ``is_later`` where the client's first packet gets in and a later one does not,
    ``is_unserved`` where they arrive at a port at which nothing listens. ``chance`` is what
    decides whether they come this way or to another target, where the verdict is the same.
    """

    packet: Packet
    effect: RuleEffect
    rule: Rule | None = None
    chain: Chain | None = None
    sent_on_by: Rule | None = None
    limiter: Rule | None = None
    rate: str = ""
    is_below: bool = True
    because: str = ""
    is_answer: bool = False
    is_later: bool = False
    is_unserved: bool = False
    chance: UndecidableRule | None = None

    @property
    def target(self) -> tuple[object, ...]:
        """Return what says where the packets go, equal for those that no rule sent elsewhere."""
        packet = self.packet
        changed = packet.daddr if packet.called is not None else None
        return (self.sent_on_by, packet.version, changed, packet.dport, packet.is_local_target)

    @property
    def is_allowed(self) -> bool:
        """Return whether they get through."""
        return self.effect is RuleEffect.ALLOW


@dataclass(frozen=True, slots=True)
class UndecidableRule:
    """The rule at which the reasoning ends, and what of it nobody can know in advance.

    ``rule`` is None where it is no rule's doing. ``is_answer`` where it is about what the server
    answers.
    """

    rule: Rule | None
    what: str
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class TraversalResult:
    """A verdict on a box of packets, and all the ends that it comes from."""

    verdict: FirewallVerdict
    fates: tuple[PacketFate, ...] = ()
    undecidable: UndecidableRule | None = None


def ended(fate: PacketFate) -> TraversalResult:
    """Return the outcome of packets that all end alike."""
    verdict = FirewallVerdict.ALLOWED if fate.is_allowed else FirewallVerdict.BLOCKED
    return TraversalResult(verdict, (fate,))


def of_parts(parts: Sequence[TraversalResult]) -> TraversalResult:
    """Return the outcome of packets that are distinguished, from those of the parts."""
    if len(parts) == 1:
        return parts[0]
    fates = tuple(fate for part in parts for fate in part.fates)
    if len(fates) > MOST_LEAVES:
        raise TooManyCasesError
    undecidable = next((part.undecidable for part in parts if part.undecidable), None)
    if undecidable:
        return TraversalResult(FirewallVerdict.UNKNOWN, fates, undecidable)
    verdicts = {part.verdict for part in parts}
    verdict = verdicts.pop() if len(verdicts) == 1 else FirewallVerdict.PARTLY
    return TraversalResult(verdict, fates)


def of_choice(options: Sequence[TraversalResult], undecidable: UndecidableRule) -> TraversalResult:
    """Return the outcome where nobody knows in advance which of several it will be."""
    first = options[0]
    if all(option.verdict is first.verdict for option in options):
        if first.verdict in {FirewallVerdict.ALLOWED, FirewallVerdict.BLOCKED}:
            return _by_chance(options, undecidable)
        if all(option == first for option in options):
            return first
    if all(option.undecidable and option.undecidable == first.undecidable for option in options):
        return first
    fates = tuple(dict.fromkeys(fate for option in options for fate in option.fates))
    return TraversalResult(FirewallVerdict.UNKNOWN, fates[:MOST_LEAVES], undecidable)


def _by_chance(options: Sequence[TraversalResult], undecidable: UndecidableRule) -> TraversalResult:
    """Return the outcome of options with one verdict, which may lead to different places."""
    last = options[-1]
    if len({fate.target for option in options for fate in option.fates}) == 1:
        return last
    every = dict.fromkeys(fate for option in options for fate in option.fates)
    fates = tuple(fate if fate.chance else replace(fate, chance=undecidable) for fate in every)
    return TraversalResult(last.verdict, fates[:MOST_LEAVES])


def of_rate(
    below: TraversalResult, above: TraversalResult, limiter: UndecidableRule
) -> TraversalResult:
    """Return the outcome where a rate decides between two; ``limiter`` says which."""
    undecidable = below.undecidable or above.undecidable
    if below.verdict is above.verdict and not undecidable:
        return below if below.verdict is not FirewallVerdict.PARTLY else of_parts([below, above])
    fates = tuple(
        fate if fate.rate else replace(fate, limiter=limiter.rule, rate=limiter.what, is_below=side)
        for outcome, side in ((below, True), (above, False))
        for fate in outcome.fates
    )
    verdict = FirewallVerdict.UNKNOWN if undecidable else FirewallVerdict.PARTLY
    return TraversalResult(verdict, fates, undecidable)


def credited(outcome: TraversalResult, rule: Rule | None, chain: Chain) -> TraversalResult:
    """Name who let packets continue, for those that nothing later decided about."""

    def named(fate: PacketFate) -> PacketFate:
        if not fate.is_allowed or fate.rule or (rule is None and fate.chain):
            return fate
        return replace(fate, rule=rule, chain=chain)

    return replace(outcome, fates=tuple(map(named, outcome.fates)))


def sent_on(outcome: TraversalResult, rule: Rule) -> TraversalResult:
    """Name the rule that gave packets another address or port."""
    fates = tuple(
        fate if fate.sent_on_by else replace(fate, sent_on_by=rule) for fate in outcome.fates
    )
    return replace(outcome, fates=fates)
