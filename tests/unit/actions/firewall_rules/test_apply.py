"""A rule is reported as what a second reading shows, never as what a call returned."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.actions.confirmation.action import perform, prepare
from portview.actions.confirmation.firewall_actions import RevokeAction, RuleAction, revoke_expired
from portview.actions.confirmation.history import read_records
from portview.actions.firewall_rules import plan as firewall_plan
from portview.actions.firewall_rules.apply import make_rule, revoke_rules
from portview.actions.firewall_rules.expiry import plan_expired, why_expired
from portview.actions.firewall_rules.plan import RulePlan, describe_rule_end, plan_revoke, plan_rule
from portview.actions.firewall_rules.query_context import FirewallQueryContext
from portview.actions.firewall_rules.report_text import needless_report
from portview.actions.firewall_rules.times import iso_moment
from portview.actions.specs.rule_spec import default_rule_spec
from portview.command_name import command_line
from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import FirewallQuestion, FirewallVerdict, RuleEffect, RuleSpec
from portview.domain.owners.process import FieldProblem, ProcessKey
from portview.domain.sockets.socket_row import Protocol
from portview.log import log_path
from portview.readers.local_subnets import LocalSubnet
from tests.fakes.firewall import FakeFirewall, needs_admin

PROGRAM = "/usr/bin/node"
ASKED = FirewallQuestion(Protocol.TCP, 80, program=PROGRAM)
RULE_SPEC = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 80, PROGRAM)
ANYONE = replace(RULE_SPEC, remotes=("any",))


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, own_folders: None) -> None:
    """Have a machine in one network, and the record in the test's own folder."""
    log_path.cache_clear()
    subnet = LocalSubnet("192.0.2.0/24", ("192.0.2.1", "192.0.2.254"))
    monkeypatch.setattr(firewall_plan, "subnets_of_rules", lambda: (subnet,))


@pytest.fixture
def firewall() -> FakeFirewall:
    return FakeFirewall()


def plan(firewall: FakeFirewall, rule_spec: RuleSpec = RULE_SPEC) -> RulePlan:
    return plan_rule(firewall, rule_spec, FirewallQueryContext(ASKED))


def test_a_narrow_rule_is_done_when_those_it_is_for_get_through(firewall: FakeFirewall) -> None:
    planned = plan(firewall)
    assert firewall.applied == []
    assert not planned.is_needless
    report = make_rule(firewall, planned)
    assert report.outcome is Outcome.DONE
    assert "is now allowed for 192.0.2.0/24 (decided for 192.0.2.1, 192.0.2.254)" in report.now
    assert "Any other machine: partly allowed." in report.now
    assert (report.rule_id, report.is_in_force) == (planned.change.id, True)


def test_a_rule_for_all_is_done_when_all_get_through(firewall: FakeFirewall) -> None:
    report = make_rule(firewall, plan(firewall, ANYONE))
    assert report.outcome is Outcome.DONE
    assert report.now == "TCP port 80 is now allowed for any other machine."


def test_success_without_effect_is_told_as_what_it_is() -> None:
    firewall = FakeFirewall(has_effect=False)
    report = make_rule(firewall, plan(firewall))
    assert firewall.applied
    assert report.outcome is Outcome.NOT_DONE
    assert "The rule does not exist" in report.now
    assert "blocked. No rule lets it in." in report.now
    assert report.next_step
    assert not report.is_in_force


def test_a_rule_that_did_not_appear_is_not_done_even_where_others_let_clients_in() -> None:
    firewall = FakeFirewall(has_effect=False)
    planned = plan(firewall)
    firewall.add_rule_of_others(ANYONE, "Open meanwhile")
    report = make_rule(firewall, planned)
    assert report.outcome is Outcome.NOT_DONE
    assert "The rule does not exist" in report.now
    assert "is nevertheless allowed" in report.now


def test_a_rule_that_a_block_rule_beats_is_not_done(firewall: FakeFirewall) -> None:
    firewall.add_rule_of_others(replace(ANYONE, effect=RuleEffect.BLOCK), "No entry")
    report = make_rule(firewall, plan(firewall))
    assert report.outcome is Outcome.NOT_DONE
    assert report.is_in_force
    assert "The rule exists." in report.now
    assert "The rule “No entry” (local rules) wins." in report.now
    assert report.next_step == (
        "A warning. Revoke the rule: "
        + command_line("firewall", "revoke", "--id", str(report.rule_id))
    )


def test_a_block_that_splits_the_network_is_not_done(firewall: FakeFirewall) -> None:
    half = replace(RULE_SPEC, effect=RuleEffect.BLOCK, remotes=("192.0.2.128/25",))
    firewall.add_rule_of_others(half, "Half")
    report = make_rule(firewall, plan(firewall))
    assert report.outcome is Outcome.NOT_DONE
    assert "The rule “Half”" in report.now


