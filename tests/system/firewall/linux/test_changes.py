"""A blocked server becomes reachable through one rule, and is blocked again without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.firewall.linux.conftest import SECOND_V4, SECOND_V6, SILENCE_S
from tests.system.firewall.linux.rulesets import chain

if TYPE_CHECKING:
    from tests.system.firewall.linux.conftest import Bench

pytestmark = [
    pytest.mark.linux_only(reason="the firewall of Linux"),
    pytest.mark.root_only(reason="makes network namespaces"),
]

BLOCKING = {
    "by a policy": chain("ct state established,related accept"),
    "by a rule": chain("ct state established,related accept\ntcp dport 8080 drop", "accept"),
    "by a rejection in another chain": """
table inet filter {
  chain web { ip saddr 10.199.0.0/24 reject
    ip6 saddr fd99::/64 counter reject with tcp reset
  }
  chain input { type filter hook input priority 0; policy accept
    ct state established accept
    tcp dport vmap { 22 : accept, 8080 : goto web }
  }
}
""",
    "in two tables at once": chain("ct state established,related accept")
    + """
table ip late { chain input { type filter hook input priority 10; policy accept
    tcp dport 8080 drop
  }
}
table inet early { chain pre { type filter hook prerouting priority raw; policy accept
    tcp dport 8000-9000 counter drop
  }
}
""",
    "by what nobody knows": chain("ct state established accept\nmeta cpu 0-9999 drop", "accept"),
}


@pytest.mark.parametrize("rules", BLOCKING.values(), ids=BLOCKING)
def test_a_rule_lets_one_network_in_until_it_is_taken_back(bench: Bench, rules: str) -> None:
    bench.set_rules(rules)
    before = bench.far.run("nft", "-s", "list", "ruleset")
    check_allow_and_revoke(bench)
    assert bench.far.run("nft", "-s", "list", "ruleset") == before


def check_allow_and_revoke(bench: Bench) -> None:
    assert not bench.reaches(bench.near.ipv4, is_expected=False)
    assert bench.verdict(remote=bench.near.ipv4)["verdict"] in {"blocked", "unknown"}
    change = bench.make("allow", "10.199.0.0/30", "fd99::1")
    assert "error" not in change, change
    for source, is_allowed in (
        (bench.near.ipv4, True),
        (SECOND_V4, False),
        (bench.near.ipv6, True),
    ):
        verdict = bench.verdict(remote=source)
        assert (verdict["verdict"] == "allowed") == is_allowed, verdict
        assert bench.reaches(source, is_expected=is_allowed) == is_allowed
    [own] = bench.own()
    assert own["id"] == change["id"]
    name = f"PortView: allow TCP 8080 [{change['id']}]"
    assert own["rule"]["name"] == change["name"] == name
    decided = bench.verdict(remote=bench.near.ipv4)
    # ufw and firewalld keep the mark elsewhere than in the rule that decides.
    if decided["rule"] is not None and "portview:v1" in decided["rule"]["text"]:
        assert decided["rule"]["name"] == name
        assert f"“{name}”" in decided["reason"]
    assert set(own["rule_spec"]["remotes"]) == {"10.199.0.0/30", "fd99::1"}
    assert (own["rule_spec"]["effect"], own["rule_spec"]["port"]) == ("allow", 8080)
    taken = bench.revoke(change["id"])
    assert "error" not in taken, taken
    assert bench.own() == []
    assert bench.verdict(remote=bench.near.ipv4)["verdict"] in {"blocked", "unknown"}
    assert not bench.reaches(bench.near.ipv4, is_expected=False)


def test_a_rule_for_the_local_subnet_is_about_the_networks_of_the_cable(bench: Bench) -> None:
    bench.set_rules(chain("ct state established accept"))
    change = bench.make("allow", "localsubnet", expires_at_ms=1_900_000_000_000)
    [own] = bench.own()
    assert {"10.199.0.0/24", "fd99::/64"} <= set(own["rule_spec"]["remotes"])
    assert own["rule_spec"]["expires_at_ms"] == 1_900_000_000_000
    assert bench.reaches(SECOND_V4, is_expected=True)
    assert any("restart" in note for note in change["notes"])
    assert change["warnings"] == []


def test_a_rule_for_anyone_lets_both_versions_in(bench: Bench) -> None:
    bench.set_rules(chain("ct state established accept"))
    change = bench.make("allow", "any")
    assert len(change["commands"]) == 1
    assert bench.verdict()["verdict"] == "allowed"
    assert bench.own()[0]["rule_spec"]["remotes"] == ["any"]
    assert bench.reaches(bench.near.ipv6, is_expected=True)


@pytest.mark.parametrize(
    ("remotes", "reads"),
    [
        (("0.0.0.0/0",), {"0.0.0.0/0"}),
        (("localsubnet4",), {"10.199.0.0/24"}),
    ],
)
@pytest.mark.parametrize("rules", BLOCKING.values(), ids=BLOCKING)
def test_a_rule_for_one_ip_version_leaves_the_other_as_it_is(
    bench: Bench, rules: str, remotes: tuple[str, ...], reads: set[str]
) -> None:
    bench.set_rules(rules)
    before = bench.far.run("nft", "-s", "list", "ruleset")
    met = bench.experience([{"source": SECOND_V6, "protocol": "tcp", "patience_s": SILENCE_S}])
    change = bench.make("allow", *remotes)
    assert "error" not in change, change
    assert not any("ip6" in word or ":" in word[:5] for one in change["commands"] for word in one)
    [own] = bench.own()
    assert set(own["rule_spec"]["remotes"]) == reads
    assert bench.reaches(SECOND_V4, is_expected=True)
    after = bench.experience([{"source": SECOND_V6, "protocol": "tcp", "patience_s": SILENCE_S}])
    assert after == met
    bench.revoke(change["id"])
    assert bench.far.run("nft", "-s", "list", "ruleset") == before


def test_clients_of_one_ip_version_are_blocked(bench: Bench) -> None:
    change = bench.make("block", "::/0")
    assert not bench.reaches(bench.near.ipv6, is_expected=False)
    assert bench.reaches(bench.near.ipv4, is_expected=True)
    assert bench.own()[0]["rule_spec"]["remotes"] == ["::/0"]
    bench.revoke(change["id"])
    assert bench.reaches(bench.near.ipv6, is_expected=True)


@pytest.mark.parametrize(
    "rules", ["", chain("iif lo accept\ntcp dport 8080 accept")], ids=["none", "allowing"]
)
def test_a_port_is_blocked_for_some_until_the_rule_is_taken_back(bench: Bench, rules: str) -> None:
    bench.set_rules(rules + chain("", "accept", family="ip6"))
    before = bench.far.run("nft", "-s", "list", "ruleset")
    assert bench.reaches(bench.near.ipv4, is_expected=True)
    change = bench.make("block", "10.199.0.1")
    assert not bench.reaches(bench.near.ipv4, is_expected=False)
    assert bench.verdict(remote=bench.near.ipv4)["verdict"] == "blocked"
    assert bench.verdict(remote="127.0.0.1")["verdict"] == "allowed"
    assert bench.reaches(SECOND_V4, is_expected=True)
    bench.revoke(change["id"])
    assert bench.reaches(bench.near.ipv4, is_expected=True)
    assert bench.far.run("nft", "-s", "list", "ruleset") == before


def test_what_is_allowed_already_needs_no_rule(bench: Bench) -> None:
    assert bench.make("allow", "any")["error"] == "rule_not_needed"


def test_rules_of_iptables_are_changed_through_iptables(bench: Bench) -> None:
    for tool in ("iptables", "ip6tables"):
        bench.far.run(tool, "-P", "INPUT", "DROP")
        bench.far.run(
            *(tool, "-A", "INPUT", "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT")
        )
        bench.far.run(
            tool, "-A", "INPUT", "-p", "tcp", "-m", "tcp", "--dport", "8080", "-j", "DROP"
        )
    check_allow_and_revoke(bench)


def test_a_rule_of_iptables_for_ipv4_is_known_as_that(bench: Bench) -> None:
    for tool in ("iptables", "ip6tables"):
        bench.far.run(tool, "-P", "INPUT", "DROP")
        bench.far.run(
            *(tool, "-A", "INPUT", "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT")
        )
    change = bench.make("allow", "0.0.0.0/0")
    assert [one[0] for one in change["commands"]] == ["iptables-nft"]
    assert bench.own()[0]["rule_spec"]["remotes"] == ["0.0.0.0/0"]
    assert bench.reaches(SECOND_V4, is_expected=True)
    assert not bench.reaches(SECOND_V6, is_expected=False)
    bench.revoke(change["id"])
    assert bench.own() == []


REDIRECTED = """
table inet nat { chain pre { type nat hook prerouting priority dstnat
  tcp dport 8080 redirect to :9090
}
}
"""


def test_a_rule_for_a_port_that_is_sent_on_is_for_the_port_where_it_arrives(bench: Bench) -> None:
    bench.set_rules(REDIRECTED + chain("ct state established,related accept"))
    assert not bench.reaches(bench.near.ipv4, is_expected=False)
    change = bench.make("allow", "10.199.0.0/30")
    assert len(change["commands"]) == 1
    assert any("9090" in note for note in change["notes"])
    assert bench.verdict(remote=bench.near.ipv4)["verdict"] == "allowed"
    assert bench.reaches(bench.near.ipv4, is_expected=True)
    assert not bench.reaches(SECOND_V4, is_expected=False)
    bench.revoke(change["id"])
    assert not bench.reaches(bench.near.ipv4, is_expected=False)


ONE_WAY = """
table inet filter { chain output { type filter hook output priority 0; policy drop
  icmpv6 type nd-neighbor-advert accept
  tcp sport 8080 tcp flags & (syn|ack) == (syn|ack) accept
}
}
"""


def test_a_rule_lets_the_answers_out_as_well(bench: Bench) -> None:
    bench.set_rules(ONE_WAY)
    check_allow_and_revoke(bench)


def test_only_new_connections_are_no_reason_to_make_no_rule(bench: Bench) -> None:
    bench.set_rules(chain("tcp dport 8080 ct state new accept"))
    check_allow_and_revoke(bench)
