"""Windows' socket tables, byte by byte: right, cut off, and lying about their length."""

from __future__ import annotations

import ctypes
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.sockets.socket_row import Endpoint, Family, Protocol, State
from portview.readers.windows.socket_tables import (
    BOUND4,
    BOUND6,
    STATES,
    TCP4,
    TCP6,
    UDP4,
    UDP6,
    RowLayout,
    decode_row,
    split_rows,
)
from tests.fakes.windows import (
    Bound4,
    Bound6,
    Tcp4,
    Tcp6,
    Udp4,
    Udp6,
    filetime,
    network_order,
    table_of,
)

STRUCTURES = {TCP4: Tcp4, TCP6: Tcp6, UDP4: Udp4, UDP6: Udp6, BOUND4: Bound4, BOUND6: Bound6}

ports = st.integers(0, 65535)
dwords = st.integers(0, 2**32 - 1)
times = st.integers(0, 2**63 - 1)
module_infos = st.tuples(*[st.integers(0, 2**64 - 1)] * 16)


def quad(address: bytes) -> object:
    return (ctypes.c_uint8 * len(address))(*address)


def infos(*values: int) -> object:
    return (ctypes.c_uint64 * 16)(*values)


def test_the_sizes_are_those_of_the_structures() -> None:
    for layout, structure in STRUCTURES.items():
        assert layout.row_size == ctypes.sizeof(structure)
        assert layout.first_row == max(4, ctypes.alignment(structure))


def test_a_listener_over_ipv4() -> None:
    row = Tcp4(
        2, quad(b"\x7f\0\0\1"), network_order(8080), quad(b"\1\2\3\4"), network_order(99), 4711,
        filetime(1_700_000_000_123), infos(42, 7),
    )  # fmt: skip
    (raw,) = split_rows(table_of(row), TCP4)
    said = decode_row(raw, TCP4)
    assert said.protocol is Protocol.TCP
    assert said.family is Family.IPV4
    assert said.local == Endpoint("127.0.0.1", 8080)
    assert said.remote is None, "a listener's remote fields hold no meaning"
    assert said.state is State.LISTEN
    assert said.pid == 4711
    assert said.opened_at_ms == 1_700_000_000_123
    assert said.service_tag == 42


def test_a_connection_over_ipv6_with_its_zones() -> None:
    near, far = IPv6Address("fe80::1"), IPv6Address("fe80::2")
    row = Tcp6(
        quad(near.packed), 3, network_order(50000), quad(far.packed), 12, network_order(443),
        5, 77, 0, infos(),
    )  # fmt: skip
    (raw,) = split_rows(table_of(row), TCP6)
    said = decode_row(raw, TCP6)
    assert said.local == Endpoint("fe80::1%3", 50000)
    assert said.remote == Endpoint("fe80::2%12", 443)
    assert said.state is State.ESTABLISHED
    assert said.opened_at_ms is None, "0 is not a time"
    assert said.service_tag == 0


@pytest.mark.parametrize(
    ("address", "text"),
    [("::1", "::1"), ("2001:db8::1", "2001:db8::1"), ("::", "::"), ("febf::1", "febf::1%9")],
)
def test_only_addresses_of_a_link_have_a_zone(address: str, text: str) -> None:
    row = Udp6(quad(IPv6Address(address).packed), 9, network_order(53), 1, 0, 0, infos())
    (raw,) = split_rows(table_of(row), UDP6)
    assert decode_row(raw, UDP6).local == Endpoint(text, 53)


def test_a_state_that_is_not_known_is_no_state() -> None:
    row = Tcp4(99, quad(bytes(4)), 0, quad(bytes(4)), 0, 1, 0, infos())
    (raw,) = split_rows(table_of(row), TCP4)
    assert decode_row(raw, TCP4).state is None


@pytest.mark.parametrize(("peer_port", "state"), [(0, State.BOUND), (443, State.CLOSED)])
def test_closed_without_a_peer_is_merely_bound(peer_port: int, state: State) -> None:
    here, there = quad(bytes(4)), quad(b"\1\2\3\4")
    row = Tcp4(1, here, network_order(80), there, network_order(peer_port), 1, 0, infos())
    (raw,) = split_rows(table_of(row), TCP4)
    assert decode_row(raw, TCP4).state is state


