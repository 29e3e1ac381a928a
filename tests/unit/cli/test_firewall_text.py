"""What the firewall commands say: a problem once, and rules that expired marked as such."""

from __future__ import annotations

from portview.cli.firewall_text import managed_rule_lines, status_lines
from portview.domain.firewall import (
    FirewallRule,
    FirewallStatus,
    ManagedRule,
    RuleEffect,
    RuleSpec,
)
from portview.domain.sockets.socket_row import Protocol


def managed(rule_id: str) -> ManagedRule:
    rule = FirewallRule(rule_id, "Web", RuleEffect.ALLOW, "local rules", "text")
    return ManagedRule(rule_id, RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 8080), rule)


def test_a_problem_that_is_the_summary_is_not_told_twice() -> None:
    problem = "The service is disabled."
    status = FirewallStatus("windows", None, problem, problem=problem)
    assert list(status_lines(status, (), {})) == []
    other = FirewallStatus("nftables", None, "Not read.", problem=problem)
    assert list(status_lines(other, (), {})) == ["Not read."]


def test_expired_rules_are_marked_in_the_list_and_the_status() -> None:
    own = (managed("one"), managed("two"))
    expired = {"two": "it expired at noon"}
    first, second, why = managed_rule_lines(own, expired)
    assert first.startswith("one")
    assert "EXPIRED" not in first
    assert "EXPIRED" in second
    assert "it expired at noon" in why
    assert "revoke --id two" in why
    status = FirewallStatus("nftables", is_on=True, summary="It is on.", rule_count=2)
    lines = list(status_lines(status, own, expired))
    assert lines[0] == "It is on."
    assert sum("expired" in line and "two" in line for line in lines) == 1
