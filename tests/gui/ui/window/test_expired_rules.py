"""While the window runs, rules that have expired are revoked or offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portview.actions.confirmation import firewall_actions as firewall_jobs
from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.domain.firewall import ManagedRule, RuleEffect, RuleSpec
from portview.domain.sockets.socket_row import Protocol
from portview.engine.task_runner import TaskRunner
from portview.ui.window.expired_rules import ExpiredRules, revoke_expired_rules
from tests.fakes.firewall_readings import CountedFirewall, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

REPORT = ActionReport(Outcome.DONE, "Revoke it.", "It was removed.", "It is gone.")
WAITING = PortViewError("rules_expired", "One waits.", "It needs rights.", Outcome.NEEDS_ADMIN)


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[TaskRunner]:
    runner = TaskRunner()
    yield runner
    runner.shut_down()


def test_what_was_taken_back_is_told(qtbot: QtBot, runner: TaskRunner) -> None:
    asked: list[bool] = []

    def revoke(*, has_rights: bool) -> ActionReport:
        asked.append(has_rights)
        return REPORT

    rules = ExpiredRules(runner, has_rights=True, revoke=revoke)
    told: list[str] = []
    rules.notified.connect(told.append)
    with qtbot.waitSignal(rules.revoked) as revoked:
        rules.start()
    assert revoked.args == [REPORT]
    assert told == ["It was removed."]
    assert asked == [True]
    rules.stop()


def test_missing_rights_are_told_once_and_again_after_a_change(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    answers: list[ActionReport | PortViewError] = [WAITING, WAITING, REPORT, WAITING]
    looks: list[int] = []

    def revoke(*, has_rights: bool) -> ActionReport:
        answer = answers[len(looks)]
        looks.append(len(looks))
        if isinstance(answer, PortViewError):
            raise answer
        return answer

    rules = ExpiredRules(runner, has_rights=False, revoke=revoke)
    wanted: list[str] = []
    rules.rights_wanted.connect(wanted.append)
    told_after = []
    for number in range(1, 5):
        rules.check()
        qtbot.waitUntil(lambda number=number: len(looks) == number and not rules._task.is_running)
        told_after.append(len(wanted))
    assert told_after == [1, 1, 1, 2]
    assert wanted[0] == "One waits. It needs rights."


def test_no_firewall_is_opened_for_rules_that_have_time(monkeypatch: pytest.MonkeyPatch) -> None:
    revoked: list[bool] = []

    def revoke(*, has_rights: bool) -> ActionReport:
        revoked.append(has_rights)
        return REPORT

    monkeypatch.setattr(firewall_jobs, "revoke_expired", revoke)
    shared = CountedFirewall()
    for ends_ms in (None, 10**13):
        rule_spec = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 80, expires_at_ms=ends_ms)
        shared.managed_rules = (ManagedRule("abcd", rule_spec, rule("own")),)
        assert revoke_expired_rules(shared, has_rights=True) is None
    assert (shared.reads, revoked) == (2, [])
    rule_spec = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 80, expires_at_ms=1)
    shared.managed_rules = (*shared.managed_rules, ManagedRule("efgh", rule_spec, rule("own")))
    assert revoke_expired_rules(shared, has_rights=True) is REPORT
    assert revoked == [True]
