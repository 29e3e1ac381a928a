"""Binds that succeed and fail for each reason, and ports picked and held."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.browser_ports import browser_note
from portview.domain.destination import ClientOrigin, Destination
from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import Known, Unreadable
from portview.domain.firewall import FirewallRule, RuleEffect
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.targets import Target
from portview.probes.bind import probe_bind
from portview.probes.bind_places import ANY_IPV4
from portview.probes.bind_refusal import explain_refusal
from portview.probes.bind_report import BindVerdict, is_free_for_a_server
from portview.probes.pick import HeldPorts, pick_ports, ports_near
from portview.probes.wait import is_free, wait_for
from portview.probes.wait_conditions import in_order, read_port_order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("own_network")


def verdicts(port: int, **options: Any) -> dict[str, BindVerdict]:
    return {str(one.place): one.verdict for one in probe_bind(port, **options).places}


def closed_port() -> int:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return int(holder.getsockname()[1])


def test_a_free_port_is_free_everywhere() -> None:
    port = closed_port()
    seen: list[Any] = []
    report = probe_bind(port, report=seen.append)
    assert report.is_free
    assert seen[-1].done == seen[-1].total == len(report.places)
    places = [str(one.place) for one in report.places]
    assert places[:5] == [ANY_IPV4, ":: (IPv6 only)", ":: (with IPv4)", "127.0.0.1", "::1"]
    assert len(places) == len(set(places))


def test_a_listener_on_loopback_takes_the_wildcards_of_its_family_too(
    listener: Callable[..., socket.socket],
) -> None:
    port = listener("127.0.0.1").getsockname()[1]
    found = verdicts(port)
    for place in ("127.0.0.1", ":: (with IPv4)"):
        assert found[place] in {BindVerdict.IN_USE, BindVerdict.EXCLUSIVE}
    assert found[ANY_IPV4] is BindVerdict.IN_USE
    assert found["::1"] is BindVerdict.FREE
    report = probe_bind(port)
    assert not report.is_free
    assert "but can be taken at" in report.detail
    assert report.hint


def test_the_test_does_not_disturb_a_running_server(conversation: Any) -> None:
    server = conversation(lambda connection: connection.sendall(connection.recv(10)))
    for _ in range(20):
        probe_bind(server.port)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"still here")
        assert client.recv(10) == b"still here"


def test_one_address_can_be_asked_alone(listener: Callable[..., socket.socket]) -> None:
    port = listener("127.0.0.1").getsockname()[1]
    assert not probe_bind(port, address="127.0.0.1").is_free
    assert probe_bind(port, address="::1").is_free
    assert list(verdicts(port, address="::")) == [":: (IPv6 only)", ":: (with IPv4)"]


def test_an_address_that_this_machine_does_not_have() -> None:
    for address in ("203.0.113.9", "2001:db8::9"):
        report = probe_bind(closed_port(), address=address)
        assert report.verdict is BindVerdict.NO_ADDRESS
        assert "does not have" in report.detail


def test_udp_is_another_world_than_tcp(listener: Callable[..., socket.socket]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        assert not probe_bind(port, protocol=Protocol.UDP, address="127.0.0.1").is_free
        assert probe_bind(port, protocol=Protocol.TCP, address="127.0.0.1").is_free


@pytest.mark.linux_only(reason="Windows has no such state for an exclusive bind")
def test_what_a_server_left_behind_is_told_from_a_running_one() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    client = socket.create_connection(("127.0.0.1", port))
    served, _ = server.accept()
    assert verdicts(port, address="127.0.0.1") == {"127.0.0.1": BindVerdict.IN_USE}
    server.close()
    served.close()
    client.close()
    report = probe_bind(port, address="127.0.0.1")
    assert report.verdict is BindVerdict.LEFTOVERS
    assert "TIME_WAIT" in report.detail
    assert "SO_REUSEADDR" in report.hint
    with socket.create_server(("127.0.0.1", port)):
        assert verdicts(port, address="127.0.0.1") == {"127.0.0.1": BindVerdict.IN_USE}


@pytest.mark.linux_only(reason="the setting is Linux's")
@pytest.mark.root_only(reason="makes network namespaces")
def test_a_privileged_port_names_the_setting(two_machines: Any) -> None:
    near, _ = two_machines
    code = """
