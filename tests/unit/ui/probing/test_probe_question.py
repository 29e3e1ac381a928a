"""What the probe and scan windows read from what is typed."""

from __future__ import annotations

import pytest

from portview.domain.sockets.port_names import read_port_names
from portview.domain.user_input.hosts import parse_typed_host
from portview.domain.user_input.parsing import BadInputError
from portview.domain.user_input.targets import Target, parse_url
from portview.ui.probing.probe_question import (
    ProbeKind,
    carried_over,
    parse_for,
    parse_status,
    tcp_target_of,
)
from portview.ui.probing.scan_ports import parse_scan_ports

NAMES = read_port_names("22\ttcp\tssh\tx\n53\tudp\tdns\tx\n80\ttcp\thttp\tx\n")


def test_common_ports_are_those_with_a_name() -> None:
    assert parse_scan_ports(" Common ", NAMES) == (22, 80)
    assert len(parse_scan_ports("all", NAMES)) == 65_535
    assert parse_scan_ports("1-3,80", NAMES) == (1, 2, 3, 80)


@pytest.mark.parametrize("text", ["some", "", "0", "65536", "80-", "90-80"])
def test_other_ports_are_a_mistake_at_its_place(text: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_scan_ports(text, NAMES)
    assert caught.value.hint


@pytest.mark.parametrize(("text", "status"), [("200", 200), (" 404 ", 404)])
def test_a_status_is_read(text: str, status: int) -> None:
    assert parse_status(text) == status


@pytest.mark.parametrize("text", ["", "99", "600", "2xx", "-1"])
def test_what_is_no_status_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        parse_status(text)


def test_a_web_address_becomes_host_and_port_for_the_other_kinds() -> None:
    assert carried_over("https://a.example/x", ProbeKind.TCP) == "a.example:443"
    assert carried_over("https://a.example/x", ProbeKind.HTTP) == "https://a.example/x"
    assert carried_over("http://[", ProbeKind.TCP) == "http://["


@pytest.mark.parametrize(
    ("kind", "text", "target"),
    [
        (ProbeKind.TCP, "a:1", Target("a", 1)),
        (ProbeKind.TLS, "a", Target("a", 443)),
        (ProbeKind.HTTP, "a:1/x", Target("a", 1)),
        (ProbeKind.BIND, "7", Target("127.0.0.1", 7)),
        (ProbeKind.BIND, "[::1]:7", Target("::1", 7)),
    ],
)
def test_every_kind_names_a_port_to_wait_for(kind: ProbeKind, text: str, target: Target) -> None:
    assert tcp_target_of(parse_for(kind)(text), "127.0.0.1") == target


def test_a_host_may_have_space_around_it_and_its_mistake_stays_in_place() -> None:
    assert parse_typed_host("  localhost ") == "localhost"
    with pytest.raises(BadInputError) as caught:
        parse_typed_host("  a b")
    assert caught.value.position == 3


def test_nothing_binds_at_a_name() -> None:
    with pytest.raises(BadInputError, match="at an address") as caught:
        parse_for(ProbeKind.BIND)("  localhost:80")
    assert (caught.value.position, caught.value.length) == (2, len("localhost"))
    assert parse_url("a")