def test_a_network_is_asked_for_by_both_its_ends() -> None:
    for half in ("198.51.100.0/25", "198.51.100.128/25"):
        block = replace(RULE_SPEC, effect=RuleEffect.BLOCK, remotes=(half,), port=90)
        firewall = FakeFirewall()
        firewall.add_rule_of_others(block, half)
        rule_spec = replace(RULE_SPEC, port=90, remotes=("198.51.100.0/24",), program=None)
        asked = FirewallQueryContext(replace(ASKED, port=90))
        report = make_rule(firewall, plan_rule(firewall, rule_spec, asked))
        assert report.outcome is Outcome.NOT_DONE
        assert f"The rule “{half}”" in report.now


def test_blocking_is_proved_in_the_same_way(firewall: FakeFirewall) -> None:
    firewall.add_rule_of_others(ANYONE, "Open")
    rule_spec = default_rule_spec(ASKED, RuleEffect.BLOCK, matches_programs=True)
    assert (rule_spec.program, rule_spec.remotes, rule_spec.profiles[-1]) == (
        None,
        ("any",),
        "public",
    )
    report = make_rule(firewall, plan(firewall, rule_spec))
    assert report.outcome is Outcome.DONE
    assert report.now == "TCP port 80 is now blocked for any other machine."


def test_what_is_allowed_already_needs_no_rule(firewall: FakeFirewall) -> None:
    firewall.add_rule_of_others(ANYONE, "Open")
    planned = plan(firewall)
    assert planned.is_needless
    assert any("already allowed" in note for note in planned.notes)
    report = needless_report(planned)
    assert report.outcome is Outcome.DONE
    assert "no rule is needed" in report.done


def test_warnings_name_what_will_not_help(firewall: FakeFirewall) -> None:
    looped = FirewallQueryContext(
        replace(ASKED, local_address="127.0.0.1", program="/usr/bin/other")
    )
    warnings = plan_rule(firewall, RULE_SPEC, looped).warnings
    assert "A warning." in warnings
    assert any("listens on 127.0.0.1 only" in warning for warning in warnings)
    assert any("for another program" in warning for warning in warnings)


def test_a_firewall_that_knows_no_programs_gets_none() -> None:
    planned = plan(FakeFirewall(manager="ufw"))
    assert planned.rule_spec.program is None
    assert any("can't match programs" in warning for warning in planned.warnings)


def test_a_rule_that_ends_says_who_takes_it_back(firewall: FakeFirewall) -> None:
    ending = plan(firewall, replace(RULE_SPEC, expires_at_ms=4 * 10**12))
    assert any("as administrator" in note for note in ending.notes)
    assert not any("as administrator" in note for note in plan(firewall).notes)


def test_missing_rights_are_raised_and_nothing_is_recorded(firewall: FakeFirewall) -> None:
    firewall.refusal = needs_admin()
    with pytest.raises(PortViewError) as refused:
        make_rule(firewall, plan(firewall))
    assert refused.value.outcome is Outcome.NEEDS_ADMIN


def test_what_was_made_is_taken_back(firewall: FakeFirewall) -> None:
    made = make_rule(firewall, plan(firewall))
    (own,) = firewall.read().managed_rules
    assert own.id == made.rule_id
    report = revoke_rules(firewall, [plan_revoke(firewall, own)])
    assert report.outcome is Outcome.DONE
    assert "The rule is gone. TCP port 80 for any other machine: blocked." in report.now
    assert firewall.read().managed_rules == ()


def test_a_removal_without_effect_is_told(firewall: FakeFirewall) -> None:
    make_rule(firewall, plan(firewall))
    firewall.has_effect = False
    (own,) = firewall.read().managed_rules
    report = revoke_rules(firewall, [plan_revoke(firewall, own)])
    assert report.outcome is Outcome.NOT_DONE
    assert "still exists" in report.now


def test_missing_rights_to_remove_are_raised(firewall: FakeFirewall) -> None:
    make_rule(firewall, plan(firewall))
    plans = [plan_revoke(firewall, own) for own in firewall.read().managed_rules]
    firewall.refusal = needs_admin()
    with pytest.raises(PortViewError) as refused:
        revoke_rules(firewall, plans)
    assert refused.value.outcome is Outcome.NEEDS_ADMIN


def test_one_that_can_not_be_removed_keeps_no_other(firewall: FakeFirewall) -> None:
    for port in (80, 81):
        make_rule(firewall, plan(firewall, replace(RULE_SPEC, port=port)))
    plans = [plan_revoke(firewall, own) for own in firewall.read().managed_rules]
    apply = firewall.apply

    def refuse_the_first(change: object) -> None:
        if change is plans[0].change:
            raise PortViewError("x", "It is locked.", "", Outcome.NOT_DONE)
        apply(plans[1].change)

    firewall.apply = refuse_the_first  # type: ignore[method-assign]
    report = revoke_rules(firewall, plans)
    assert report.outcome is Outcome.NOT_DONE
    assert [one.outcome for one in report.reports] == [Outcome.NOT_DONE, Outcome.DONE]
    assert "It is locked." in report.done