import json, os
from portview.probes.bind import probe_bind
os.setgroups([]); os.setgid(65534); os.setuid(65534)
reports = [probe_bind(port, address="127.0.0.1") for port in (700, 800)]
print(json.dumps([[one.verdict, one.detail] for one in reports]))
"""
    near.run("sysctl", "-q", "-w", "net.ipv4.ip_unprivileged_port_start=750")
    (low, detail), (high, _) = near.python(code)
    assert (low, high) == ("privileged", "free")
    assert "net.ipv4.ip_unprivileged_port_start = 750" in detail


RANGES = PortRanges(
    PortRange(32768, 60999), (PortRange(5000, 5099), PortRange(6000, 6001, is_administered=True))
)


def test_a_refusal_within_an_excluded_range_names_the_range() -> None:
    verdict, detail, hint = explain_refusal(errno.EACCES, 5050, RANGES)
    assert verdict is BindVerdict.RESERVED
    assert "5000-5099" in detail
    assert hint
    assert explain_refusal(errno.EACCES, 6000, RANGES)[0] is not BindVerdict.RESERVED


def test_no_address_family_is_told_as_such() -> None:
    verdict, _, _ = explain_refusal(errno.EAFNOSUPPORT, 80, RANGES)
    assert verdict is BindVerdict.NO_ADDRESS


def test_picking_skips_what_is_taken_excluded_or_dynamic(
    listener: Callable[..., socket.socket],
) -> None:
    taken = listener("127.0.0.1").getsockname()[1]
    free = closed_port()
    ranges = PortRanges(PortRange(1025, 1026), (PortRange(1027, 1027),))
    seen: list[Any] = []
    report = pick_ports([1025, 1027, taken, free], ranges=ranges, report=seen.append)
    assert report.ports == (free,)
    reasons = [one.reason for one in report.skipped]
    assert "dynamic range 1025-1026" in reasons[0]
    assert "excluded range 1027-1027" in reasons[1]
    assert "listens at" in reasons[2]
    assert [one.done for one in seen] == [0, 1, 2, 3]


def test_dynamic_ports_may_be_allowed() -> None:
    free = closed_port()
    ranges = PortRanges(PortRange(1, 65535))
    with pytest.raises(PortViewError) as caught:
        pick_ports([free], ranges=ranges)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert "dynamic" in caught.value.hint
    assert pick_ports([free], ranges=ranges, may_be_dynamic=True).ports == (free,)


def test_too_few_free_ports_say_how_many(listener: Callable[..., socket.socket]) -> None:
    taken = listener().getsockname()[1]
    free = closed_port()
    with pytest.raises(PortViewError) as caught:
        pick_ports([free, taken], count=2)
    assert "Only 1 of 2 ports" in caught.value.message


def test_ports_near_another_stay_within_bounds() -> None:
    assert ports_near(8080, 2) == (8080, 8081, 8082, 8079, 8078)
    assert ports_near(1, 2) == (1, 2, 3)
    assert ports_near(65535, 2) == (65535, 65534, 65533)


def test_the_order_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ports.txt"
    path.write_text("# ours\n9000\n8080-8082  # the team's\n\n9000\n", "utf-8")
    assert read_port_order(path) == (9000, 8080, 8081, 8082)
    assert in_order(7000, read_port_order(path), [8081, 1]) == (7000, 9000, 8080, 8081, 8082, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"80\n90-80\n", "line 2"), (b"\xff\xfe", "not UTF-8"), (None, "can't be read")],
)
def test_a_bad_file_is_a_clear_error(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "ports.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PortViewError) as caught:
        read_port_order(path)
    assert words in caught.value.message
    assert caught.value.outcome is Outcome.BAD_INPUT


@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_a_held_port_is_kept_until_it_is_released(protocol: Protocol) -> None:
    port = closed_port()
    with HeldPorts([port], protocol):
        assert not probe_bind(port, protocol=protocol, address="127.0.0.1").is_free
        assert not probe_bind(port, protocol=protocol, address="::1").is_free
        if protocol is Protocol.TCP:
            with socket.socket() as client:
                assert client.connect_ex(("127.0.0.1", port)) != 0
        with pytest.raises(PortViewError):
            HeldPorts([port], protocol)
    assert probe_bind(port, protocol=protocol, address="127.0.0.1").is_free


def test_holding_is_all_or_nothing(listener: Callable[..., socket.socket]) -> None:
    port = closed_port()
    taken = listener("127.0.0.1").getsockname()[1]
    with pytest.raises(PortViewError) as caught:
        HeldPorts([port, taken])
    assert caught.value.code == "port_taken"
    assert probe_bind(port, address="127.0.0.1").is_free


def test_the_one_who_listens_is_named(listener: Callable[..., socket.socket]) -> None:
    port = listener("127.0.0.1").getsockname()[1]
    report = probe_bind(port, address="127.0.0.1")
    assert f"(PID {os.getpid()}) listens at 127.0.0.1:{port}" in report.detail
    assert f"portview free {port}" in report.hint
    assert [row.local.port for row in report.users] == [port]


@pytest.mark.linux_only(reason="what SO_REUSEADDR passes over is Linux's")
def test_sessions_that_outlive_their_listener_leave_the_port_free() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)):
        served, _ = server.accept()
        server.close()
        with served:
            report = probe_bind(port, address="127.0.0.1")
            assert report.verdict is BindVerdict.LEFTOVERS
            assert report.is_free
            assert "1 open connection of an earlier server" in report.detail
            assert f"(PID {os.getpid()})" in report.detail
            assert is_met(port)
            socket.create_server(("127.0.0.1", port)).close()


def is_met(port: int) -> bool:
    return wait_for([is_free(Target("127.0.0.1", port))], timeout_ms=1).is_met


@pytest.mark.linux_only(reason="binds that collide as on Linux")
def test_an_outgoing_connection_is_named_with_its_program(
    listener: Callable[..., socket.socket],
) -> None:
    address = listener("127.0.0.1").getsockname()
    with socket.create_connection(address) as client:
        port = client.getsockname()[1]
        report = probe_bind(port, address="127.0.0.1", ranges=PortRanges(PortRange(port, port)))
        assert report.verdict is BindVerdict.IN_USE
        assert not is_met(port)
        assert f"(PID {os.getpid()}) uses the port for its connection" in report.detail
        assert f"outside the dynamic range {port}-{port}" in report.hint


@pytest.mark.linux_only(reason="the kernel lists bound sockets that do not listen since 6.8")
def test_a_program_that_is_about_to_listen_is_no_leftover() -> None:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        report = probe_bind(port, address="127.0.0.1")
        assert report.verdict is BindVerdict.IN_USE
        assert "listen" in report.detail
        holder.listen()  # The probe let go of the port at once.


@pytest.mark.linux_only(reason="SO_REUSEPORT")
def test_udp_ports_that_are_there_to_be_shared() -> None:
    with ExitStack() as opened:
        port = 0
        for _ in range(2):
            one = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind((ANY_IPV4, port))
            port = one.getsockname()[1]
        report = probe_bind(port, protocol=Protocol.UDP, address=ANY_IPV4)
        assert report.verdict is BindVerdict.SHARED
        assert not report.is_free, "datagrams go to one of them only"
        assert f"(PID {os.getpid()})" in report.detail
    assert is_free_for_a_server(BindVerdict.SHARED, 5353, Protocol.UDP)
    assert not is_free_for_a_server(BindVerdict.SHARED, 5353, Protocol.TCP)


@pytest.mark.linux_only(reason="SO_BINDTODEVICE")
def test_a_device_is_bound_to_where_one_is_named() -> None:
    port = closed_port()
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, 25, b"lo")
        holder.bind((ANY_IPV4, port))
        holder.listen()
        report = probe_bind(port, address=f"{ANY_IPV4}%lo")
        assert report.verdict is BindVerdict.IN_USE
        assert f"listens at {ANY_IPV4}%lo:{port}" in report.detail
    assert probe_bind(port, address=f"{ANY_IPV4}%lo").is_free
    assert probe_bind(port, address=f"{ANY_IPV4}%nodevice9").verdict is BindVerdict.ERROR


RULE = FirewallRule("nat 2", "redirect to :8080", RuleEffect.OTHER, "chain nat", "")


def destinations(*found: Destination) -> Any:
    return lambda *_: Known(found)


def test_a_port_whose_clients_are_sent_elsewhere_is_not_free() -> None:
    port = closed_port()
    other = Destination(ClientOrigin.OTHER_MACHINE, 8080, rule=RULE)
    here = Destination(ClientOrigin.THIS_MACHINE, port)
    everyone = destinations(other, here)
    report = probe_bind(port, destinations=everyone)
    assert report.verdict is BindVerdict.REDIRECTED
    assert not report.is_free
    assert "to port 8080 of this machine: “redirect to :8080” in chain nat" in report.detail
    assert probe_bind(port, address="127.0.0.1", destinations=everyone).is_free
    some = Destination(ClientOrigin.OTHER_MACHINE, port)
    partly = probe_bind(port, destinations=destinations(other, some))
    assert partly.is_free
    assert "a part of the clients" in partly.notes[0]
    with pytest.raises(PortViewError):
        pick_ports([port], may_be_dynamic=True, destinations=everyone)


def test_rules_that_can_not_be_read_are_told() -> None:
    report = probe_bind(closed_port(), destinations=lambda *_: Unreadable("only root may"))
    assert report.is_free
    assert report.notes == ("Whether NAT rules redirect its clients is not known: only root may.",)


def test_excluded_bands_are_jumped_over_as_a_whole() -> None:
    ranges = PortRanges(PortRange(300, 400), (PortRange(101, 200), PortRange(50, 90)))
    near = ports_near(100, 2, ranges)
    assert near == (100, 101, 201, 202, 99, 98)
    assert ports_near(299, 1, ranges)[:3] == (299, 300, 401)
    assert ports_near(299, 1, ranges, may_be_dynamic=True)[:2] == (299, 300)
    free = closed_port()
    report = pick_ports([101, 102, 150, free], ranges=ranges, may_be_dynamic=True)
    assert [one.port for one in report.skipped] == [101]


def test_ports_that_browsers_refuse_are_mentioned() -> None:
    assert "ERR_UNSAFE_PORT" in browser_note(6000)
    assert browser_note(8080) == ""


@pytest.mark.linux_only(reason="binds beside what a server left behind")
def test_a_port_with_leftovers_can_be_held() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as client, server.accept()[0]:
        server.close()
        client.setblocking(False)
        with HeldPorts([port]):
            assert probe_bind(port, address="127.0.0.1").verdict is not BindVerdict.FREE
