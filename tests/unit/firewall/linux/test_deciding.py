"""Single questions to small rulesets; what real packets meet is tried in tests/system/firewall."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portview.domain.firewall import FirewallAnswer, FirewallQuestion, RuleEffect, RuleFit
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.linux.conditions import conditions_of
from portview.firewall.linux.deciding import decide
from portview.firewall.linux.listing import parse_texts
from portview.firewall.linux.machine import Interface, Machine, Route, ip_network
from portview.firewall.linux.ruleset import Ruleset, parse_ruleset

ETH0 = Interface("eth0", ("198.51.100.1/24", "2001:db8::1/64"))
WLAN0 = Interface("wlan0", ("203.0.113.1/24",))
BRIDGE = Interface("br0", ("192.0.2.1/24",), is_bridge=True)
INNER = Interface("docker0", ("172.17.0.1/16",), is_inner=True, is_bridge=True)
LO = Interface("lo", ("127.0.0.1/8", "::1/128"))
ONE = Machine((LO, ETH0))
WHERE = {"family": "inet", "table": "t"}
ACCEPT, DROP = {"accept": None}, {"drop": None}
DPORT = {"payload": {"protocol": "tcp", "field": "dport"}}
PORT = {"match": {"op": "==", "left": DPORT, "right": 80}}


def through(name: str) -> dict[str, Any]:
    return {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": name}}


def rules(
    *several: list[dict[str, Any]], policy: str = "accept", more: tuple[Any, ...] = (), **base: Any
) -> Ruleset:
    head = {"type": "filter", "hook": "input", "prio": 0, "policy": policy, **base}
    where = {**WHERE, **({"family": base["family"]} if "family" in base else {})}
    entries: list[Any] = [{"chain": {"name": "in", **head, **where}}, *more]
    for handle, expressions in enumerate(several, start=1):
        body = {"chain": "in", "handle": handle, "expr": expressions}
        entries.append({"rule": {**where, **body}})
    return parse_ruleset(json.dumps({"nftables": entries}))


def ask(ruleset: Ruleset, machine: Machine = ONE, **more: Any) -> FirewallAnswer:
    return decide(FirewallQuestion(Protocol.TCP, 80, **more), ruleset, machine)


def test_interfaces_that_differ_make_it_partly_allowed() -> None:
    machine = Machine((LO, ETH0, WLAN0))
    answer = ask(rules([through("eth0"), ACCEPT], policy="drop"), machine)
    assert answer.verdict == "partly"
    assert "through eth0" in answer.reason
    assert answer.matches[0].fit is RuleFit.PART
    same = ask(
        rules([through("eth0"), ACCEPT], policy="drop"), machine, local_address="203.0.113.1"
    )
    assert same.verdict == "blocked"


def test_containers_of_this_machine_are_no_other_machines() -> None:
    machine = Machine((LO, ETH0, INNER))
    assert ask(rules([through("docker0"), ACCEPT], policy="drop"), machine).verdict == "blocked"
    assert ask(rules([through("docker0"), DROP]), machine).verdict == "allowed"
    assert ask(rules([through("docker0"), DROP]), machine, remote="172.17.0.5").verdict == "blocked"


def test_a_client_comes_in_through_the_interface_that_leads_to_it() -> None:
    routes = (
        Route(ip_network("0.0.0.0/0"), "eth0"),
        Route(ip_network("192.0.2.0/24"), "wlan0", 5),
    )
    machine = Machine((LO, ETH0, WLAN0), routes)
    ruleset = rules([through("wlan0"), ACCEPT], policy="drop")
    assert ask(ruleset, machine, remote="192.0.2.9").verdict == "allowed"
    assert ask(ruleset, machine, remote="192.0.3.9").verdict == "blocked"


@pytest.mark.parametrize("remote", ["127.0.0.1", "198.51.100.1", "::1"])
def test_this_machine_itself_comes_in_through_loopback(remote: str) -> None:
    assert ask(rules([through("lo"), ACCEPT], policy="drop"), remote=remote).verdict == "allowed"
    assert ask(rules([through("eth0"), ACCEPT], policy="drop"), remote=remote).verdict == "blocked"


@pytest.mark.parametrize(
    ("local", "remote", "words"),
    [
        ("127.0.0.1", None, "loopback only"),
        ("::1", "198.51.100.7", "loopback only"),
        ("198.51.100.1", "2001:db8::7", "IPv4 address"),
        ("0.0.0.0", "2001:db8::7", "IPv4 address"),  # noqa: S104 - what a server is bound to
    ],
)
def test_where_the_server_listens_comes_before_any_rule(
    local: str, remote: str | None, words: str
) -> None:
    answer = ask(rules(), local_address=local, remote=remote)
    assert answer.verdict == "blocked"
    assert words in answer.reason
    assert answer.rule is None
    assert answer.next_step


def test_the_family_that_the_server_listens_on_counts_alone() -> None:
    ruleset = rules([DROP], family="ip6")
    assert ask(ruleset).verdict == "partly"
    assert ask(ruleset, local_address="0.0.0.0").verdict == "allowed"  # noqa: S104
    assert ask(ruleset, local_address="2001:db8::1").verdict == "blocked"
    assert ask(ruleset, local_address="::ffff:198.51.100.1").verdict == "allowed"


def test_rules_of_a_bridge_are_not_followed_and_this_is_said() -> None:
    ruleset = rules([PORT, DROP], family="bridge")
    assert ask(ruleset, Machine((LO, ETH0))).verdict == "allowed"
    answer = ask(ruleset, Machine((LO, BRIDGE)))
    assert answer.verdict == "unknown"
    assert "bridge" in answer.reason


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ({"queue": {"num": 1}}, "a program that decides"),
        ({"limit": "slow"}, "the limit named “slow”"),
        ({"quota": {"val": 1}}, "went through before"),
        ({"ct count": {"val": 3}}, "connections are open"),
        ({"xt": {"type": "target", "name": "ODD"}}, "the target “ODD” of iptables"),
        ({"xt": None}, "an extension of iptables"),
        ({"tomorrow": {}}, "the statement “tomorrow”"),
        ({"match": {"op": "==", "left": {"meta": {"key": "priority"}}, "right": 0}}, "meta pri"),
        ({"match": {"op": "==", "left": {"tomorrow": {}}, "right": 0}}, "tomorrow"),
        (
            {"match": {"op": "==", "left": DPORT, "right": {"odd": 1}}},
            "unknown value",
        ),
        ({"mangle": {"key": DPORT, "value": 81}}, "what it rewrites"),
    ],
)
def test_what_nobody_knows_is_unknown_and_names_the_rule(
    expression: dict[str, Any], words: str
) -> None:
    answer = ask(rules([expression, ACCEPT], policy="drop"))
    assert answer.verdict == "unknown"
    assert words in answer.reason
    assert answer.rule
    assert answer.rule.id == "inet t in 1"
    assert answer.matches[0].decides
    assert answer.matches[0].fit is RuleFit.MAYBE


def test_what_nobody_knows_does_not_matter_where_all_ends_are_the_same() -> None:
    unknown = {"match": {"op": "==", "left": {"meta": {"key": "cpu"}}, "right": 0}}
    assert ask(rules([unknown, DROP], policy="drop")).verdict == "blocked"
    assert ask(rules([unknown, ACCEPT])).verdict == "allowed"
    late = rules([unknown, ACCEPT], [DROP])
    assert ask(late).verdict == "unknown"


def test_a_rate_is_a_condition_that_is_named() -> None:
    limit = {"limit": {"rate": 10, "per": "minute", "burst": 5}}
    below = ask(rules([PORT, limit, ACCEPT], policy="drop"))
    assert below.verdict == "partly"
    assert "below 10/minute" in below.reason
    over = ask(rules([PORT, {"limit": {**limit["limit"], "inv": True}}, DROP]))
    assert (over.verdict, "below 10/minute" in over.reason) == ("partly", True)
    per_source = {"set": {"op": "add", "elem": "x", "set": "@seen", "stmt": [limit]}}
    assert "for each source" in ask(rules([PORT, per_source, ACCEPT], policy="drop")).reason
    assert ask(rules([PORT, limit, {"log": None}])).verdict == "allowed"


def test_a_set_that_traffic_fills_is_unknown() -> None:
    named = {"set": {**WHERE, "name": "seen", "type": "ipv4_addr", "elem": ["198.51.100.7"]}}
    source = {"payload": {"protocol": "ip", "field": "saddr"}}
    match = {"match": {"op": "==", "left": source, "right": "@seen"}}
    add = {"set": {"op": "add", "elem": source, "set": "@seen"}}
    assert ask(rules([match, DROP], more=(named,))).verdict == "partly"
    filled = ask(rules([match, DROP], [add], more=(named,)), local_address="198.51.100.1")
    assert filled.verdict == "unknown"


def test_a_packet_for_a_container_needs_a_machine_that_passes_it_on() -> None:
    sent = [PORT, {"dnat": {"addr": "172.17.0.5", "port": 8080, "family": "ip"}}]
    nat = {"type": "nat", "hook": "prerouting", "prio": -100}
    machine = Machine((LO, ETH0, INNER), forwards=frozenset({4}))
    local = "198.51.100.1"
    answer = ask(rules(sent, **nat), machine, local_address=local)
    assert answer.verdict == "allowed"
    assert "sent on to 172.17.0.5:8080" in answer.reason
    stopped = ask(rules(sent, **nat), Machine((LO, ETH0, INNER)), local_address=local)
    assert (stopped.verdict, "does not pass packets on" in stopped.reason) == ("blocked", True)


def test_what_is_sent_on_to_loopback_hangs_on_a_setting_of_the_kernel() -> None:
    nat = {"type": "nat", "hook": "prerouting", "prio": -100}
    sent = [PORT, {"dnat": {"addr": "127.0.0.1", "family": "ip"}}]
    answer = ask(rules(sent, **nat), local_address="198.51.100.1")
    assert (answer.verdict, "route_localnet" in answer.reason) == ("unknown", True)
    # IPv6 is none of that rule's business.
    assert ask(rules(sent, **nat), local_address="2001:db8::1").verdict == "allowed"


def test_many_rules_and_large_sets_are_followed() -> None:
    source = {"payload": {"protocol": "ip", "field": "saddr"}}
    addresses = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(0, 40_000, 2)]
    named = {"set": {**WHERE, "name": "bad", "type": "ipv4_addr", "elem": addresses}}
    several = [[{"match": {"op": "==", "left": source, "right": "@bad"}}, DROP]]
    several += [
        [{**PORT, "match": {**PORT["match"], "right": n}}, ACCEPT] for n in range(2000, 4000)
    ]
    ruleset = rules(*several, [PORT, ACCEPT], policy="drop", more=(named,))
    assert ask(ruleset, remote="10.0.0.2").verdict == "blocked"
    assert ask(ruleset, remote="10.0.0.3").verdict == "allowed"
    whole = ask(ruleset)
    assert whole.verdict == "partly"
    assert len(whole.reason) < 500


def test_too_many_cases_are_said_to_be_too_many() -> None:
    jump = {"jump": {"target": "other"}}
    unknown = {"match": {"op": "==", "left": {"meta": {"key": "cpu"}}, "right": 0}}
    mark = {"mangle": {"key": {"meta": {"key": "mark"}}, "value": 1}}
    other = {"chain": {**WHERE, "name": "other"}}
    inside = {"rule": {**WHERE, "chain": "other", "handle": 9, "expr": [unknown, mark]}}
    ruleset = rules(*[[unknown, jump]] * 300, policy="drop", more=(other, inside))
    answer = ask(ruleset)
    assert answer.verdict in {"unknown", "blocked"}


def test_matches_stand_in_the_order_in_which_they_decide() -> None:
    answer = ask(rules([PORT, {"counter": None}], [through("eth0"), PORT, ACCEPT], [DROP]))
    assert [match.rule.id for match in answer.matches] == ["inet t in 2"]
    assert answer.rule
    assert answer.rule.effect is RuleEffect.ALLOW
    assert answer.rule.source == "chain inet t in"
    assert set(answer.rule.conditions) == {"in through eth0", "port 80"}


def test_the_words_of_nft_are_found_by_chain_and_handle() -> None:
    listing = (
        "table inet t { # handle 1\n\tchain in { # handle 1\n"
        "\t\ttype filter hook input priority filter; policy drop;\n"
        "\t\ttcp dport { 80, 81,\n\t\t\t     82 } accept # handle 1\n"
        '\t\tcounter comment "# handle 9" # handle 2\n\t}\n}\n'
    )
    ruleset = rules([PORT, ACCEPT], [{"counter": None}]).with_texts(parse_texts(listing))
    texts = [rule.text for rule in ruleset.rules()]
    assert texts == ["tcp dport { 80, 81, 82 } accept", 'counter comment "# handle 9"']


@pytest.mark.parametrize(
    ("expression", "phrases"),
    [
        (PORT, ("port 80",)),
        (through("lo"), ("in through lo",)),
        ({"limit": {"rate": 3, "per": "hour", "inv": True}}, ("above 3/hour",)),
        (
            {
                "match": {
                    "op": "!=",
                    "left": {"fib": {"result": "type", "flags": ["daddr"]}},
                    "right": {"set": ["local", "multicast"]},
                }
            },
            ("not target address of kind local, multicast",),
        ),
        (
            {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["new"]}},
            ("state of connection new",),
        ),
        (DROP, ()),
    ],
)
def test_conditions_are_told_in_phrases(expression: dict[str, Any], phrases: tuple[str]) -> None:
    [rule] = rules([expression]).rules()
    assert conditions_of(rule) == phrases
