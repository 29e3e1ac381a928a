"""Reading the rules of the kernel: at once, only when they changed, and with what is in the way."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.firewall.linux.rulesets import chain

if TYPE_CHECKING:
    from tests.system.firewall.linux.conftest import Bench

pytestmark = [
    pytest.mark.linux_only(reason="the firewall of Linux"),
    pytest.mark.root_only(reason="makes network namespaces"),
]

_ASK = """
import json
from dataclasses import asdict
from portview.domain.firewall import FirewallQuestion, RuleEffect, RuleSpec
from portview.domain.errors import PortViewError
from portview.domain.sockets.socket_row import Protocol
from portview.readers import system_tools
from portview.firewall.linux.backend import LinuxFirewall
{before}
firewall = LinuxFirewall()
rules = firewall.read()
rule_spec = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 8080, remotes=("any",))
try:
    change = firewall.plan(rule_spec, rules)
    firewall.apply(change)
    error = None
except PortViewError as problem:
    error = [problem.code, problem.outcome.name]
is_same = firewall.read() is rules
answer = asdict(rules.decide(FirewallQuestion(Protocol.TCP, 8080)))
print(json.dumps({{"status": asdict(rules.status), "answer": answer, "error": error,
    "is_same": is_same}}))
"""
_WITHOUT_NFT = "system_tools.search_tools_in(('/nowhere',))"


def ask(bench: Bench, *around: str, before: str = "") -> dict[str, Any]:
    code = _ASK.format(before=before)
    answer: dict[str, Any] = json.loads(
        bench.far.run(*around, sys.executable, "-W", "error", "-c", code)
    )
    return answer


def test_rules_are_read_anew_only_when_they_have_changed(bench: Bench) -> None:
    bench.set_rules(chain("tcp dport 8080 drop"))
    first = bench.status()
    assert bench.status()["generation"] == first["generation"]
    bench.far.run("nft", "add", "rule", "inet", "filter", "input", "accept")
    second = bench.status()
    assert second["generation"] > first["generation"]
    assert second["rule_count"] == first["rule_count"] + 1


def test_a_set_that_someone_fills_is_seen(bench: Bench) -> None:
    more = "set bad { type ipv4_addr; flags interval; }"
    bench.set_rules(chain("ip saddr @bad drop", "accept", more=more))
    assert bench.verdict(remote=bench.near.ipv4)["verdict"] == "allowed"
    bench.far.run("nft", "add", "element", "inet", "filter", "bad", "{ 10.199.0.0/31 }")
    assert bench.verdict(remote=bench.near.ipv4)["verdict"] == "blocked"
    assert not bench.reaches(bench.near.ipv4, is_expected=False)


def test_a_set_whose_elements_time_out_is_read_each_time(bench: Bench) -> None:
    more = "set bad { type ipv4_addr; flags timeout; }"
    bench.set_rules(chain("ip saddr @bad drop", "accept", more=more))
    assert bench.status()["generation"] < bench.status()["generation"]


def test_without_rights_nothing_is_guessed(bench: Bench) -> None:
    bench.set_rules(chain(""))
    # Root without its privileges: what is told is what anyone else is told.
    answer = ask(bench, "setpriv", "--bounding-set=-all", "--inh-caps=-all")
    assert answer["status"]["is_on"] is None
    assert "Only root" in answer["status"]["problem"]
    assert "nft list ruleset" in answer["status"]["hint"]
    assert answer["answer"]["verdict"] == "unknown"
    assert answer["answer"]["reason"] == answer["status"]["problem"]
    assert answer["error"] == ["firewall_unread", "NEEDS_ADMIN"]
    assert answer["is_same"]


def test_a_change_that_the_kernel_refuses_says_that_it_needs_root(bench: Bench) -> None:
    bench.set_rules(chain(""))
    drop = (
        "import ctypes; apply = LinuxFirewall.apply\n"
        "def refused(self, change):\n"
        "    for capability in range(41):\n"
        "        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)\n"
        "    apply(self, change)\n"
        "LinuxFirewall.apply = refused"
    )
    assert ask(bench, before=drop)["error"] == ["firewall_denied", "NEEDS_ADMIN"]


def test_without_nft_an_empty_kernel_is_known_to_be_empty(bench: Bench) -> None:
    answer = ask(bench, before=_WITHOUT_NFT)
    assert answer["answer"]["verdict"] == "allowed"
    assert answer["status"]["manager"] == "none"
    assert answer["error"] == ["rule_not_needed", "DONE"]


def test_without_nft_rules_are_known_to_be_unknown(bench: Bench) -> None:
    bench.set_rules(chain(""))
    answer = ask(bench, before=_WITHOUT_NFT)
    assert answer["answer"]["verdict"] == "unknown"
    assert "not installed" in answer["answer"]["reason"]
