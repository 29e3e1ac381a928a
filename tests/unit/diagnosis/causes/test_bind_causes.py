"""Causes on the side of the bind: positive, the nearest neighbour, and with facts missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portview.diagnosis.answer import diagnose
from portview.diagnosis.facts import Facts, OwnerFacts, Self, Usage
from portview.domain.destination import ClientOrigin, Destination
from portview.domain.facts import Known
from portview.domain.firewall import FirewallRule, RuleEffect
from portview.domain.owners.http_sys import HttpPortUse, HttpRegistration
from portview.domain.port_proxy import PortProxyRule
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import OwnerProblem, Protocol, State
from portview.readers.linux.other_namespaces import ForeignListener
from portview.readers.linux.port_sockets import Opener
from tests.diagnosis_facts import (
    EACCES,
    EADDRINUSE,
    EADDRNOTAVAIL,
    EPERM,
    NONE,
    UNREADABLE,
    WSAEACCES,
    WSAEADDRINUSE,
    bind_at,
    binds,
    excluded,
    facts,
    known,
    listener,
    open_questions,
    process,
    proved,
    told,
)

BLOCKED = binds(EADDRINUSE, EADDRINUSE)
BLOCKED_ON_WINDOWS = binds(WSAEADDRINUSE, WSAEADDRINUSE)
DENIED_ON_WINDOWS = binds(WSAEACCES, WSAEACCES)


def connection(**fields: Any) -> Any:
    fields.setdefault("state", State.ESTABLISHED)
    fields.setdefault("remote", "192.168.1.9")
    fields.setdefault("remote_port", 50123)
    return listener("192.168.1.20", **fields)


def kernel(**fields: Any) -> Any:
    return listener(owners=(), pid=4, is_mine=None, user=None, **fields)


RULE = FirewallRule("1", "", RuleEffect.OTHER, "chain ip nat PREROUTING", "redirect to :9000")
SENT_AWAY = Destination(ClientOrigin.OTHER_MACHINE, 9000, rule=RULE)

POSITIVE: dict[str, tuple[Facts, str]] = {
    "listener": (facts(sockets=[listener()], binds=BLOCKED), "listener"),
    "a UDP holder": (
        facts(sockets=[listener(state=None)], binds=BLOCKED, protocol=Protocol.UDP),
        "listener",
    ),
    "dual stack": (facts(sockets=[listener("::")], binds=BLOCKED), "dual_stack"),
    "other user": (
        facts(
            sockets=[
                listener(
                    owners=(), problem=OwnerProblem.ACCESS_DENIED, is_mine=False, user="postgres"
                )
            ],
            binds=BLOCKED,
        ),
        "other_user",
    ),
    "dead owner": (
        facts(
            "win32",
            sockets=[listener(owners=(), problem=OwnerProblem.PROCESS_GONE, pid=999)],
            binds=BLOCKED_ON_WINDOWS,
        ),
        "dead_owner",
    ),
    "kernel socket": (
        facts(
            sockets=[listener(owners=(), user="root", kernel_user="VXLAN interface vx0")],
            binds=BLOCKED,
        ),
        "kernel_socket",
    ),
    "a driver of Windows": (
        facts("win32", port=445, sockets=[kernel()], binds=BLOCKED_ON_WINDOWS),
        "kernel_socket",
    ),
    "socket unit": (
        facts(sockets=[listener(owners=(process("systemd", 1),))], binds=BLOCKED),
        "socket_unit",
    ),
    "docker": (
        facts(sockets=[listener(owners=(process("docker-proxy"),))], binds=BLOCKED),
        "docker",
    ),
    "WSL's relay": (
        facts(
            "win32",
            sockets=[listener("127.0.0.1", owners=(process("wslrelay.exe"),))],
            binds=BLOCKED_ON_WINDOWS,
        ),
        "wsl_relay",
    ),
    "port proxy": (
        facts(
            "win32",
            sockets=[listener(owners=(process("svchost.exe"),), services=("iphlpsvc",))],
            binds=BLOCKED_ON_WINDOWS,
            port_proxies=known((PortProxyRule("v4tov4", "*", 8080, "172.28.1.2", 80),)),
        ),
        "port_proxy",
    ),
    "http.sys": (
        facts(
            "win32",
            port=5985,
            sockets=[kernel()],
            binds=DENIED_ON_WINDOWS,
            http_sys=known(HttpPortUse(5985, (HttpRegistration("HTTP://+:5985/WSMAN/", 5985),))),
        ),
        "http_sys",
    ),
    "shared by SO_REUSEPORT": (
        facts(sockets=[listener(token=1), listener(token=2)], binds=BLOCKED),
        "reuse_port_group",
    ),
    "one at all and one at a single address": (
        facts(
            "win32",
            sockets=[
                listener(token=1),
                listener("127.0.0.1", token=2, owners=(process("java", 77),)),
            ],
            binds=BLOCKED_ON_WINDOWS,
        ),
        "wildcard_and_specific",
    ),
    "bound": (
        facts(sockets=[listener(state=State.BOUND)], binds=BLOCKED),
        "bound_not_listening",
    ),
    "outgoing": (
        facts(port=42344, sockets=[connection(opened_by=Opener.THIS_END)], binds=BLOCKED),
        "outgoing_connection",
    ),
    "left over": (
        facts(sockets=[connection(opened_by=Opener.OTHER_END)], binds=BLOCKED),
        "leftovers",
    ),
    "TIME_WAIT": (
        facts(sockets=[connection(state=State.TIME_WAIT, owners=())], binds=BLOCKED),
        "leftovers",
    ),
    "excluded range": (
        facts(
            "win32",
            binds=DENIED_ON_WINDOWS,
            ranges=known(PortRanges(PortRange(49152, 65535), (PortRange(8054, 8153),))),
        ),
        "excluded_range",
    ),
    "privileged": (facts(port=80, binds=binds(EACCES, EACCES)), "privileged_port"),
    "filter": (
        facts(binds=binds(EPERM, EPERM), control_code=known(EPERM)),
        "packet_filter",
    ),
    "filter on Windows": (
        facts("win32", binds=DENIED_ON_WINDOWS, control_code=known(WSAEACCES)),
        "packet_filter",
    ),
    "address not here": (
        facts(address="10.9.9.9", binds=bind_at("10.9.9.9", EADDRNOTAVAIL)),
        "address_not_here",
    ),
    "IPv6 off": (
        facts(address="::1", binds=bind_at("::1", EADDRNOTAVAIL), ipv6_off=known(value=True)),
        "ipv6_off",
    ),
    "NAT": (facts(destinations=known({"": (SENT_AWAY,)})), "nat_shadow"),
    "NAT, as a test server met it": (
        facts(destinations=UNREADABLE, shadowed_address=known("127.0.0.1")),
        "nat_shadow",
    ),
    "no dynamic port left": (
        facts(
            any_port_code=known(EADDRINUSE),
            usage=known(Usage(PortRange(40000, 40009), 10, 2, (("leaky (PID 9)", 8),))),
        ),
        "port_exhaustion",
    ),
}

NEIGHBOURS: dict[str, tuple[Facts, str]] = {
    "a listener at another address": (
        facts(
            address="127.0.0.2", sockets=[listener("127.0.0.1")], binds=bind_at("127.0.0.2", None)
        ),
        "listener",
    ),
    "IPv6 alone": (
        facts(
            address="127.0.0.1",
            sockets=[listener("::", is_v6_only=True)],
            binds=bind_at("127.0.0.1", None),
        ),
        "dual_stack",
    ),
    "an IPv4 listener": (facts(sockets=[listener()], binds=BLOCKED), "dual_stack"),
    "whether IPv6 alone is not known": (
        facts(sockets=[listener("::", is_v6_only=None)], binds=BLOCKED),
        "dual_stack",
    ),
    "my own hidden program": (
        facts(sockets=[listener(owners=(), problem=OwnerProblem.ACCESS_DENIED)], binds=BLOCKED),
        "other_user",
    ),
    "an owner that is looked up": (
        facts(sockets=[listener(owners=(), problem=OwnerProblem.LOOKING)], binds=BLOCKED),
        "kernel_socket",
    ),
    "nobody found, and no part of the kernel either": (
        facts(sockets=[listener(owners=(), problem=OwnerProblem.NOT_FOUND)], binds=BLOCKED),
        "kernel_socket",
    ),
    "a driver, http.sys having nothing": (
        facts(
            "win32",
            port=445,
            sockets=[kernel()],
            binds=BLOCKED_ON_WINDOWS,
            http_sys=known(HttpPortUse(445)),
        ),
        "http_sys",
    ),
    "a forward of another port": (
        facts(
            "win32",
            sockets=[listener(services=("iphlpsvc",))],
            binds=BLOCKED_ON_WINDOWS,
            port_proxies=known((PortProxyRule("v4tov4", "*", 9090, "172.28.1.2", 80),)),
        ),
        "port_proxy",
    ),
    "one socket of several workers": (
        facts(
            sockets=[listener(owners=(process("nginx", 1000), process("nginx", 1001)))],
            binds=BLOCKED,
        ),
        "reuse_port_group",
    ),
    "both families of one program": (
        facts(
            "win32",
            sockets=[listener(token=1), listener("::", token=2)],
            binds=BLOCKED_ON_WINDOWS,
        ),
        "wildcard_and_specific",
    ),
    "connections of a living server": (
        facts(sockets=[listener(), connection(opened_by=Opener.OTHER_END)], binds=BLOCKED),
        "leftovers",
    ),
    "remains beside a bound socket": (
        facts(
            sockets=[listener(state=State.BOUND), connection(state=State.TIME_WAIT)],
            binds=BLOCKED,
        ),
        "leftovers",
    ),
    "remains that a server with SO_REUSEADDR passes": (
        facts(sockets=[connection(state=State.TIME_WAIT)], binds=binds(plain=EADDRINUSE)),
        "leftovers",
    ),
    "a client in TIME_WAIT, by its numbers alone": (
        facts(
            port=42344,
            sockets=[connection(state=State.TIME_WAIT, owners=(), remote_port=443)],
            binds=BLOCKED,
        ),
        "outgoing_connection",
    ),
    "an excluded range that lets a bind through": (
        facts(
            "win32",
            ranges=known(PortRanges(PortRange(49152, 65535), (PortRange(8054, 8153),))),
        ),
        "excluded_range",
    ),
    "an administered exclusion": (
        facts(
            "win32",
            binds=DENIED_ON_WINDOWS,
            ranges=known(
                PortRanges(PortRange(49152, 65535), (PortRange(8054, 8153, is_administered=True),))
            ),
        ),
        "excluded_range",
    ),
    "the trace of http.sys among the excluded ranges": (
        facts(
            "win32",
            port=5985,
            sockets=[kernel()],
            binds=DENIED_ON_WINDOWS,
            http_sys=known(HttpPortUse(5985, (HttpRegistration("HTTP://+:5985/WSMAN/", 5985),))),
            ranges=known(PortRanges(PortRange(49152, 65535), (PortRange(5985, 5985),))),
        ),
        "excluded_range",
    ),
    "a privileged port with the privilege": (
        facts(port=80, may_bind_privileged=known(value=True)),
        "privileged_port",
    ),
    "a refusal in spite of the privilege": (
        facts(port=80, binds=binds(EACCES, EACCES), may_bind_privileged=known(value=True)),
        "privileged_port",
    ),
    "one port alone is refused": (facts(binds=binds(EACCES, EACCES)), "packet_filter"),
    "denied by an excluded range": (
        facts(
            "win32",
            binds=DENIED_ON_WINDOWS,
            control_code=NONE,
            ranges=known(PortRanges(PortRange(49152, 65535), (PortRange(8054, 8153),))),
        ),
        "packet_filter",
    ),
    "an address of this machine that waits": (
        facts(address="192.168.1.20", binds=bind_at("192.168.1.20", EADDRNOTAVAIL)),
        "address_not_here",
    ),
    "another machine's IPv6 address": (
        facts(address="2001:db8::99", binds=bind_at("2001:db8::99", EADDRNOTAVAIL)),
        "ipv6_off",
    ),
    "many dynamic ports, and some left": (
        facts(usage=known(Usage(PortRange(40000, 40009), 9))),
        "port_exhaustion",
    ),
    "a NAT rule for another port": (
        facts(
            destinations=known({"": (Destination(ClientOrigin.OTHER_MACHINE, 8080),)}),
        ),
        "nat_shadow",
    ),
}


@pytest.mark.parametrize("case", POSITIVE)
def test_a_cause_is_proved_and_named_alone(case: str) -> None:
    some, code = POSITIVE[case]
    on_bind = {one.code for one in diagnose(some).causes if one.side == "bind"}
    assert on_bind == {code}
    assert told(some)[code] in {"proved", "likely"}
    assert proved(some) >= {code}


@pytest.mark.parametrize("case", POSITIVE)
def test_every_cause_has_evidence_and_a_way_out(case: str) -> None:
    some, code = POSITIVE[case]
    answer = diagnose(some)
    cause = next(one for one in answer.causes if one.code == code)
    assert cause.fixes
    assert cause.evidence or code == "nat_shadow"
    assert cause.sentence in answer.sentence
    assert "{" not in cause.sentence
    for fix in cause.fixes:
        assert fix.sentence.endswith((".", "…", "1"))


@pytest.mark.parametrize("case", NEIGHBOURS)
def test_a_cause_is_not_proved_in_its_neighbours_situation(case: str) -> None:
    some, code = NEIGHBOURS[case]
    assert code not in proved(some)


@pytest.mark.parametrize("case", POSITIVE)
def test_only_the_first_fix_is_as_harmless_as_any(case: str) -> None:
    some, code = POSITIVE[case]
    cause = next(one for one in diagnose(some).causes if one.code == code)
    assert cause.fixes[0].harm == min(fix.harm for fix in cause.fixes)


def test_a_free_port_has_no_cause_and_a_firewall_is_ruled_out() -> None:
    assert told(facts()) == {}
    assert {"listener", "bound_not_listening", "leftovers", "packet_filter"} <= excluded(facts())


@pytest.mark.parametrize(
    ("some", "code"),
    [
        (facts(sockets=UNREADABLE, binds=BLOCKED), "listener"),
        (facts("win32", ranges=UNREADABLE, binds=DENIED_ON_WINDOWS), "excluded_range"),
        (facts(destinations=UNREADABLE), "nat_shadow"),
        (facts(selinux_enforcing=UNREADABLE), "selinux"),
        (facts(lists_bound=known(value=False), binds=BLOCKED), "bound_not_listening"),
        (
            facts("win32", port=5985, sockets=[kernel()], http_sys=UNREADABLE),
            "http_sys",
        ),
        (
            facts(foreign=UNREADABLE, text="connect to port 8080: connection refused"),
            "other_namespace",
        ),
    ],
)
def test_what_could_not_be_read_is_said_and_not_ruled_out(some: Facts, code: str) -> None:
    assert code in open_questions(some)
    assert code not in excluded(some)
    assert code not in told(some)


def test_unreadable_ranges_leave_a_filter_unproved() -> None:
    some = facts("win32", ranges=UNREADABLE, binds=DENIED_ON_WINDOWS, control_code=NONE)
    assert "packet_filter" not in told(some)


def test_an_administered_exclusion_is_ruled_out_for_a_bind_by_number() -> None:
    ranges = PortRanges(PortRange(49152, 65535), (PortRange(50000, 50059, is_administered=True),))
    some = facts("win32", port=50001, ranges=known(ranges))
    assert "administered_exclusion" in excluded(some)
    quic = facts("win32", port=50001, ranges=known(ranges), text="QUIC_STATUS_ADDRESS_IN_USE 50001")
    assert told(quic)["administered_exclusion"] == "likely"


def test_a_low_dynamic_range_is_named_beside_the_range_that_it_causes() -> None:
    ranges = PortRanges(PortRange(1024, 65534), (PortRange(8054, 8153),))
    some = facts("win32", ranges=known(ranges), binds=DENIED_ON_WINDOWS)
    assert told(some) == {"excluded_range": "proved", "dynamic_range": "likely"}
    fixes = [fix.sentence for one in diagnose(some).causes for fix in one.fixes]
    assert any("49152" in sentence for sentence in fixes)


def test_mirrored_networking_is_likely_where_windows_shows_no_socket() -> None:
    some = facts("win32", binds=BLOCKED_ON_WINDOWS, wsl_mode=known("mirrored"))
    assert told(some)["wsl_mirrored"] == "likely"
    assert "wsl_mirrored" not in told(replace(some, wsl_mode=known("nat")))
    holder = replace(some, sockets=known((listener(),)))
    assert "wsl_mirrored" not in told(holder)


def test_an_exclusive_holder_is_likely_where_windows_denies_a_plain_bind() -> None:
    some = facts(
        "win32", sockets=[listener()], binds=binds(WSAEADDRINUSE, WSAEADDRINUSE, WSAEACCES)
    )
    assert told(some)["exclusive"] == "likely"
    assert "exclusive" not in told(facts("win32", sockets=[listener()], binds=BLOCKED_ON_WINDOWS))


def test_selinux_is_likely_where_nothing_else_explains_a_refusal() -> None:
    some = facts(binds=binds(EACCES, EACCES), selinux_enforcing=known(value=True))
    assert told(some)["selinux"] == "likely"
    assert "packet_filter" not in told(some)
    off = replace(some, selinux_enforcing=known(value=False))
    assert "selinux" not in told(off)


def test_a_url_reservation_keeps_no_socket_from_the_port() -> None:
    reserved = known((("http://+:8080/app/", ""),))
    some = facts("win32", url_reservations=reserved)
    assert "url_reservation" in excluded(some)
    denied = facts("win32", url_reservations=reserved, text="HttpListenerException (5): 8080")
    assert "url_reservation" in told(denied)


def test_a_container_elsewhere_is_told_apart_from_a_namespace() -> None:
    plain = ForeignListener(1, 77, 77, is_container=False, is_loopback_only=False)
    boxed = replace(plain, is_container=True)
    assert told(facts(foreign=known((plain,)))) == {"other_namespace": "likely"}
    assert told(facts(foreign=known((boxed,)))) == {"container_network_only": "likely"}
    assert told(facts(sockets=[listener()], binds=BLOCKED, foreign=known((plain,)))).keys() == {
        "listener"
    }


def test_a_container_that_is_known_by_name_is_stopped_by_name() -> None:
    holder = listener(owners=(process("conmon", command_line=("conmon", "-n", "shop-db")),))
    cause = diagnose(facts(sockets=[holder], binds=BLOCKED)).causes[0]
    assert ("podman", "stop", "shop-db") in [fix.command for fix in cause.fixes]


def test_the_unit_behind_pid_1_is_named() -> None:
    systemd = process("systemd", 1)
    some = facts(
        sockets=[listener(owners=(systemd,))],
        binds=BLOCKED,
        owners=known({systemd.key: OwnerFacts(socket_unit="cups.socket")}),
    )
    answer = diagnose(some)
    assert "cups.socket" in answer.sentence
    assert ("systemctl", "disable", "--now", "cups.socket") in [
        fix.command for fix in answer.causes[0].fixes
    ]


def test_machine_text_is_made_inert() -> None:
    evil = process("no\u202ede\n")
    sentence = diagnose(facts(sockets=[listener(owners=(evil,))], binds=BLOCKED)).sentence
    assert sentence.isprintable()


@pytest.mark.parametrize(
    ("some", "verdict"),
    [
        (facts(), "yes"),
        (facts(binds=BLOCKED), "no"),
        (facts(binds=binds(None, EADDRINUSE)), "partly"),
        (facts(binds=UNREADABLE), "unknown"),
    ],
)
def test_the_verdict_on_the_bind(some: Facts, verdict: str) -> None:
    assert diagnose(some).can_bind == verdict


@pytest.mark.parametrize(
    ("some", "exit_code"),
    [
        (facts(), 0),
        (facts(sockets=[listener()], binds=BLOCKED), 1),
        (facts(sockets=[connection(state=State.TIME_WAIT)], binds=binds(plain=EADDRINUSE)), 0),
        (facts(sockets=UNREADABLE, binds=BLOCKED), 3),
        (replace(facts(sockets=UNREADABLE, binds=BLOCKED), me=Self("root", is_elevated=True)), 1),
        (facts(destinations=known({"": (SENT_AWAY,)})), 1),
        (
            facts(
                address="127.0.0.2",
                sockets=[listener("127.0.0.1")],
                binds=bind_at("127.0.0.2", None),
            ),
            0,
        ),
    ],
)
def test_the_exit_code(some: Facts, exit_code: int) -> None:
    assert diagnose(some).outcome == exit_code


def test_facts_carry_their_source() -> None:
    some = facts(sockets=[listener()], binds=BLOCKED)
    assert isinstance(some.sockets.fact, Known)
    assert all(item.source for one in diagnose(some).causes for item in one.evidence)
