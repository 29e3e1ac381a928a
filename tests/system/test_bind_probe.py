"""Binds that succeed and fail for each reason, and ports picked and held."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import Protocol
from portview.probes.bind import BindVerdict, explain_refusal, probe_bind
from portview.probes.bind_places import ANY_IPV4
from portview.probes.pick import HeldPorts, pick_ports, ports_near
from portview.probes.wait_conditions import in_order, read_port_order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
    assert "but at" in report.detail
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
    assert "can't be taken" in reasons[2]
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
    [(b"80\n90-80\n", "line 2"), (b"\xff\xfe", "no UTF-8"), (None, "can't be read")],
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