@given(
    st.sampled_from(sorted(STATES)), *[st.ip_addresses(v=4), ports, dwords] * 2, times, module_infos
)
def test_every_ipv4_connection_comes_back(
    state: int,
    local: IPv4Address,
    local_port: int,
    garbage: int,
    remote: IPv4Address,
    remote_port: int,
    pid: int,
    created: int,
    module_info: tuple[int, ...],
) -> None:
    # Only the low half of a port's field counts: the upper one may hold anything.
    upper = garbage & 0xFFFF0000
    row = Tcp4(
        state, quad(local.packed), upper | network_order(local_port), quad(remote.packed),
        upper | network_order(remote_port), pid, created, infos(*module_info),
    )  # fmt: skip
    (raw,) = split_rows(table_of(row), TCP4)
    said = decode_row(raw, TCP4)
    assert said.local == Endpoint(str(local), local_port)
    has_peer = STATES[state] is not State.LISTEN and remote_port
    assert said.remote == (Endpoint(str(remote), remote_port) if has_peer else None)
    assert (said.pid, said.created) == (pid, created)
    assert said.service_tag == module_info[0] & 0xFFFFFFFF


@given(st.ip_addresses(v=4), st.ip_addresses(v=6), ports, dwords, times, dwords)
def test_every_udp_socket_comes_back(
    ipv4: IPv4Address, ipv6: IPv6Address, port: int, pid: int, created: int, tag: int
) -> None:
    rows = {
        UDP4: Udp4(quad(ipv4.packed), network_order(port), pid, created, 1, infos(tag)),
        UDP6: Udp6(quad(ipv6.packed), 0, network_order(port), pid, created, 1, infos(tag)),
    }
    for layout, row in rows.items():
        (raw,) = split_rows(table_of(row), layout)
        said = decode_row(raw, layout)
        address = ipv4 if layout is UDP4 else ipv6
        assert (ip_address(said.local.address), said.local.port) == (address, port)
        assert (said.remote, said.state) == (None, None)
        assert (said.pid, said.created, said.service_tag) == (pid, created, tag)


@given(st.ip_addresses(v=4), st.ip_addresses(v=6), ports, dwords)
def test_every_bound_endpoint_comes_back(
    ipv4: IPv4Address, ipv6: IPv6Address, port: int, pid: int
) -> None:
    rows = {
        BOUND4: Bound4(1, quad(ipv4.packed), network_order(port), quad(bytes(4)), 7, pid, 0),
        BOUND6: Bound6(quad(ipv6.packed), 0, network_order(port), quad(bytes(16)), 0, 7, 1, pid, 0),
    }
    for layout, row in rows.items():
        (raw,) = split_rows(table_of(row), layout)
        said = decode_row(raw, layout)
        address = ipv4 if layout is BOUND4 else ipv6
        assert (ip_address(said.local.address), said.local.port) == (address, port)
        assert (said.remote, said.state, said.pid) == (None, State.BOUND, pid)


def test_a_count_beyond_the_table_is_not_believed() -> None:
    row = Tcp4(2, quad(bytes(4)), 0, quad(bytes(4)), 0, 1, 0, infos())
    assert len(split_rows(table_of(row, row, promised=2**32 - 1), TCP4)) == 2
    assert len(split_rows(table_of(row, row)[:-1], TCP4)) == 1
    assert len(split_rows(table_of(row, row, promised=1), TCP4)) == 1


@given(st.sampled_from(list(STRUCTURES)), st.integers(0, 2**32 - 1), st.binary(max_size=900))
def test_whatever_a_table_holds_it_gives_rows_or_none(
    layout: RowLayout, promised: int, rest: bytes
) -> None:
    table = promised.to_bytes(4, "little") + rest
    rows = split_rows(table, layout)
    assert len(rows) <= min(promised, len(rest) // layout.row_size)
    for raw in rows:
        said = decode_row(raw, layout)
        assert 0 <= said.local.port <= 65535
        assert said.opened_at_ms is None or said.opened_at_ms > 0


@given(st.sampled_from(list(STRUCTURES)), st.binary(max_size=7))
def test_a_table_without_a_whole_head_is_empty(layout: RowLayout, table: bytes) -> None:
    assert split_rows(table, layout) == []
