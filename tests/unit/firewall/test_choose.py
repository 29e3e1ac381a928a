"""Which firewall is asked on which system, and what is said where none can be."""

from __future__ import annotations

import sys
from contextlib import closing

import pytest

from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import (
    FirewallQuestion,
    FirewallRule,
    FirewallVerdict,
    ManagedRule,
    RuleChange,
    RuleEffect,
    RuleSpec,
)
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.choose import open_firewall

RULE_SPEC = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 80)


def test_this_system_has_its_own() -> None:
    with closing(open_firewall()) as firewall:
        names = {"linux": "LinuxFirewall", "win32": "WindowsFirewall"}
        assert type(firewall).__name__ == names.get(sys.platform, "UnreadableFirewall")


def test_elsewhere_nothing_is_known_and_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with closing(open_firewall()) as firewall:
        rules = firewall.read()
        assert rules.status.is_on is None
        assert "macOS" in rules.status.problem
        answer = rules.decide(FirewallQuestion(Protocol.TCP, 80))
        assert (answer.verdict, answer.reason) == (FirewallVerdict.UNKNOWN, rules.status.problem)
        assert rules.managed_rules == ()
        own = ManagedRule("abcd", RULE_SPEC, FirewallRule("", "", RuleEffect.ALLOW, "", ""))
        for change in (
            lambda: firewall.plan(RULE_SPEC, rules),
            lambda: firewall.plan_removal(own),
            lambda: firewall.apply(RuleChange("abcd", "", ())),
        ):
            with pytest.raises(PortViewError) as refused:
                change()
            assert refused.value.outcome is Outcome.NOT_DONE
            assert "Nothing was done." in refused.value.message
