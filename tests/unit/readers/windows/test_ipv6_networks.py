"""Which IPv6 networks are local, from the tables that Windows tells."""

from __future__ import annotations

import ctypes
import sys
from ipaddress import IPv6Address, IPv6Network

import pytest

from portview.readers.windows.ipv6_networks import (
    AF_INET6,
    LocalIPv6,
    RouteRow,
    SocketAddress,
    UnicastRow,
    local_ipv6,
    local_networks,
)


def place(text: str, family: int = AF_INET6) -> SocketAddress:
    return SocketAddress(family, address=(ctypes.c_ubyte * 16)(*IPv6Address(text).packed))


def own(text: str, length: int) -> UnicastRow:
    return UnicastRow(address=place(text), on_link_prefix_length=length)


def route(text: str, length: int, next_hop: str = "::") -> RouteRow:
    return RouteRow(prefix=place(text), prefix_length=length, next_hop=place(next_hop))


ADDRESSES = [own("::1", 128), own("fe80::5", 64), own("2001:db8:1::5", 64), own("fd00::9", 128)]
ROUTES = [
    route("::", 0, "fe80::1"),
    route("::1", 128),
    route("2001:db8:1::", 64),
    route("2001:db8:1::5", 128),
    route("fe80::", 64),
    route("ff00::", 8),
]
NETWORKS = frozenset({IPv6Network("fe80::/64"), IPv6Network("2001:db8:1::/64")})


def test_the_rows_are_as_long_as_windows_makes_them() -> None:
    assert ctypes.sizeof(SocketAddress) == 28
    assert ctypes.sizeof(UnicastRow) == 80
    assert UnicastRow.on_link_prefix_length.offset == 60
    assert ctypes.sizeof(RouteRow) == 104
    assert (RouteRow.prefix.offset, RouteRow.prefix_length.offset) == (12, 40)
    assert RouteRow.next_hop.offset == 44


def test_the_networks_are_those_of_the_own_addresses() -> None:
    assert local_networks(ADDRESSES, ROUTES) == LocalIPv6(NETWORKS, is_whole=True)


@pytest.mark.parametrize("length", [0, 1, 48, 64])
def test_a_route_without_a_router_leaves_the_rest_open(length: int) -> None:
    found = local_networks(ADDRESSES, [*ROUTES, route("2001:db8:2::", length)])
    assert found == LocalIPv6(NETWORKS, is_whole=False)


@pytest.mark.windows_only(reason="the tables of Windows")
def test_this_machine_tells_its_networks() -> None:
    found = local_ipv6()
    assert not any(network.is_multicast or network.prefixlen == 128 for network in found.networks)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has them")
def test_elsewhere_it_is_refused() -> None:
    with pytest.raises(OSError, match="part of Windows"):
        local_ipv6()
