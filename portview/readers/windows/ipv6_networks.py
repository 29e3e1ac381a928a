"""The IPv6 networks that this machine is directly in (netioapi.h, iphlpapi.dll).

psutil says no prefix of an IPv6 address on Windows.
"""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Any, TypeVar

from portview.readers.windows.dll import bind, load_library, windows_error

if TYPE_CHECKING:
    from collections.abc import Iterable

AF_INET6 = 23
_TABLE_START = 8
"""Both tables begin with their number of rows, which are aligned to 8 bytes."""
_MOST_ROWS = 100_000
_MULTICAST = IPv6Network("ff00::/8")
_LONGEST_PREFIX = 128

Row = TypeVar("Row", bound=ctypes.Structure)


class SocketAddress(ctypes.Structure):
    """SOCKADDR_INET, as that of IPv6."""

    _fields_ = (
        ("family", ctypes.c_uint16),
        ("port", ctypes.c_uint16),
        ("flow", ctypes.c_uint32),
        ("address", ctypes.c_ubyte * 16),
        ("scope", ctypes.c_uint32),
    )


class UnicastRow(ctypes.Structure):
    """MIB_UNICASTIPADDRESS_ROW."""

    _fields_ = (
        ("address", SocketAddress),
        ("interface_luid", ctypes.c_ulonglong),
        ("interface_index", ctypes.c_uint32),
        ("prefix_origin", ctypes.c_int),
        ("suffix_origin", ctypes.c_int),
        ("valid_lifetime", ctypes.c_uint32),
        ("preferred_lifetime", ctypes.c_uint32),
        ("on_link_prefix_length", ctypes.c_ubyte),
        ("skip_as_source", ctypes.c_ubyte),
        ("dad_state", ctypes.c_int),
        ("scope_id", ctypes.c_uint32),
        ("created", ctypes.c_longlong),
    )


class RouteRow(ctypes.Structure):
    """MIB_IPFORWARD_ROW2."""

    _fields_ = (
        ("interface_luid", ctypes.c_ulonglong),
        ("interface_index", ctypes.c_uint32),
        ("prefix", SocketAddress),
        ("prefix_length", ctypes.c_ubyte),
        ("next_hop", SocketAddress),
        ("site_prefix_length", ctypes.c_ubyte),
        ("valid_lifetime", ctypes.c_uint32),
        ("preferred_lifetime", ctypes.c_uint32),
        ("metric", ctypes.c_uint32),
        ("protocol", ctypes.c_int),
        ("flags", ctypes.c_ubyte * 4),
        ("age", ctypes.c_uint32),
        ("origin", ctypes.c_int),
    )


@dataclass(frozen=True, slots=True)
class LocalIPv6:
    """The networks of this machine's own addresses, and whether these are all.

    ``is_whole`` is False where routes lead to other networks without a router: whether Windows'
    firewall counts those as the local subnet is written nowhere.
    """

    networks: frozenset[IPv6Network] = frozenset()
    is_whole: bool = False


def local_ipv6() -> LocalIPv6:
    """Read the networks. Any thread. Raises OSError on other systems and where Windows refuses."""
    addresses = _table("GetUnicastIpAddressTable", UnicastRow)
    routes = _table("GetIpForwardTable2", RouteRow)
    return local_networks(addresses, routes)


def local_networks(addresses: Iterable[UnicastRow], routes: Iterable[RouteRow]) -> LocalIPv6:
    """Return the networks of some addresses, and whether any route leads to others. Pure."""
    networks = {
        network
        for row in addresses
        if (network := _network(row.address, row.on_link_prefix_length)) is not None
    }
    others = [
        network
        for row in routes
        if not any(row.next_hop.address)
        and (network := _network(row.prefix, row.prefix_length)) is not None
        and not any(network.subnet_of(known) for known in networks)
    ]
    return LocalIPv6(frozenset(networks), not others)


def _network(place: SocketAddress, length: int) -> IPv6Network | None:
    """Return a network of neighbours; None for a single address, this machine and multicast."""
    address = IPv6Address(bytes(place.address))
    is_special = address.is_loopback or address in _MULTICAST
    if place.family != AF_INET6 or is_special or not 0 <= length < _LONGEST_PREFIX:
        return None
    return IPv6Network((address, length), strict=False)


def _table(name: str, row: type[Row]) -> list[Row]:
    read, free = _functions(name)
    table = ctypes.c_void_p()
    code = read(AF_INET6, ctypes.byref(table))
    if code or not table.value:
        raise windows_error(code)
    try:
        count = min(ctypes.c_uint32.from_address(table.value).value, _MOST_ROWS)
        start = table.value + _TABLE_START
        return list(
            (row * count).from_buffer_copy(ctypes.string_at(start, ctypes.sizeof(row) * count))
        )
    finally:
        free(table)


@cache
def _functions(name: str) -> tuple[Any, Any]:
    library = load_library("iphlpapi.dll")
    pointer = ctypes.POINTER(ctypes.c_void_p)
    return (
        bind(library, name, wintypes.ULONG, wintypes.USHORT, pointer),
        bind(library, "FreeMibTable", None, ctypes.c_void_p),
    )
