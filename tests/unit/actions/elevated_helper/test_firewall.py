"""What the side with administrator rights answers, and what is made of it on this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from portview.actions.confirmation.action import ExecutionOptions, perform, prepare
from portview.actions.confirmation.firewall_actions import RevokeAction
from portview.actions.confirmation.firewall_confirmation import confirm_rule
from portview.actions.confirmation.history import read_records
from portview.actions.elevated_helper import firewall as firewall_helper
from portview.actions.elevated_helper import server
from portview.actions.elevation.manual_command import manual_command
from portview.actions.elevation.request import (
    ElevatedOperation,
    ElevatedRequest,
    parse_elevated_request,
)
from portview.actions.firewall_rules import apply as firewall_change
from portview.actions.firewall_rules.apply import make_rule, revoke_rules
from portview.actions.firewall_rules.plan import plan_revoke, plan_rule
from portview.actions.firewall_rules.query_context import FirewallQueryContext
from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import FirewallQuestion, RuleChange, RuleEffect, RuleSpec
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import Protocol
from portview.log import log_path
from tests.fakes.firewall import FakeFirewall, needs_admin

if TYPE_CHECKING:
    from portview.actions.firewall_rules.plan import RulePlan

RULE_SPEC = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 80, remotes=("any",))
ASKED = FirewallQueryContext(FirewallQuestion(Protocol.TCP, 80))


@pytest.fixture
def firewall(monkeypatch: pytest.MonkeyPatch) -> FakeFirewall:
    """Have one firewall on both sides, and the way between them without a prompt."""
    firewall = FakeFirewall()
    monkeypatch.setattr(firewall_helper, "open_firewall", lambda: firewall)
    monkeypatch.setattr(firewall_helper, "ask_about_port", lambda *_: ASKED)

    def run(elevated_request: ElevatedRequest, cancel: object = None) -> dict[str, Any]:
        del cancel
        parsed = parse_elevated_request(elevated_request.arguments())
        answer: dict[str, Any] = server._carry_out(parsed)
        return answer

    monkeypatch.setattr(firewall_change, "run_elevated", run)
    return firewall


def planned(firewall: FakeFirewall, rule_spec: RuleSpec = RULE_SPEC) -> RulePlan:
    return plan_rule(firewall, rule_spec, ASKED)


def test_the_other_side_makes_a_rule_of_its_own_and_this_one_finds_it(
    firewall: FakeFirewall,
) -> None:
    plan = planned(firewall)
    report = make_rule(firewall, plan, as_admin=True)
    assert report.outcome is Outcome.DONE
    assert report.rule_id != plan.change.id
    assert plan.change not in firewall.applied
    (own,) = firewall.read().managed_rules
    assert own.id == report.rule_id
    assert report.proof is not None
    gone = revoke_rules(firewall, [plan_revoke(firewall, own)], as_admin=True)
    assert gone.outcome is Outcome.DONE
    assert firewall.read().managed_rules == ()


def test_a_side_that_may_not_read_tells_what_the_other_read(
    firewall: FakeFirewall, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(firewall)
    blind = FakeFirewall()
    blind.problem = "Only root may read them."
    report = make_rule(blind, plan, as_admin=True)
    assert report.outcome is Outcome.DONE
    assert report.now == "TCP port 80 is now allowed for any other machine."
    assert report.is_in_force
    assert report.proof is None
    (own,) = firewall.read().managed_rules
    gone = revoke_rules(blind, [plan_revoke(firewall, own)], as_admin=True)
    assert gone.outcome is Outcome.DONE
    assert "The rule is gone." in gone.now
    assert not gone.reports[0].is_in_force


class BlindFirewall(FakeFirewall):
    """Lets only root read it, and so plan with it, as on Linux."""

    def __init__(self) -> None:
        super().__init__(manager="none")
        self.problem = "Only root may read them."

    def plan(self, rule_spec: RuleSpec, rules: object) -> RuleChange:
        raise needs_admin()


def test_a_side_that_may_not_read_asks_without_commands(firewall: FakeFirewall) -> None:
    plan = planned(BlindFirewall())
    assert plan.refusal is not None
    assert plan.change.commands == ()
    assert not plan.is_needless
    confirmation = confirm_rule(plan)
    assert confirmation.verb == "Allow"
    assert "decided with administrator rights" in confirmation.notes[0]
    with pytest.raises(PortViewError) as refused:
        make_rule(BlindFirewall(), plan)
    assert refused.value.outcome is Outcome.NEEDS_ADMIN
    assert firewall.applied == []
    report = make_rule(BlindFirewall(), plan, as_admin=True)
    assert report.outcome is Outcome.DONE
    assert report.now == "TCP port 80 is now allowed for any other machine."
    assert len(firewall.read().managed_rules) == 1


def test_what_was_made_unseen_is_taken_back_unseen(
    firewall: FakeFirewall, own_folders: None
) -> None:
    log_path.cache_clear()
    made = make_rule(BlindFirewall(), planned(BlindFirewall()), as_admin=True)
    job = RevokeAction((made.rule_id,), opener=BlindFirewall)
    prepared = prepare(job)
    confirmation = prepared.confirmation
    assert confirmation.verb == "Revoke"
    assert made.rule_id in confirmation.headline
    with pytest.raises(PortViewError) as refused:
        perform(prepared)
    assert refused.value.outcome is Outcome.NEEDS_ADMIN
    assert len(firewall.read().managed_rules) == 1
    report = perform(prepared, ExecutionOptions(as_admin=True))
    assert report.outcome is Outcome.DONE
    assert firewall.read().managed_rules == ()
    assert read_records()[0].asked == report.asked
    log_path.cache_clear()


def test_what_needs_no_rule_is_told_by_the_other_side_as_well(firewall: FakeFirewall) -> None:
    firewall.add_rule_of_others(RULE_SPEC, "Open")
    firewall.plan = not_needed  # type: ignore[method-assign]
    report = make_rule(BlindFirewall(), planned(BlindFirewall()), as_admin=True)
    assert report.outcome is Outcome.DONE
    assert "no rule is needed" in report.done
    assert not report.is_in_force
    assert firewall.applied == []
    here = make_rule(firewall, planned(firewall))
    assert (here.outcome, here.done) == (report.outcome, report.done)


def not_needed(rule_spec: RuleSpec, rules: object) -> RuleChange:
    del rule_spec, rules
    raise PortViewError("rule_not_needed", "No rule is needed.", outcome=Outcome.DONE)


def test_a_success_without_effect_is_found_out_on_either_side(firewall: FakeFirewall) -> None:
    firewall.has_effect = False
    plan = planned(firewall)
    blind = FakeFirewall()
    blind.problem = "Only root may read them."
    for here in (firewall, blind):
        report = make_rule(here, plan, as_admin=True)
        assert report.outcome is Outcome.NOT_DONE
        assert "The rule does not exist" in report.now


@pytest.mark.parametrize(
    "answer",
    [{}, {"outcome": 9}, {"outcome": 0, "rule_id": "x"}, {"outcome": 0, "reports": [None]}],
)
def test_an_answer_that_says_too_little_is_none(
    firewall: FakeFirewall, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    plan = planned(firewall)
    make_rule(firewall, plan)
    (own,) = firewall.read().managed_rules
    monkeypatch.setattr(firewall_change, "run_elevated", lambda *_: answer)
    firewall.problem = "Only root may read them."
    with pytest.raises(PortViewError) as refused:
        make_rule(firewall, plan, as_admin=True)
    assert refused.value.code == "no_answer"
    with pytest.raises(PortViewError) as refused:
        revoke_rules(firewall, [plan_revoke(firewall, own)], as_admin=True)
    assert refused.value.code == "no_answer"


def test_the_errand_of_no_known_rule_is_refused(firewall: FakeFirewall) -> None:
    answers: list[bytes] = []
    code = server.run_elevated_request(["errand", "revoke-rules", "abcd"], answers.append)
    assert code == Outcome.NOT_DONE
    assert b"no_such_rule" in answers[0]
    firewall.refusal = needs_admin()
    words = ["errand", "allow-port", "tcp", "80", "any", "private", "-", "-", "-"]
    assert server.run_elevated_request(words, answers.append) == Outcome.NEEDS_ADMIN


def test_what_to_type_instead_makes_the_same_rule() -> None:
    rule_spec = RuleSpec(
        RuleEffect.ALLOW,
        Protocol.UDP,
        53,
        "/opt/a b",
        ("10.0.0.0/8",),
        ("public",),
        expires_at_ms=1_800_000_000_000,
        until=ProcessKey(7, 5),
    )
    command = manual_command(ElevatedRequest(ElevatedOperation.ALLOW_PORT, rule_spec=rule_spec))
    for words in (
        "firewall allow 53 --proto udp --remote 10.0.0.0/8 --profile public --program ",
        "/opt/a b",
        "--until 2027-01-15T08:00:00.000Z",
        "--until-end 7",
    ):
        assert words in command
    both = manual_command(
        ElevatedRequest(ElevatedOperation.REVOKE_RULES, rule_ids=("abcd", "efgh"))
    )
    assert "firewall revoke --id abcd" in both
    assert "firewall revoke --id efgh" in both
