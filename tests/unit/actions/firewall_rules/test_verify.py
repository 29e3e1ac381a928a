"""Whether a rule does what it is to do: for all its clients, and never where there are none."""

from __future__ import annotations

from itertools import product

import pytest

from portview.actions.firewall_rules.verify import ClientAnswer, RuleProof
from portview.domain.firewall import FirewallAnswer, FirewallVerdict, RuleEffect

ALLOWED, BLOCKED = FirewallVerdict.ALLOWED, FirewallVerdict.BLOCKED


def shown(*verdicts: FirewallVerdict) -> RuleProof:
    clients = tuple(
        ClientAnswer(f"192.0.2.{number}", f"192.0.2.{number}", FirewallAnswer(verdict, "Because."))
        for number, verdict in enumerate(verdicts)
    )
    return RuleProof(None, clients, FirewallAnswer(ALLOWED, "Because."))


@pytest.mark.parametrize("effect", [RuleEffect.ALLOW, RuleEffect.BLOCK])
def test_without_a_client_nothing_is_shown(effect: RuleEffect) -> None:
    assert not shown().holds(effect)
    assert shown().first_against(effect) is None


@pytest.mark.parametrize("verdicts", list(product(FirewallVerdict, repeat=2)))
def test_it_holds_only_where_each_client_experiences_it(
    verdicts: tuple[FirewallVerdict, ...],
) -> None:
    verification = shown(*verdicts)
    assert verification.holds(RuleEffect.ALLOW) == (set(verdicts) == {ALLOWED})
    assert verification.holds(RuleEffect.BLOCK) == (set(verdicts) == {BLOCKED})
    against = verification.first_against(RuleEffect.ALLOW)
    assert (against is None) == verification.holds(RuleEffect.ALLOW)
