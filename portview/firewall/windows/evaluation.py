"""The order in which Windows decides, over rules that are about some traffic.

A verdict is sought twice: once as if every doubtful block rule counted and no doubtful allow rule
did, and once the other way round. Where both agree, no doubt matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from portview.domain.firewall import FirewallVerdict, RuleEffect
from portview.firewall.windows.addresses import AddressSet
from portview.firewall.windows.fit import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portview.firewall.windows.fit import Match

ALLOWED, BLOCKED, PARTLY, UNKNOWN = (
    FirewallVerdict.ALLOWED,
    FirewallVerdict.BLOCKED,
    FirewallVerdict.PARTLY,
    FirewallVerdict.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A verdict and the rule that makes it; None where the default does."""

    verdict: FirewallVerdict
    match: Match | None = None


def evaluate(
    matches: Iterable[Match], families: frozenset[int], *, is_default_allow: bool
) -> Evaluation:
    """Decide over the rules of the firewall, in their order.

    Authenticated bypass, then block, then allow, then the default. A block rule beats every allow
    rule, however narrow this is.
    """
    sure, doubtful = _parted(matches)
    cautious = _decide(
        [*sure.blocks, *doubtful.blocks], sure, families, is_default_allow=is_default_allow
    )
    hopeful = _decide(
        sure.blocks, sure.joined(doubtful), families, is_default_allow=is_default_allow
    )
    if cautious.verdict is hopeful.verdict:
        return hopeful if cautious.verdict is BLOCKED else cautious
    if cautious.verdict is PARTLY:
        return cautious
    # What stops the reasoning: an allow rule in doubt where nothing sure allows, else a block rule.
    without = _decide(sure.blocks, sure, families, is_default_allow=is_default_allow)
    stopping = doubtful.opening if without.verdict is BLOCKED else doubtful.blocks
    return Evaluation(UNKNOWN, stopping[0])


def evaluate_hardening(matches: Iterable[Match], families: frozenset[int]) -> Evaluation:
    """Decide whether service hardening or app isolation keeps the traffic out.

    There an allow rule is an exception from a block rule; what neither is about continues to the
    rules of the firewall.
    """
    sure, doubtful = _parted(matches)

    def decide(blocks: Sequence[Match], allows: Sequence[Match]) -> Evaluation:
        if not blocks or _whole(allows, families):
            return Evaluation(ALLOWED)
        whole = _whole(blocks, families)
        if whole and not allows:
            return Evaluation(BLOCKED, whole)
        return Evaluation(PARTLY, blocks[0])

    cautious = decide([*sure.blocks, *doubtful.blocks], sure.allows)
    hopeful = decide(sure.blocks, [*sure.allows, *doubtful.allows])
    if cautious.verdict is hopeful.verdict:
        return cautious
    return cautious if cautious.verdict is PARTLY else Evaluation(UNKNOWN, cautious.match)


@dataclass(frozen=True, slots=True)
class _Rules:
    bypasses: tuple[Match, ...]
    blocks: tuple[Match, ...]
    allows: tuple[Match, ...]

    @property
    def opening(self) -> tuple[Match, ...]:
        return (*self.bypasses, *self.allows)

    def joined(self, other: _Rules) -> _Rules:
        return _Rules(
            (*self.bypasses, *other.bypasses),
            (*self.blocks, *other.blocks),
            (*self.allows, *other.allows),
        )


def _parted(matches: Iterable[Match]) -> tuple[_Rules, _Rules]:
    """Return the sure and the doubtful rules. One whose effect is not known may be either kind."""
    matches = list(matches)

    def rules(some: Sequence[Match]) -> _Rules:
        def of(*effects: RuleEffect) -> tuple[Match, ...]:
            return tuple(match for match in some if match.rule.effect in effects)

        return _Rules(
            of(RuleEffect.BYPASS),
            of(RuleEffect.BLOCK, RuleEffect.OTHER),
            of(RuleEffect.ALLOW, RuleEffect.OTHER),
        )

    return (
        rules([match for match in matches if not match.doubts]),
        rules([match for match in matches if match.doubts]),
    )


def _decide(
    blocks: Sequence[Match],
    rules: _Rules,
    families: frozenset[int],
    *,
    is_default_allow: bool,
) -> Evaluation:
    whole_block = _whole(blocks, families)
    if whole_block:
        return (
            Evaluation(PARTLY, rules.bypasses[0])
            if rules.bypasses
            else Evaluation(BLOCKED, whole_block)
        )
    whole_allow = _whole(rules.allows, families)
    if whole_allow or is_default_allow:
        return Evaluation(PARTLY, blocks[0]) if blocks else Evaluation(ALLOWED, whole_allow)
    blocked = _union(blocks)
    left = [
        match
        for match in rules.allows
        if not any(block.region.covers(match.region) for block in blocks)
        and not blocked.covers(match.region)
    ]
    opening = [*rules.bypasses, *left]
    return Evaluation(PARTLY, opening[0]) if opening else Evaluation(BLOCKED)


def _whole(matches: Sequence[Match], families: frozenset[int]) -> Match | None:
    """Return a rule that is about all of the traffic, or the first of some that are together."""
    for match in matches:
        if match.region.is_all:
            return match
    remote = _union(matches).remote
    return matches[0] if matches and remote and remote.covers_all(families) else None


def _union(matches: Iterable[Match]) -> Region:
    """Return what the rules that only name remote addresses are about together."""
    sets = [m.region.remote for m in matches if m.region.remote and not m.region.traffic]
    return Region(reduce(AddressSet.joined, sets, AddressSet()))
