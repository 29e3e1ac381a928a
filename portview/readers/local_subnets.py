"""The networks that this machine is directly in, and addresses in them that are not its own."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

_FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6})
_FEWEST_ADDRESSES = 4
"""A network of one or two addresses, as tunnels have, holds no neighbours worth the name."""


@dataclass(frozen=True, slots=True)
class LocalSubnet:
    """A network on a cable of this machine.

    ``network`` is written like "192.168.1.0/24", ``neighbours`` are its first and its last address
    that a machine may have, without this machine's own.
    """

    network: str
    neighbours: tuple[str, ...]

    @property
    def ip_version(self) -> int:
        """Return 4 or 6."""
        return 6 if ":" in self.network else 4


def local_subnets() -> tuple[LocalSubnet, ...]:
    """List the networks of all interfaces that have an address, IPv4 first; no loopback.

    Link-local IPv6 networks are left out where there is any other.
    """
    own = [
        interface
        for addresses in psutil.net_if_addrs().values()
        for one in addresses
        if one.family in _FAMILIES and (interface := _interface(one.address, one.netmask))
    ]
    return subnets_of(own)


def subnets_of(own: Iterable[IPv4Interface | IPv6Interface]) -> tuple[LocalSubnet, ...]:
    """Return the networks of some addresses of this machine. Pure."""
    own = set(own)
    interfaces = sorted(
        (interface for interface in own if not interface.ip.is_loopback),
        key=lambda interface: (interface.version, interface.network, interface.ip),
    )
    taken = {interface.ip for interface in own}
    found: dict[str, LocalSubnet] = {}
    for interface in interfaces:
        network = interface.network
        if network.num_addresses < _FEWEST_ADDRESSES:
            continue
        # IPv4 keeps the first and the last for the network itself, IPv6 the first for routers.
        first = (network[1], network[2], network[3])
        last = (network[-2], network[-3])
        neighbours = [
            str(next(address for address in some if address not in taken))
            for some in (first, last)
            if any(address not in taken for address in some)
        ]
        if neighbours:
            found[str(network)] = LocalSubnet(str(network), tuple(dict.fromkeys(neighbours)))
    wide = [subnet for subnet in found.values() if not subnet.network.startswith("fe80:")]
    return tuple(wide or found.values())


def _interface(address: str, netmask: str | None) -> IPv4Interface | IPv6Interface | None:
    bare = address.partition("%")[0]
    if ":" in bare:
        # A link's network is always as large; other ones without a mask are not known.
        length = _number(netmask).bit_count() if netmask else 64
        if not netmask and not bare.lower().startswith("fe80:"):
            return None
        mask = str(length)
    elif netmask:
        mask = netmask
    else:
        return None
    try:
        return ip_interface(f"{bare}/{mask}")
    except ValueError:
        return None


def _number(netmask: str) -> int:
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, netmask), "big")
    except OSError:
        return 0
