"""Where clients arrive: unchanged, sent on to another port, or forwarded to another machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.domain.destination import ClientOrigin
from portview.domain.facts import Absent, Known, Unreadable
from portview.domain.firewall import FirewallQuestion
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.destination import destinations_of, redirected, shadows
from portview.firewall.linux.machine import Machine
from portview.firewall.linux.rules import LinuxRules, status_of
from tests.unit.firewall.linux.test_deciding import DROP, ETH0, INNER, LO, ONE, PORT, rules

if TYPE_CHECKING:
    from portview.domain.destination import Destination
    from portview.firewall.linux.ruleset import Ruleset

PREROUTING = {"type": "nat", "hook": "prerouting", "prio": -100}
TO_8080 = [PORT, {"redirect": {"port": 8080}}]


def arrive(
    ruleset: Ruleset, machine: Machine = ONE, address: str | None = None, **more: Any
) -> tuple[Destination, ...]:
    read = LinuxRules(1, ruleset, machine, status_of(ruleset, machine))
    found = destinations_of(read, Protocol.TCP, 80, address, **more)
    assert isinstance(found, Known)
    return found.value


def test_without_nat_everybody_arrives_where_they_called() -> None:
    found = arrive(rules([PORT, DROP]))
    assert {one.origin for one in found} == set(ClientOrigin)
    assert not redirected(found)
    assert all(one.is_all and one.is_here and one.port == 80 for one in found)


def test_a_redirect_shadows_the_listener_for_other_machines_alone() -> None:
    found = arrive(rules(TO_8080, **PREROUTING))
    [sent] = redirected(found)
    assert (sent.port, sent.is_here, sent.is_all) == (8080, True, True)
    assert sent.rule is not None
    assert sent.rule.id == "inet t in 1"
    assert shadows(found, ClientOrigin.OTHER_MACHINE) == (sent,)
    assert shadows(found, ClientOrigin.THIS_MACHINE) == ()


def test_a_redirect_in_the_output_hook_is_for_programs_of_this_machine() -> None:
    found = arrive(rules(TO_8080, type="nat", hook="output", prio=-100))
    assert {one.origin for one in redirected(found)} == {ClientOrigin.THIS_MACHINE}


def test_a_container_is_another_place_and_named() -> None:
    machine = Machine((LO, ETH0, INNER), forwards=frozenset({4}))
    sent = [PORT, {"dnat": {"addr": "172.17.0.5", "port": 8080, "family": "ip"}}]
    found = arrive(rules(sent, **PREROUTING), machine, "198.51.100.1")
    [forwarded] = redirected(found)
    assert (forwarded.address, forwarded.port, forwarded.is_here) == ("172.17.0.5", 8080, False)


def test_some_clients_only_are_named() -> None:
    source = {"payload": {"protocol": "ip", "field": "saddr"}}
    match = {"match": {"op": "==", "left": source, "right": "198.51.100.7"}}
    found = arrive(rules([match, *TO_8080], **PREROUTING), address="198.51.100.1")
    [sent] = redirected(found)
    assert (sent.is_all, sent.clients) == (False, "from 198.51.100.7")
    assert shadows(found, ClientOrigin.OTHER_MACHINE) == ()


def test_a_target_that_nobody_can_foresee_is_unreadable() -> None:
    chance = {"match": {"op": "==", "left": {"numgen": {"mode": "random"}}, "right": 0}}
    ruleset = rules([chance, *TO_8080], **PREROUTING)
    read = LinuxRules(1, ruleset, ONE, status_of(ruleset, ONE))
    found = destinations_of(read, Protocol.TCP, 80)
    assert isinstance(found, Unreadable)
    assert "numgen" in found.reason
    # What a filter does by chance changes no destination.
    assert not redirected(arrive(rules([chance, DROP])))


def test_an_address_that_nobody_has_a_way_to_has_no_destination() -> None:
    ruleset = rules()
    read = LinuxRules(1, ruleset, Machine((LO,)), status_of(ruleset, Machine((LO,))))
    question = FirewallQuestion(Protocol.TCP, 80)
    assert read.destinations(question, ClientOrigin.OTHER_MACHINE) == Absent()


def test_what_is_dropped_before_nat_arrives_nowhere() -> None:
    raw = rules([DROP], hook="prerouting", prio=-300)
    read = LinuxRules(1, raw, ONE, status_of(raw, ONE))
    question = FirewallQuestion(Protocol.TCP, 80)
    assert read.destinations(question, ClientOrigin.OTHER_MACHINE) == Absent()
