"""Causes on the side of reach: positive, the nearest neighbour, and with facts missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portview.diagnosis.answer import diagnose
from portview.diagnosis.facts import Facts, OwnerFacts
from portview.domain.destination import ClientOrigin, Destination
from portview.domain.facts import Known
from portview.domain.firewall import (
    FirewallAnswer,
    FirewallRule,
    FirewallVerdict,
    RuleEffect,
)
from portview.domain.owners.process import Execution
from portview.domain.port_proxy import PortProxyRule
from portview.domain.sockets.socket_row import Protocol
from portview.probes.server_reply import ReplyKind, ServerReply
from tests.diagnosis_facts import (
    EADDRINUSE,
    LAN,
    LAN_IPV6,
    LOOPBACK,
    UNREADABLE,
    binds,
    excluded,
    facts,
    known,
    listener,
    open_questions,
    process,
    told,
)

ALLOWED = FirewallAnswer(FirewallVerdict.ALLOWED, "Allowed.")
BLOCKED = FirewallAnswer(FirewallVerdict.BLOCKED, "Blocked.")
PARTLY = FirewallAnswer(FirewallVerdict.PARTLY, "Only from 10.0.0.0/8.")
UNKNOWN = FirewallAnswer(FirewallVerdict.UNKNOWN, "It depends on a mark.")
OUTSIDE = (LAN.address, LAN_IPV6.address)
SERVED = known((ServerReply("127.0.0.1", ReplyKind.SPOKE, "http", b"HTTP/1.1 200 OK"),))


def served(*sockets: Any, **fields: Any) -> Facts:
    """A server that works, for clients that the firewall lets in."""
    usual = {
        "sockets": sockets or (listener(),),
        "binds": binds(EADDRINUSE, EADDRINUSE),
        "firewall": known(dict.fromkeys(OUTSIDE, ALLOWED)),
        "replies": SERVED,
    }
    return facts(**{**usual, **fields})


def reach(some: Facts) -> dict[str, str]:
    return {one.code: one.certainty.value for one in diagnose(some).causes if one.side == "reach"}


def of_owner(**fields: Any) -> Any:
    return known({process().key: OwnerFacts(**fields)})


def reply(kind: ReplyKind, speaks: str = "", **fields: Any) -> Any:
    return known((ServerReply("127.0.0.1", kind, speaks, **fields),))


RULE = FirewallRule("1", "", RuleEffect.OTHER, "chain ip nat PREROUTING", "redirect to :9000")
SENT_AWAY = Destination(ClientOrigin.OTHER_MACHINE, 9000, rule=RULE)
ARRIVES = Destination(ClientOrigin.OTHER_MACHINE, 8080)
DOCKER_BRIDGE = replace(LAN, address="172.17.0.1", interface="docker0", is_internal=True)
LAN_DOWN = replace(LAN, is_up=False)
OTHER_LAN = replace(LAN, address="10.1.0.5", interface="eth1")

SITUATIONS: dict[str, tuple[Facts, dict[str, str], str | None]] = {
    "works": (served(), {}, "yes"),
    "nobody listens": (facts(), {}, None),
    "the table is unreadable": (facts(sockets=UNREADABLE), {}, "unknown"),
    "loopback": (served(listener("127.0.0.1")), {"loopback_only": "proved"}, "no"),
    "both loopbacks": (
        served(listener("127.0.0.1"), listener("::1", token=8)),
        {"loopback_only": "proved"},
        "no",
    ),
    "IPv4 alone where there is IPv6": (
        served(addresses=known((LOOPBACK, LAN, LAN_IPV6))),
        {"wrong_family": "proved"},
        "partly",
    ),
    "both families": (
        served(listener("::"), addresses=known((LOOPBACK, LAN, LAN_IPV6))),
        {},
        "yes",
    ),
    "one address of two": (
        served(listener("192.168.1.20"), addresses=known((LOOPBACK, LAN, OTHER_LAN))),
        {"specific_address": "proved"},
        "partly",
    ),
    "the bridge of containers": (
        served(listener("172.17.0.1"), addresses=known((LOOPBACK, LAN, DOCKER_BRIDGE))),
        {"container_network_only": "proved"},
        "no",
    ),
    "the cable is out": (
        served(addresses=known((LOOPBACK, LAN_DOWN))),
        {"interface_down": "proved"},
        "no",
    ),
    "no network at all": (
        served(addresses=known((LOOPBACK,))),
        {"no_network": "proved"},
        "no",
    ),
    "an address that has gone": (
        served(listener("192.168.1.77")),
        {"address_not_here": "proved"},
        "no",
    ),
    "the addresses are unreadable": (served(addresses=UNREADABLE), {}, "unknown"),
    "blocked": (
        served(firewall=known({LAN.address: BLOCKED})),
        {"firewall_blocks": "proved"},
        "no",
    ),
    "blocked in one family": (
        served(
            listener("::"),
            addresses=known((LOOPBACK, LAN, LAN_IPV6)),
            firewall=known({LAN.address: ALLOWED, LAN_IPV6.address: BLOCKED}),
        ),
        {"firewall_blocks": "proved"},
        "partly",
    ),
    "blocked for some": (
        served(firewall=known({LAN.address: PARTLY})),
        {"firewall_blocks": "proved"},
        "partly",
    ),
    "undecidable": (served(firewall=known({LAN.address: UNKNOWN})), {}, "unknown"),
    "the firewall is unreadable": (served(firewall=UNREADABLE), {}, "unknown"),
    "loopback and a firewall that nobody can read": (
        served(listener("127.0.0.1"), firewall=UNREADABLE),
        {"loopback_only": "proved"},
        "no",
    ),
    "suspended": (
        served(owners=of_owner(execution=Execution.SUSPENDED)),
        {"suspended": "proved"},
        "no",
    ),
    "in a debugger": (
        served(owners=of_owner(execution=Execution.TRACED)),
        {"suspended": "proved"},
        "no",
    ),
    "frozen": (served(owners=of_owner(is_frozen=True)), {"suspended": "proved"}, "no"),
    "suspended with a full queue": (
        served(
            listener(receive_queue=6, send_queue=5),
            owners=of_owner(execution=Execution.SUSPENDED),
        ),
        {"suspended": "proved"},
        "no",
    ),
    "whether it runs is not known": (
        served(owners=of_owner(execution=Execution.UNKNOWN)),
        {},
        "yes",
    ),
    "one of two workers is suspended": (
        served(
            listener(owners=(process(), process(pid=4243))),
            owners=known(
                {
                    process().key: OwnerFacts(Execution.SUSPENDED),
                    process(pid=4243).key: OwnerFacts(Execution.RUNNING),
                }
            ),
        ),
        {},
        "yes",
    ),
    "a full queue": (
        served(listener(receive_queue=6, send_queue=5)),
        {"backlog_full": "proved"},
        "no",
    ),
    "a queue that is just not full": (
        served(listener(receive_queue=5, send_queue=5)),
        {"hung": "likely"},
        "no",
    ),
    "hung, by a test connection": (
        served(replies=reply(ReplyKind.SILENT, was_accepted=False)),
        {"hung": "likely"},
        "no",
    ),
    "silent, and the connection was taken": (
        served(replies=reply(ReplyKind.SILENT, was_accepted=True)),
        {},
        "yes",
    ),
    "silent, whether it was taken is not known": (
        served(replies=reply(ReplyKind.SILENT)),
        {},
        "yes",
    ),
    "hangs up at once": (
        served(replies=reply(ReplyKind.RESET)),
        {"accepts_then_resets": "proved"},
        "no",
    ),
    "hangs up when spoken to": (served(replies=reply(ReplyKind.CLOSED)), {}, "yes"),
    "no descriptor left": (
        served(owners=of_owner(descriptors=Known((256, 256)))),
        {"descriptor_limit": "proved"},
        "no",
    ),
    "one descriptor left": (served(owners=of_owner(descriptors=Known((255, 256)))), {}, "yes"),
    "all clients are sent elsewhere": (
        served(destinations=known({"": (SENT_AWAY,), "192.168.1.20": (SENT_AWAY,)})),
        {"nat_shadow": "proved"},
        "no",
    ),
    "some clients are sent elsewhere": (
        served(
            destinations=known({"": (SENT_AWAY, ARRIVES), "192.168.1.20": (SENT_AWAY, ARRIVES)})
        ),
        {"nat_shadow": "proved"},
        "partly",
    ),
    "plain HTTP on 443": (served(port=443), {"wrong_protocol": "likely"}, "yes"),
    "TLS on 80": (
        served(port=80, replies=reply(ReplyKind.SPOKE, "tls")),
        {"wrong_protocol": "likely"},
        "yes",
    ),
    "TLS on 443": (served(port=443, replies=reply(ReplyKind.SPOKE, "tls")), {}, "yes"),
    "a port that browsers refuse": (
        served(port=6000),
        {"browser_blocked_port": "proved"},
        "yes",
    ),
    "what runs there is for no browser": (
        served(port=22, replies=reply(ReplyKind.SPOKE, "ssh")),
        {},
        "yes",
    ),
    "a proxy that catches localhost": (
        served(proxies=known({"http": "http://proxy.example:3128"})),
        {"proxy_environment": "possible"},
        "yes",
    ),
    "two servers": (
        served(
            listener("127.0.0.1", token=1),
            listener("192.168.1.20", token=2, owners=(process("java", 77),)),
        ),
        {"two_servers": "proved"},
        "yes",
    ),
    "one server at two addresses": (
        served(listener("127.0.0.1", token=1), listener("192.168.1.20", token=2)),
        {},
        "yes",
    ),
    "a UDP server": (served(listener(state=None), protocol=Protocol.UDP), {}, "yes"),
}


@pytest.mark.parametrize("case", SITUATIONS)
def test_the_causes_and_the_verdict_of_a_situation(case: str) -> None:
    some, causes, verdict = SITUATIONS[case]
    assert reach(some) == causes
    assert diagnose(some).can_be_reached == verdict


def test_an_app_package_may_be_closed_to_loopback() -> None:
    app = process(executable="C:\\Program Files\\WindowsApps\\Shop_1.0_x64\\shop.exe")
    some = facts("win32", sockets=[listener("127.0.0.1", owners=(app,))])
    assert told(some)["app_container"] == "possible"
    plain = process(executable="C:\\Program Files\\Shop\\shop.exe")
    assert "app_container" not in told(
        facts("win32", sockets=[listener("127.0.0.1", owners=(plain,))])
    )


def test_a_server_in_mirrored_wsl_has_a_firewall_of_its_own() -> None:
    text = "connect to 10.0.0.5 port 8080: connection timed out"
    assert told(facts("win32", text=text, wsl_mode=known("mirrored")))["hyper_v_firewall"] == (
        "possible"
    )
    assert "hyper_v_firewall" not in told(facts("win32", text=text, wsl_mode=known("nat")))
    assert "hyper_v_firewall" not in told(facts("win32", wsl_mode=known("mirrored")))


def test_a_port_proxy_that_nothing_carries_out() -> None:
    rules = known((PortProxyRule("v4tov4", "*", 8080, "172.28.1.2", 80),))
    assert reach(facts("win32", port_proxies=rules)) == {"port_proxy": "likely"}
    assert reach(facts("win32", port=8081, port_proxies=rules)) == {}


def test_what_can_not_be_told_is_said() -> None:
    assert "firewall_blocks" in open_questions(served(firewall=UNREADABLE))
    assert "firewall_blocks" in open_questions(served(firewall=known({LAN.address: UNKNOWN})))
    assert "outside_not_provable" in open_questions(served())
    assert "outside_not_provable" not in open_questions(served(listener("127.0.0.1")))


def test_a_firewall_that_lets_in_is_ruled_out() -> None:
    assert "firewall_blocks" in excluded(served())


@pytest.mark.parametrize(
    ("text", "some", "first"),
    [
        ("connect ECONNREFUSED 127.0.0.1:8080", facts(), "not_listening"),
        (
            "dial tcp [::1]:8080: connect: connection refused",
            served(listener("127.0.0.1")),
            "loopback_only",
        ),
        ("https://localhost:8080: wrong version number", served(), "wrong_protocol"),
        (
            "curl: (56) Recv failure: Connection reset by peer, port 8080",
            served(replies=reply(ReplyKind.RESET)),
            "accepts_then_resets",
        ),
        ("net::ERR_UNSAFE_PORT http://localhost:6000", facts(port=6000), "browser_blocked_port"),
    ],
)
def test_a_clients_error_puts_its_own_cause_first(text: str, some: Facts, first: str) -> None:
    error = facts(text=text).question.error
    asked = replace(some, question=replace(some.question, error=error))
    answer = diagnose(asked)
    assert answer.causes[0].code == first
    assert answer.causes[0].sentence in answer.sentence
    assert answer.outcome == 1


def test_localhost_is_named_where_only_the_other_family_listens() -> None:
    some = served(listener("127.0.0.1"), text="connect ECONNREFUSED ::1:8080")
    assert told(some)["wrong_family"] == "proved"
    unnamed = served(listener("127.0.0.1"), text="localhost:8080 refused to connect")
    assert told(unnamed)["wrong_family"] == "likely"
    other = served(listener("127.0.0.1"), text="connect ECONNREFUSED 127.0.0.1:8080")
    assert "wrong_family" not in told(other)


def test_the_most_far_reaching_cause_is_the_sentence() -> None:
    some = served(
        addresses=known((LOOPBACK, LAN, LAN_IPV6)),
        owners=of_owner(execution=Execution.SUSPENDED),
    )
    assert set(reach(some)) == {"suspended", "wrong_family"}
    assert "suspended" in diagnose(some).sentence
