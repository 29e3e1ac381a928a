"""What the firewall commands print, for programs and for people; the firewall is in memory."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from portview.cli import firewall_changes, firewall_reading
from portview.cli.commands import run_command
from portview.domain.errors import Outcome
from portview.domain.firewall import RuleEffect, RuleSpec
from portview.domain.sockets.socket_row import Protocol
from tests.fakes.firewall import FakeFirewall, needs_admin

ANSWER = {"verdict", "reason", "rule", "matches", "profiles", "next_step"}
RULE = {"id", "name", "effect", "source", "conditions", "is_enabled", "text"}
RULE_SPEC = {"effect", "protocol", "port", "program", "remotes", "profiles", "expires_at", "until"}
CHANGE = {"id", "name", "commands", "command_lines", "warnings", "notes"}
REPORT = {"outcome", "asked", "done", "now", "next_step", "rule_id", "is_in_force", "rule",
          "after", "after_for"}  # fmt: skip
EVIL = "a\u202eb\nc"


@pytest.fixture
def firewall(monkeypatch: pytest.MonkeyPatch) -> FakeFirewall:
    firewall = FakeFirewall()
    for module in (firewall_reading, firewall_changes):
        monkeypatch.setattr(module, "open_firewall", lambda: firewall)
    return firewall


@pytest.fixture
def port(free_port: Any) -> str:
    return str(free_port())


def run(capfdbinary: pytest.CaptureFixture[bytes], *words: str) -> tuple[int, Any]:
    code = run_command(["firewall", *words, "--json"])
    return code, json.loads(capfdbinary.readouterr().out)


def test_the_documents_have_their_keys(
    firewall: FakeFirewall, port: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, status = run(capfdbinary, "status")
    assert code == 0
    assert set(status) == {"manager", "is_on", "summary", "profiles", "rule_count",
                           "own_rule_count", "expired_rule_count", "drop_log", "problem",
                           "hint"}  # fmt: skip
    assert set(status["profiles"][0]) == {"name", "is_active", "is_on", "inbound_default",
                                          "blocks_all_inbound", "counts_local_rules",
                                          "notes"}  # fmt: skip
    code, shown = run(capfdbinary, "allow", port, "--dry-run", "--remote", "any", "--for", "1h")
    assert code == 0
    assert set(shown) == {"dry_run", "wish", "question", "change", "warnings", "notes",
                          "is_needless", "before", "before_for", "report", "expired"}  # fmt: skip
    assert set(shown["wish"]) == RULE_SPEC
    assert set(shown["change"]) == CHANGE
    assert set(shown["before"]) == ANSWER
    assert firewall.applied == []
    code, made = run(capfdbinary, "allow", port, "--yes", "--remote", "any", "--for", "1h")
    assert code == 0
    assert set(made["report"]) == REPORT
    assert set(made["report"]["rule"]) == RULE_SPEC | {"id", "rule"}
    assert set(made["report"]["after_for"][0]) == {"clients", "remote", "verdict", "reason",
                                                   "rule"}  # fmt: skip
    code, verdict = run(capfdbinary, "verdict", port)
    assert code == 0
    assert set(verdict) == ANSWER | {"question", "filled_in"}
    assert set(verdict["question"]) == {"protocol", "port", "local_address", "program",
                                        "services", "remote"}  # fmt: skip
    assert set(verdict["rule"]) == RULE
    assert set(verdict["matches"][0]) == {"rule", "fit", "decides"}
    code, listed = run(capfdbinary, "list")
    assert code == 0
    assert set(listed) == {"manager", "rules", "problem", "hint"}
    assert set(listed["rules"][0]) == RULE_SPEC | {"id", "rule", "expired"}
    code, gone = run(capfdbinary, "revoke", port, "--yes")
    assert code == 0
    assert set(gone) == {"dry_run", "rules", "report"}
    assert set(gone["rules"][0]) == RULE_SPEC | {"id", "rule", "expired", "change"}
    assert gone["report"]["reports"][0]["is_in_force"] is False


def test_text_of_rules_is_shown_inert(
    firewall: FakeFirewall, port: str, capfd: pytest.CaptureFixture[str]
) -> None:
    block = RuleSpec(RuleEffect.BLOCK, Protocol.TCP, int(port), remotes=("any",))
    firewall.add_rule_of_others(block, EVIL)
    assert run_command(["firewall", "verdict", port]) == Outcome.NOT_DONE
    assert run_command(["firewall", "allow", port, "--yes"]) == Outcome.NOT_DONE
    shown = capfd.readouterr().out
    assert "\u202e" not in shown
    assert "a\\u{202E}b\u240ac" in shown
    assert "wins" in shown


def test_a_person_reads_what_will_run_and_what_is_true_then(
    firewall: FakeFirewall, port: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["firewall", "allow", port, "--remote", "any", "--yes"]) == 0
    shown = capfd.readouterr().out
    (own,) = firewall.read().managed_rules
    assert f"\n  PortView: allow tcp {port}\n" in shown
    assert (
        f'This will run: add "a rule" {own.id}' in shown
        or f"This will run: add 'a rule' {own.id}" in shown
    )
    assert "Warning: A warning." in shown
    assert f"TCP port {port} is now allowed for any other machine." in shown
    assert run_command(["firewall", "status"]) == 0
    assert "of which PortView created 1." in capfd.readouterr().out
    assert run_command(["firewall", "list"]) == 0
    assert f"{own.id}  allow TCP {port} for any address, until it is revoked" in (
        capfd.readouterr().out
    )


def test_expired_rules_are_taken_along_and_a_needless_rule_is_not_made(
    firewall: FakeFirewall, port: str, capfd: pytest.CaptureFixture[str]
) -> None:
    rule_spec = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 1, remotes=("any",), expires_at_ms=1)
    firewall.apply(firewall.plan(rule_spec, firewall.read()))
    firewall.add_rule_of_others(replace(rule_spec, port=int(port)), "Open")
    assert run_command(["firewall", "list"]) == 0
    assert "has expired" in capfd.readouterr().out
    assert run_command(["firewall", "allow", port]) == Outcome.NOT_DONE
    assert len(firewall.read().managed_rules) == 1
    assert run_command(["firewall", "allow", port, "--yes"]) == 0
    shown = capfd.readouterr().out
    assert "it expired" in shown
    assert "no rule is needed" in shown
    assert firewall.read().managed_rules == ()


def test_missing_rights_and_unreadable_rules_have_their_exit_codes(
    firewall: FakeFirewall, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    firewall.refusal = needs_admin()
    for place in ("commands", "elevating"):
        monkeypatch.setattr(f"portview.cli.{place}.is_elevated", lambda: False)
    assert run_command(["firewall", "allow", port, "--yes"]) == Outcome.NEEDS_ADMIN
    firewall.problem = "They can't be read."
    monkeypatch.setattr(firewall_changes, "is_elevated", lambda: True)
    monkeypatch.setattr("portview.cli.commands.is_elevated", lambda: True)
    for words in (["status"], ["list"], ["verdict", port], ["revoke", "--all", "--yes"]):
        assert run_command(["firewall", *words]) == Outcome.NOT_DONE
