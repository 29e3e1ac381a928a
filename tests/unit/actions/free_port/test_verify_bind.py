"""What a bind that worked is worth: ranges that the system keeps and NAT rules decide as well."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

import pytest

from portview.actions.free_port import verify
from portview.actions.free_port.verify import try_bind
from portview.actions.port_usage import FreeRequest
from portview.domain.destination import ClientOrigin, Destination
from portview.domain.facts import Known
from portview.domain.firewall import FirewallRule, RuleEffect
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import Family, Protocol
from portview.probes import bind, redirected
from portview.probes.bind_attempt import WINDOWS, Binder
from portview.probes.bind_places import ANY_IPV4, BindPlace
from portview.probes.bind_report import BindVerdict
from portview.probes.own_addresses import OwnAddress
from tests.fakes.winsock import FakeWinsock

HERE, EVERYWHERE = BindPlace("127.0.0.1", Family.IPV4), BindPlace(ANY_IPV4, Family.IPV4)
OWN_IPV6 = "2001:db8::5"
RULE = FirewallRule("1", "redirect", RuleEffect.OTHER, "ip nat", "redirect to :9000")


@dataclass
class NatRules:
    """Rules that send the clients of one origin elsewhere which call one of these addresses."""

    origin: ClientOrigin
    addresses: tuple[str | None, ...]
    closed: list[bool] = field(default_factory=list)

    def __call__(
        self, _protocol: Protocol, port: int, address: str | None
    ) -> Known[tuple[Destination, ...]]:
        rule = RULE if address in self.addresses else None
        return Known((Destination(self.origin, 9000 if rule else port, rule=rule),))

    def close(self) -> None:
        self.closed.append(True)


@pytest.fixture
def free_port() -> int:
    with socket.create_server((ANY_IPV4, 0)) as server:
        port: int = server.getsockname()[1]
    return port


def verdict(
    monkeypatch: pytest.MonkeyPatch, rules: NatRules, request: FreeRequest, *places: BindPlace
) -> BindVerdict:
    monkeypatch.setattr(verify, "PortDestinations", lambda: rules)
    found = try_bind(request, iter(places)).verdict
    assert rules.closed == [True]
    return found


def test_clients_on_this_machine_that_are_sent_elsewhere_take_a_loopback_port(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    rules = NatRules(ClientOrigin.THIS_MACHINE, ("127.0.0.1",))
    request = FreeRequest(free_port)
    assert verdict(monkeypatch, rules, request, HERE) is BindVerdict.REDIRECTED


def test_clients_of_other_machines_never_reach_a_loopback_port_anyway(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    rules = NatRules(ClientOrigin.OTHER_MACHINE, ("127.0.0.1", ANY_IPV4, None))
    assert verdict(monkeypatch, rules, FreeRequest(free_port), HERE) is BindVerdict.FREE


def test_a_port_that_was_held_at_other_addresses_as_well_is_theirs(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    rules = NatRules(ClientOrigin.OTHER_MACHINE, (ANY_IPV4,))
    places = (HERE, EVERYWHERE)
    found = verdict(monkeypatch, rules, FreeRequest(free_port), *places)
    assert found is BindVerdict.REDIRECTED


def test_a_rule_counts_for_the_address_that_was_asked_for_only(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    own = (OwnAddress(OWN_IPV6, Family.IPV6, "eth0"),)
    monkeypatch.setattr(redirected, "own_addresses", lambda: own)
    for address, expected in ((ANY_IPV4, BindVerdict.FREE), (None, BindVerdict.REDIRECTED)):
        rules = NatRules(ClientOrigin.OTHER_MACHINE, (OWN_IPV6,))
        request = FreeRequest(free_port, address=address)
        assert verdict(monkeypatch, rules, request, EVERYWHERE) is expected


def test_a_port_that_windows_reserves_for_one_protocol_is_reserved_for_that_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = PortRanges(excluded=(PortRange(8000, 8099),))
    machine = FakeWinsock(denied=frozenset({8080}))
    monkeypatch.setattr(bind, "Binder", lambda: Binder(WINDOWS, machine.socket))
    monkeypatch.setattr(
        verify,
        "read_port_ranges",
        lambda protocol: kept if protocol is Protocol.UDP else PortRanges(),
    )
    udp = try_bind(FreeRequest(8080, protocol=Protocol.UDP), [EVERYWHERE])
    tcp = try_bind(FreeRequest(8080), [EVERYWHERE])
    assert (udp.verdict, tcp.verdict) == (BindVerdict.RESERVED, BindVerdict.FORBIDDEN)