def test_rules_end_with_their_time_or_their_process(firewall: FakeFirewall) -> None:
    gone = ProcessKey(2**22 + 5, 1000)
    for port, ending in ((80, {"expires_at_ms": 1000}), (81, {"expires_at_ms": 5000}),
                         (82, {"until": gone}), (83, {})):  # fmt: skip
        make_rule(firewall, plan(firewall, replace(RULE_SPEC, port=port, **ending)))
    plans = plan_expired(firewall, now_ms=2000)
    assert [one.own.rule_spec.port for one in plans] == [80, 82]
    assert "it expired at " in plans[0].reason
    assert "has exited" in plans[1].reason


@given(st.integers(0, 10**16 - 1))
def test_any_time_that_can_stand_in_a_rule_is_told(expires_at_ms: int) -> None:
    ending = describe_rule_end(replace(RULE_SPEC, expires_at_ms=expires_at_ms))
    assert re.fullmatch(r"until (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|after the year 9999)", ending)
    told = iso_moment(expires_at_ms)
    assert told is None or told.endswith("Z")


@pytest.mark.parametrize(
    ("now", "is_over"),
    [
        (ProcessKey(7, 100_000), False),
        (ProcessKey(7, 104_000), False),
        (ProcessKey(7, 200_000), True),
        (FieldProblem.PROCESS_GONE, True),
        (FieldProblem.ACCESS_DENIED, False),
        (FieldProblem.UNAVAILABLE, False),
    ],
)
def test_a_process_ends_only_when_that_is_certain(
    firewall: FakeFirewall, now: ProcessKey | FieldProblem, is_over: bool
) -> None:
    make_rule(firewall, plan(firewall, replace(RULE_SPEC, until=ProcessKey(7, 100_000))))
    (own,) = firewall.read().managed_rules
    assert bool(why_expired(own, 0, lambda _pid: now)) is is_over


def test_jobs_keep_the_record_with_the_way_back(firewall: FakeFirewall) -> None:
    job = RuleAction(RULE_SPEC, ASKED, lambda: firewall)
    prepared = prepare(job)
    confirmation = prepared.confirmation
    assert confirmation.headline == "Allow TCP port 80 through the firewall?"
    assert "Remote addresses: the local subnet" in confirmation.cards[0].details
    assert confirmation.commands
    assert confirmation.verb == "Allow"
    report = perform(prepared)
    assert report.outcome is Outcome.DONE
    (record,) = read_records()
    (own,) = firewall.read().managed_rules
    assert record.made_rules == (own.id,)

    back = RevokeAction((own.id,), opener=lambda: firewall)
    assert perform(prepare(back)).outcome is Outcome.DONE
    assert read_records()[0].made_rules == ()
    with pytest.raises(PortViewError) as missing:
        back.preview()
    assert missing.value.code == "no_such_rule"
    assert firewall.is_closed


def test_expired_rules_are_taken_back_at_once_or_offered(firewall: FakeFirewall) -> None:
    assert revoke_expired(lambda: firewall, has_rights=False) is None
    make_rule(firewall, plan(firewall, replace(RULE_SPEC, expires_at_ms=1)))
    firewall.applied.clear()
    with pytest.raises(PortViewError) as offered:
        revoke_expired(lambda: firewall, has_rights=False)
    assert offered.value.outcome is Outcome.NEEDS_ADMIN
    assert firewall.applied == []
    report = revoke_expired(lambda: firewall, has_rights=True)
    assert report is not None
    assert report.outcome is Outcome.DONE
    assert "it expired" in report.done
    assert firewall.read().managed_rules == ()


def test_a_rule_that_ends_makes_a_lasting_one_none_the_less_needed(firewall: FakeFirewall) -> None:
    make_rule(firewall, plan(firewall, replace(ANYONE, expires_at_ms=4 * 10**12)))
    lasting = plan(firewall)
    assert lasting.before.holds(RuleEffect.ALLOW)
    assert not lasting.is_needless
    make_rule(firewall, lasting)


def test_rules_that_can_not_be_read_prove_nothing(firewall: FakeFirewall) -> None:
    firewall.problem = "Nobody may read them."
    planned = plan(firewall)
    assert planned.before.whole.verdict is FirewallVerdict.UNKNOWN
    assert any("Nobody may read them." in warning for warning in planned.warnings)
    assert make_rule(firewall, planned).outcome is Outcome.NOT_DONE
