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
    """The rules tell more cases apart than are followed."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """The end of some packets.

    ``rule`` decided it, or the policy of ``chain``; neither where no rule is about them.
    ``sent_on_by`` is the rule that gave them another address or port, ``limiter`` the one that lets
    them this way only below (``is_below``) or above a ``rate``. ``because`` is a reason that is
    no rule's. ``is_answer`` where it is the server's answer that does not get out. ``chance`` is
    what decides whether they come this way or to another target, where the verdict is the same.
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
    chance: Stopper | None = None

    @property
    def target(self) -> tuple[object, ...]:
        """Return what tells where the packets go, equal for those that no rule sent elsewhere."""
        packet = self.packet
        changed = packet.daddr if packet.called is not None else None
        return (self.sent_on_by, packet.version, changed, packet.dport, packet.is_local_target)

    @property
    def is_allowed(self) -> bool:
        """Tell whether they get through."""
        return self.effect is RuleEffect.ALLOW


@dataclass(frozen=True, slots=True)
class Stopper:
    """The rule at which the reasoning ends, and what of it nobody can know beforehand."""

    rule: Rule
    what: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict on a box of packets, and all the ends that it comes from."""

    verdict: FirewallVerdict
    leaves: tuple[Leaf, ...] = ()
    stopper: Stopper | None = None


def ended(leaf: Leaf) -> Outcome:
    """Return the outcome of packets that all end alike."""
    verdict = FirewallVerdict.ALLOWED if leaf.is_allowed else FirewallVerdict.BLOCKED
    return Outcome(verdict, (leaf,))


def of_parts(parts: Sequence[Outcome]) -> Outcome:
    """Return the outcome of packets that are told apart, from those of the parts."""
    if len(parts) == 1:
        return parts[0]
    leaves = tuple(leaf for part in parts for leaf in part.leaves)
    if len(leaves) > MOST_LEAVES:
        raise TooManyCasesError
    stopper = next((part.stopper for part in parts if part.stopper), None)
    if stopper:
        return Outcome(FirewallVerdict.UNKNOWN, leaves, stopper)
    verdicts = {part.verdict for part in parts}
    verdict = verdicts.pop() if len(verdicts) == 1 else FirewallVerdict.PARTLY
    return Outcome(verdict, leaves)


def of_choice(options: Sequence[Outcome], stopper: Stopper) -> Outcome:
    """Return the outcome where nobody knows beforehand which of several it will be."""
    first = options[0]
    if all(option.verdict is first.verdict for option in options):
        if first.verdict in {FirewallVerdict.ALLOWED, FirewallVerdict.BLOCKED}:
            return _by_chance(options, stopper)
        if all(option == first for option in options):
            return first
    if all(option.stopper and option.stopper == first.stopper for option in options):
        return first
    leaves = tuple(dict.fromkeys(leaf for option in options for leaf in option.leaves))
    return Outcome(FirewallVerdict.UNKNOWN, leaves[:MOST_LEAVES], stopper)


def _by_chance(options: Sequence[Outcome], stopper: Stopper) -> Outcome:
    """Return the outcome of options with one verdict, which may lead to different places."""
    last = options[-1]
    if len({leaf.target for option in options for leaf in option.leaves}) == 1:
        return last
    every = dict.fromkeys(leaf for option in options for leaf in option.leaves)
    leaves = tuple(leaf if leaf.chance else replace(leaf, chance=stopper) for leaf in every)
    return Outcome(last.verdict, leaves[:MOST_LEAVES])


def of_rate(below: Outcome, above: Outcome, limiter: Stopper) -> Outcome:
    """Return the outcome where a rate decides between two; ``limiter`` says which."""
    stopper = below.stopper or above.stopper
    if below.verdict is above.verdict and not stopper:
        return below if below.verdict is not FirewallVerdict.PARTLY else of_parts([below, above])
    leaves = tuple(
        leaf if leaf.rate else replace(leaf, limiter=limiter.rule, rate=limiter.what, is_below=side)
        for outcome, side in ((below, True), (above, False))
        for leaf in outcome.leaves
    )
    verdict = FirewallVerdict.UNKNOWN if stopper else FirewallVerdict.PARTLY
    return Outcome(verdict, leaves, stopper)


def credited(outcome: Outcome, rule: Rule | None, chain: Chain) -> Outcome:
    """Name who let packets go on, for those that nothing later had a word about."""

    def named(leaf: Leaf) -> Leaf:
        if not leaf.is_allowed or leaf.rule or (rule is None and leaf.chain):
            return leaf
        return replace(leaf, rule=rule, chain=chain)

    return replace(outcome, leaves=tuple(map(named, outcome.leaves)))


def sent_on(outcome: Outcome, rule: Rule) -> Outcome:
    """Name the rule that gave packets another address or port."""
    leaves = tuple(
        leaf if leaf.sent_on_by else replace(leaf, sent_on_by=rule) for leaf in outcome.leaves
    )
    return replace(outcome, leaves=leaves)
