"""A client is served where all packets of its conversation get through, there and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from portview.domain.facts import Known
from portview.domain.firewall import FirewallAnswer, FirewallQuestion, FirewallVerdict
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.linux.deciding import decide
from portview.firewall.linux.machine import Interface, Machine
from portview.firewall.linux.ruleset import Ruleset, parse_ruleset
from portview.firewall.linux.surroundings import Listener, Surroundings

ALLOWED, BLOCKED = FirewallVerdict.ALLOWED, FirewallVerdict.BLOCKED
UNKNOWN = FirewallVerdict.UNKNOWN
ACCEPT, DROP = {"accept": None}, {"drop": None}
MACHINE = Machine(
    (
        Interface("lo", ("127.0.0.1/8",), link=772),
        Interface("eth0", ("198.51.100.1/24",), link=1, group=0),
    ),
    surroundings=Surroundings(datetime(2024, 5, 6, 12, 30, tzinfo=UTC), cpus=4),
)
CLIENT, HERE = "198.51.100.7", "198.51.100.1"
ALL = ("new", "established")


def match(left: Any, right: Any, operator: str = "==") -> dict[str, Any]:
    return {"match": {"op": operator, "left": left, "right": right}}


def meta(key: str) -> dict[str, Any]:
    return {"meta": {"key": key}}


def ct(key: str, **more: str) -> dict[str, Any]:
    return {"ct": {"key": key, **more}}


def tcp(field: str) -> dict[str, Any]:
    return {"payload": {"protocol": "tcp", "field": field}}


def state(*words: str) -> dict[str, Any]:
    return match(ct("state"), list(words), "in")


PORT = match(tcp("dport"), 80)
BACK = match(tcp("sport"), 80)


def chain(
    hook: str, *rules: list[dict[str, Any]], policy: str = "drop", name: str = "", **more: Any
) -> list[dict[str, Any]]:
    where = {"family": more.pop("family", "ip"), "table": more.pop("table", "t")}
    name = name or f"{hook}_{more.get('type', 'filter')}"
    base = {"type": "filter", "hook": hook, "prio": 0, "policy": policy, **more}
    entries: list[dict[str, Any]] = [{"chain": {**where, "name": name, **base}}]
    for handle, expressions in enumerate(rules, start=1):
        entries.append({"rule": {**where, "chain": name, "handle": handle, "expr": expressions}})
    return entries


def rules(*chains: list[dict[str, Any]]) -> Ruleset:
    return parse_ruleset(json.dumps({"nftables": [entry for one in chains for entry in one]}))


def ask(
    *chains: list[dict[str, Any]],
    machine: Machine = MACHINE,
    protocol: Protocol = Protocol.TCP,
    remote: str = CLIENT,
) -> FirewallAnswer:
    question = FirewallQuestion(protocol, 80, local_address=HERE, remote=remote)
    return decide(question, rules(*chains), machine)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ([PORT], ALLOWED),
        ([PORT, state("new")], BLOCKED),
        ([PORT, state("new", "established")], ALLOWED),
        ([PORT, match(tcp("flags"), "syn")], BLOCKED),
        ([PORT, match({"&": [tcp("flags"), ["syn", "ack"]]}, "syn")], BLOCKED),
        ([PORT, match(tcp("flags"), ["syn", "ack"], "in")], ALLOWED),
    ],
)
def test_what_lets_only_the_first_packet_in_lets_nobody_talk(
    accepted: list[Any], expected: FirewallVerdict
) -> None:
    answer = ask(chain("input", [*accepted, ACCEPT]))
    assert answer.verdict is expected
    if expected is BLOCKED:
        assert "after its first packet" in answer.reason
    assert ask(chain("input", [state("established"), ACCEPT], [*accepted, ACCEPT])).verdict is (
        ALLOWED
    )


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ([BACK], ALLOWED),
        ([state("established")], ALLOWED),
        ([BACK, match(tcp("flags"), ["syn", "ack"])], BLOCKED),
        ([BACK, match(tcp("flags"), "syn", "in")], BLOCKED),
        ([BACK, state("new")], BLOCKED),
    ],
)
def test_the_first_data_has_to_get_back(accepted: list[Any], expected: FirewallVerdict) -> None:
    answer = ask(chain("output", [*accepted, ACCEPT]))
    assert answer.verdict is expected
    if expected is BLOCKED:
        assert "the server's answer is dropped" in answer.reason


def test_a_client_that_sends_data_first_may_do_without_an_acknowledgement_alone() -> None:
    pushed = match({"&": [tcp("flags"), ["syn", "psh"]]}, 0, "!=")
    answer = ask(chain("input", [PORT, pushed, ACCEPT]))
    assert (answer.verdict, "sends data first" in answer.reason) == (UNKNOWN, True)


def test_udp_is_one_datagram_and_one_answer() -> None:
    port = match({"payload": {"protocol": "udp", "field": "dport"}}, 80)
    only_new = chain("input", [port, state("new"), ACCEPT])
    assert ask(only_new, protocol=Protocol.UDP).verdict is ALLOWED
    no_answers = chain("output", [state("established"), DROP], policy="accept")
    assert ask(only_new, no_answers, protocol=Protocol.UDP).verdict is BLOCKED


@pytest.mark.parametrize("hook", ["output", "prerouting", "postrouting", "input"])
def test_nat_chains_see_the_first_packet_of_a_conversation_alone(hook: str) -> None:
    prio = {"output": -100, "prerouting": -100}.get(hook, 100)
    answers = chain(
        hook, [state("established"), DROP], policy="accept", type="nat", prio=prio, family="ip"
    )
    assert ask(answers).verdict is ALLOWED
    first = chain(hook, [state("new"), DROP], policy="accept", type="nat", prio=prio)
    expected = BLOCKED if hook in {"prerouting", "input"} else ALLOWED
    assert ask(first).verdict is expected


def test_a_packet_that_is_not_tracked_meets_no_nat_chain() -> None:
    raw = chain("prerouting", [{"notrack": None}], policy="accept", prio=-300, name="raw")
    nat = chain("prerouting", [DROP], policy="accept", type="nat", prio=-100)
    assert ask(nat).verdict is BLOCKED
    assert ask(raw, nat).verdict is ALLOWED


def test_before_connection_tracking_no_packet_has_a_state() -> None:
    for priority, expected in ((-300, BLOCKED), (-150, ALLOWED)):
        early = chain("prerouting", [state("new", "established"), ACCEPT], prio=priority)
        assert ask(early).verdict is expected


def test_marks_are_followed_through_a_conversation() -> None:
    marked = chain(
        "prerouting",
        [state("new"), {"mangle": {"key": ct("mark"), "value": 7}}],
        [{"mangle": {"key": meta("mark"), "value": {"|": [ct("mark"), 8]}}}],
        policy="accept",
        prio=-150,
    )
    by_packet = chain("input", [match(meta("mark"), 15), ACCEPT])
    by_connection = chain("output", [match(ct("mark"), 7), ACCEPT])
    assert ask(marked, by_packet, by_connection).verdict is ALLOWED
    assert ask(by_packet).verdict is BLOCKED
    assert ask(by_connection).verdict is BLOCKED


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (match(meta("cpu"), {"range": [0, 15]}), ALLOWED),
        (match(meta("cpu"), 9), BLOCKED),
        (match(meta("cpu"), 0), UNKNOWN),
        (match(meta("pkttype"), "host"), ALLOWED),
        (match(meta("pkttype"), "multicast"), BLOCKED),
        (match(meta("iiftype"), "ether"), ALLOWED),
        (match(meta("iiftype"), "loopback"), BLOCKED),
        (match(meta("iifgroup"), "default"), ALLOWED),
        (match({"payload": {"protocol": "ether", "field": "type"}}, "ip"), ALLOWED),
        (match({"payload": {"protocol": "ether", "field": "type"}}, "ip6"), BLOCKED),
        (match({"payload": {"protocol": "ip", "field": "ttl"}}, 5, "<"), BLOCKED),
        (match({"payload": {"protocol": "ip", "field": "ttl"}}, 30, ">"), ALLOWED),
        (match({"payload": {"protocol": "ip", "field": "ttl"}}, 64), UNKNOWN),
        (match(meta("length"), 40, ">="), ALLOWED),
        (match(meta("length"), 100, "<"), UNKNOWN),
        (match(meta("length"), 70000, ">"), BLOCKED),
        (match(meta("hour"), {"range": ["00:00", "23:59:59"]}), ALLOWED),
        (match(meta("utc hour"), {"range": ["12:00", "13:00"]}), ALLOWED),
        (match(meta("utc hour"), {"range": ["22:00", "06:00"]}), BLOCKED),
        (match(meta("utc hour"), {"range": ["12:00", "06:00"]}), ALLOWED),
        (match(meta("utc day"), "Monday"), ALLOWED),
        (match(meta("utc day"), {"set": ["Sunday", "Tue"]}), BLOCKED),
        (match(meta("time"), "2020-01-01 00:00:00", ">"), ALLOWED),
        (match(meta("time"), "2030-01-01 00:00:00", ">"), BLOCKED),
        (match(ct("direction"), "original"), ALLOWED),
        (match(ct("status"), "dnat", "in"), BLOCKED),
        (match(ct("status"), "dnat", "!"), ALLOWED),
        (match(ct("zone"), 0), ALLOWED),
        (match(ct("protocol"), "tcp"), ALLOWED),
        (match(ct("proto-dst", dir="original"), 80), ALLOWED),
        (match(ct("saddr", dir="original"), CLIENT), ALLOWED),
        (match(ct("saddr", dir="reply"), CLIENT), BLOCKED),
        (match(meta("ipsec"), right=False), ALLOWED),
        (match(meta("mark"), 0), ALLOWED),
        (match(meta("random"), 5), UNKNOWN),
        (match(tcp("dport"), 80, "~"), UNKNOWN),
    ],
)
def test_what_can_be_known_of_an_ordinary_client_is_decided(
    condition: dict[str, Any], expected: FirewallVerdict
) -> None:
    assert ask(chain("input", [condition, ACCEPT])).verdict is expected


def test_a_limit_on_connections_that_is_far_away_is_no_doubt() -> None:
    over = chain("input", [PORT, {"ct count": {"val": 20, "inv": True}}, DROP], policy="accept")
    assert ask(over).verdict is UNKNOWN
    calm = replace(MACHINE, surroundings=replace(MACHINE.surroundings, limits_kept=frozenset({20})))
    assert ask(over, machine=calm).verdict is ALLOWED
    below = chain("input", [PORT, {"ct count": {"val": 20}}, ACCEPT])
    assert ask(below, machine=calm).verdict is ALLOWED


def listening(*listeners: Listener) -> Machine:
    return replace(MACHINE, surroundings=replace(MACHINE.surroundings, listeners=Known(listeners)))


def test_the_owner_of_the_answers_is_the_one_who_listens() -> None:
    by_owner = chain("output", [match(meta("skuid"), 33), ACCEPT])
    assert ask(by_owner).verdict is UNKNOWN
    web = Listener("tcp", 4, 0, 80, user_id=33)
    assert ask(by_owner, machine=listening(web)).verdict is ALLOWED
    assert ask(by_owner, machine=listening(replace(web, user_id=0))).verdict is BLOCKED
    two = listening(web, replace(web, address=int.from_bytes(bytes([198, 51, 100, 1])), user_id=0))
    assert ask(by_owner, machine=two).verdict is UNKNOWN


def test_a_socket_is_one_as_ordinary_servers_have_it() -> None:
    wild = chain("input", [match({"socket": {"key": "transparent"}}, 0), ACCEPT])
    assert ask(wild).verdict is UNKNOWN
    web = Listener("tcp", 4, 0, 80)
    assert ask(wild, machine=listening(web)).verdict is ALLOWED
    assert ask(wild, machine=listening()).verdict is BLOCKED


REDIRECT = {"type": "nat", "prio": -100, "policy": "accept"}


def sent_to(port: int) -> list[dict[str, Any]]:
    return chain("prerouting", [PORT, {"redirect": {"port": port}}], **REDIRECT)


def test_a_redirect_to_where_nothing_listens_serves_nobody() -> None:
    web = Listener("tcp", 4, 0, 8080)
    assert ask(sent_to(8080), machine=listening(web)).verdict is ALLOWED
    answer = ask(sent_to(8080), machine=listening(replace(web, port=9090)))
    assert answer.verdict is BLOCKED
    assert answer.reason.startswith("Refused: it is let in, but nothing listens where")
    assert "sent on to 198.51.100.1:8080" in answer.reason
    other = replace(web, address=(127 << 24) + 1)
    assert ask(sent_to(8080), machine=listening(other)).verdict is BLOCKED
    of_both = Listener("tcp", 6, 0, 8080, takes_both=True)
    assert ask(sent_to(8080), machine=listening(of_both)).verdict is ALLOWED


def test_a_redirect_that_changes_nothing_is_none() -> None:
    by_status = chain(
        "input", [state("established"), ACCEPT], [match(ct("status"), "dnat", "in"), ACCEPT]
    )
    machine = listening(Listener("tcp", 4, 0, 80), Listener("tcp", 4, 0, 81))
    assert ask(sent_to(80), by_status, machine=machine).verdict is BLOCKED
    assert ask(sent_to(81), by_status, machine=machine).verdict is ALLOWED


def test_answers_leave_with_the_port_that_was_called() -> None:
    machine = listening(Listener("tcp", 4, 0, 81))
    wire = {"family": "netdev", "table": "n", "dev": "eth0", "policy": "accept"}
    for port, expected in ((80, BLOCKED), (81, ALLOWED)):
        out = chain("egress", [match(tcp("sport"), port), DROP], **wire)
        assert ask(sent_to(81), out, machine=machine).verdict is expected
    for port, expected in ((80, ALLOWED), (81, BLOCKED)):
        inside = chain("output", [match(tcp("sport"), port), DROP], policy="accept")
        assert ask(sent_to(81), inside, machine=machine).verdict is expected


def test_chains_on_the_wire_see_packets_of_their_device_alone() -> None:
    for device, expected in (("eth0", BLOCKED), ("eth1", ALLOWED), ("eth*", BLOCKED)):
        wire = chain("ingress", [DROP], family="netdev", table="n", dev=device, policy="accept")
        assert ask(wire).verdict is expected
    nowhere = chain("ingress", [DROP], family="netdev", table="n", policy="accept")
    answer = ask(nowhere)
    assert (answer.verdict, "netdev n ingress" in answer.reason) == (UNKNOWN, True)


@pytest.mark.parametrize(
    ("family", "hook", "words"),
    [("arp", "input", "ARP"), ("inet", "tomorrow", "“tomorrow”"), ("decnet", "input", "decnet")],
)
def test_a_way_that_is_not_followed_is_named(family: str, hook: str, words: str) -> None:
    answer = ask(chain(hook, family=family))
    assert (answer.verdict, words in answer.reason) == (UNKNOWN, True)
    assert ask(chain(hook, family=family, policy="accept")).verdict is ALLOWED


def test_a_dormant_table_sleeps_and_an_unknown_flag_is_named() -> None:
    blocking = rules(chain("input", table="t"))
    question = FirewallQuestion(Protocol.TCP, 80, local_address=HERE, remote=CLIENT)
    for flags, expected in (("dormant", ALLOWED), ("owner", BLOCKED), ("persist", BLOCKED)):
        flagged = blocking.with_flags({"ip t": frozenset({flags})})
        assert decide(question, flagged, MACHINE).verdict is expected
    odd = rules(chain("input", policy="accept")).with_flags({"ip t": frozenset({"asleep"})})
    answer = decide(question, odd, MACHINE)
    assert (answer.verdict, "“asleep”" in answer.reason) == (UNKNOWN, True)


def test_a_rejection_is_for_the_kind_that_its_answer_says() -> None:
    for kind, expected in (("icmp", BLOCKED), ("icmpv6", ALLOWED), ("tcp reset", BLOCKED)):
        rejecting = chain("input", [{"reject": {"type": kind}}], policy="accept", family="inet")
        assert ask(rejecting).verdict is expected


def test_a_program_of_this_machine_goes_out_and_comes_in_again() -> None:
    for one in (
        chain("output", [match(meta("oifname"), "lo"), ACCEPT]),
        chain("input", [match(meta("iifname"), "lo"), ACCEPT]),
    ):
        assert ask(one, remote=HERE).verdict is ALLOWED
    # Its connection is tracked when it comes in, so that no state is missing there.
    early = chain("prerouting", [state("new", "established"), ACCEPT], prio=-300)
    assert ask(early, remote=HERE).verdict is ALLOWED
    answers = chain("input", [PORT, ACCEPT])
    assert ask(answers, remote=HERE).verdict is not ALLOWED


def test_an_answer_that_depends_on_the_time_says_so() -> None:
    timed = chain("input", [match(meta("utc hour"), {"range": ["12:00", "13:00"]}), ACCEPT])
    assert "it depends on the time" in ask(timed).reason
    assert "time" not in ask(chain("input", [PORT, ACCEPT])).reason


def test_a_target_that_is_looked_up_in_a_map_is_known() -> None:
    elements = {"set": [[80, 8080], [443, 8443]]}
    looked_up = {"map": {"key": tcp("dport"), "data": elements}}
    sending = chain("prerouting", [{"redirect": {"port": looked_up}}], **REDIRECT)
    answer = ask(sending, machine=listening(Listener("tcp", 4, 0, 8080)))
    assert (answer.verdict, "198.51.100.1:8080" in answer.reason) == (ALLOWED, True)
    elements["set"].pop(0)
    other = chain("prerouting", [{"redirect": {"port": looked_up}}], **REDIRECT)
    assert "sent on" not in ask(other, machine=listening()).reason
