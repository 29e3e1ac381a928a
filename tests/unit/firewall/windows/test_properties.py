"""What must hold for every set of rules, whatever they say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from portview.domain.firewall import FirewallVerdict
from portview.firewall.windows.fit import match_rule, traffic_of
from portview.firewall.windows.index import RuleIndex
from portview.firewall.windows.programs import path_reader
from portview.firewall.windows.rule import read_rule
from portview.firewall.windows.surroundings import Surroundings
from tests.windows_rules import (
    VARIABLES,
    actives,
    firewall,
    policies,
    questions,
    stored_rules,
)

if TYPE_CHECKING:
    from portview.domain.firewall import FirewallQuestion
    from portview.firewall.windows.policy import StoredRule

some_rules = st.lists(stored_rules(), max_size=5, unique_by=lambda rule: (rule.store, rule.id))
on = st.just("TRUE")
blocks = stored_rules(actions=st.just("Block"), active=on)
allows = stored_rules(actions=st.just("Allow"), active=on)
off = stored_rules(active=st.just("FALSE"))
around = st.fixed_dictionaries({"active": actives, "policy": policies})

ALLOWED, BLOCKED = FirewallVerdict.ALLOWED, FirewallVerdict.BLOCKED


def answer(rules: list[StoredRule], where: dict[str, Any], question: FirewallQuestion) -> Any:
    return firewall(*rules, active=where["active"], **where["policy"]).decide(question)


@given(some_rules, around, questions, blocks)
def test_a_block_rule_never_opens_anything(
    rules: list[StoredRule], where: dict[str, Any], question: FirewallQuestion, block: StoredRule
) -> None:
    before = answer(rules, where, question).verdict
    after = answer([*rules, block], where, question).verdict
    if before is not ALLOWED:
        assert after is not ALLOWED
    if before is BLOCKED:
        assert after is BLOCKED


@given(some_rules, around, questions, allows)
def test_an_allow_rule_never_closes_anything(
    rules: list[StoredRule], where: dict[str, Any], question: FirewallQuestion, allow: StoredRule
) -> None:
    before = answer(rules, where, question).verdict
    after = answer([*rules, allow], where, question).verdict
    if before is ALLOWED:
        assert after is ALLOWED
    if before is not BLOCKED:
        assert after is not BLOCKED


@given(some_rules, around, questions, st.randoms())
def test_the_order_of_rules_never_matters(
    rules: list[StoredRule], where: dict[str, Any], question: FirewallQuestion, chance: Any
) -> None:
    shuffled = rules.copy()
    chance.shuffle(shuffled)
    assert answer(shuffled, where, question) == answer(rules, where, question)


@given(some_rules, around, questions, st.lists(off, max_size=3))
def test_rules_that_are_switched_off_change_nothing(
    rules: list[StoredRule],
    where: dict[str, Any],
    question: FirewallQuestion,
    more: list[StoredRule],
) -> None:
    assert answer([*more, *rules], where, question) == answer(rules, where, question)


@given(some_rules, around, questions)
def test_an_answer_is_whole(
    rules: list[StoredRule], where: dict[str, Any], question: FirewallQuestion
) -> None:
    found = answer(rules, where, question)
    assert found.reason.endswith(".")
    assert found.reason.isprintable()
    decisive = [match.rule for match in found.matches if match.decides]
    assert found.rule is None or found.rule in decisive
    assert all(match.rule.is_enabled for match in found.matches)


@given(some_rules, questions)
def test_the_index_leaves_no_rule_out(rules: list[StoredRule], question: FirewallQuestion) -> None:
    read = [read_rule(rule, path_reader(VARIABLES)) for rule in rules]
    traffic = traffic_of(question, Surroundings(variables=VARIABLES, version=(10, 0)))
    met = list(RuleIndex(rules, VARIABLES).about(traffic))
    assert all(rule in met for rule in read if match_rule(rule, traffic))


@given(some_rules, around, questions)
def test_one_client_is_judged_like_everybody_where_everybody_is_alike(
    rules: list[StoredRule], where: dict[str, Any], question: FirewallQuestion
) -> None:
    address = question.local_address
    question = replace(question, local_address=None if address == "fd00::5" else address)
    everybody = answer(rules, where, replace(question, remote=None)).verdict
    one = answer(rules, where, replace(question, remote="10.1.2.3")).verdict
    if everybody in {ALLOWED, BLOCKED}:
        assert one is everybody
