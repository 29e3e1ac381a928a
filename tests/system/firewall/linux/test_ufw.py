"""The verdict with ufw's own rules, and rules that ufw makes for PortView."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.firewall.linux.conftest import SECOND_V4, SECOND_V6
from tests.system.firewall.linux.rulesets import Case
from tests.system.firewall.linux.test_changes import check_allow_and_revoke
from tests.system.firewall.linux.test_verdict_is_experience import check

if TYPE_CHECKING:
    from tests.system.firewall.linux.conftest import Bench

pytestmark = [
    pytest.mark.linux_only(reason="the firewall of Linux"),
    pytest.mark.root_only(reason="makes network namespaces"),
]

CASES = [
    Case("as it comes", "", "blocked", "blocked", "policy of chain ip filter INPUT"),
    Case("a port", "allow 8080/tcp", "allowed", "blocked", "ufw-user-input"),
    Case("a network", "allow from 10.199.0.0/30 to any port 8080", "partly", "partly"),
    Case("a denial before", "deny from 10.199.0.7\nallow 8080", "partly", "partly", "10.199.0.7"),
    Case("a rejection", "reject 8080/tcp", "blocked", "blocked", "Rejected"),
    Case("an interface", "allow in on cable0 to any port 8080 proto udp", "blocked", "allowed"),
    Case("another interface", "allow in on eth7 to any port 8080", "blocked", "blocked"),
    Case("all is allowed", "default allow incoming", "allowed", "allowed"),
    Case("all is rejected", "default reject incoming", "blocked", "blocked", "Rejected"),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_the_verdict_is_what_clients_meet(ufw_bench: Bench, case: Case) -> None:
    for line in case.rules.splitlines():
        ufw_bench.ufw(*line.split())
    check(ufw_bench, case)
    assert ufw_bench.status()["manager"] == "ufw"


def test_a_limit_is_partly_allowed(ufw_bench: Bench) -> None:
    ufw_bench.ufw("limit", "8080/tcp")
    answer = ufw_bench.verdict()
    assert answer["verdict"] == "partly"
    assert "below 6/30 s" in answer["reason"]
    met = [ufw_bench.reaches(ufw_bench.near.ipv4, is_expected=place == 0) for place in range(8)]
    assert met[0]
    assert not met[-1]


def test_ufw_makes_a_rule_and_takes_it_back(ufw_bench: Bench) -> None:
    ufw_bench.ufw("allow", "22/tcp")
    before = ufw_bench.ufw("status")
    check_allow_and_revoke(ufw_bench)
    assert ufw_bench.ufw("status") == before


def test_a_rule_goes_before_the_denial_that_would_decide(ufw_bench: Bench) -> None:
    ufw_bench.ufw("deny", "8080/tcp")
    check_allow_and_revoke(ufw_bench)
    assert "8080" in ufw_bench.ufw("status")


def test_a_port_that_ufw_allows_is_blocked_for_one_client(ufw_bench: Bench) -> None:
    ufw_bench.ufw("allow", "8080/tcp")
    change = ufw_bench.make("block", "10.199.0.1")
    assert change["commands"][0][0] == "ufw"
    assert not ufw_bench.reaches(ufw_bench.near.ipv4, is_expected=False)
    assert ufw_bench.reaches(ufw_bench.near.ipv6, is_expected=True)
    ufw_bench.revoke(change["id"])
    assert ufw_bench.reaches(ufw_bench.near.ipv4, is_expected=True)


def test_a_drop_of_another_table_is_said_beforehand(ufw_bench: Bench) -> None:
    text = "add table inet x; add chain inet x in { type filter hook input priority -50; }"
    ufw_bench.far.run("nft", f"{text}; add rule inet x in tcp dport 8080 drop")
    change = ufw_bench.make("allow", "any")
    assert any("inet x in" in warning for warning in change["warnings"])
    assert not ufw_bench.reaches(ufw_bench.near.ipv4, is_expected=False)
    assert ufw_bench.verdict()["verdict"] == "blocked"


def test_what_ufw_has_already_is_not_made_again(ufw_bench: Bench) -> None:
    ufw_bench.ufw("allow", "proto", "tcp", "from", "10.199.0.1", "to", "any", "port", "8080")
    text = "add table inet x; add chain inet x in { type filter hook input priority -50; }"
    ufw_bench.far.run("nft", f"{text}; add rule inet x in tcp dport 8080 drop")
    assert ufw_bench.make("allow", "10.199.0.1")["error"] == "unfit_rule"


def test_a_rule_is_known_and_taken_back_while_ufw_is_off(ufw_bench: Bench) -> None:
    change = ufw_bench.make("allow", "10.199.0.1")
    ufw_bench.ufw("disable")
    ufw_bench.clear()
    assert ufw_bench.status()["manager"] == "none"
    assert [own["id"] for own in ufw_bench.own()] == [change["id"]]
    ufw_bench.revoke(change["id"])
    assert ufw_bench.own() == []
    assert "8080" not in ufw_bench.ufw("show", "added")


def test_ufw_makes_a_rule_for_ipv4_alone_and_takes_it_back(ufw_bench: Bench) -> None:
    before = ufw_bench.ufw("show", "added")
    change = ufw_bench.make("allow", "0.0.0.0/0")
    assert "error" not in change, change
    assert ufw_bench.reaches(SECOND_V4, is_expected=True)
    assert not ufw_bench.reaches(SECOND_V6, is_expected=False)
    assert "(v6)" not in ufw_bench.ufw("status")
    assert ufw_bench.own()[0]["rule_spec"]["remotes"] == ["0.0.0.0/0"]
    ufw_bench.revoke(change["id"])
    assert ufw_bench.own() == []
    assert ufw_bench.ufw("show", "added") == before


def test_a_rule_for_anyone_is_taken_back_whole(ufw_bench: Bench) -> None:
    before = ufw_bench.ufw("show", "added")
    change = ufw_bench.make("allow", "any")
    assert ufw_bench.own()[0]["rule_spec"]["remotes"] == ["any"]
    assert ufw_bench.reaches(SECOND_V6, is_expected=True)
    ufw_bench.revoke(change["id"])
    assert ufw_bench.own() == []
    assert ufw_bench.ufw("show", "added") == before
