"""The addresses of this machine with what decides whether a client gets to them."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

import psutil

from portview.domain.sockets.socket_row import Family, is_loopback
from portview.readers.own_networks import NetworkKind, read_own_networks

_FAMILIES = {socket.AF_INET: Family.IPV4, socket.AF_INET6: Family.IPV6}
_TENTATIVE, _DAD_FAILED = 0x40, 0x08
_INTERNAL = frozenset({NetworkKind.CONTAINERS, NetworkKind.VIRTUAL_MACHINES})


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """An address and its interface.

    ``is_up`` says that the interface is on and has a link. ``is_tentative`` is an IPv6 address
    that nothing can be bound to yet, or ever (duplicate address detection, RFC 4862).
    ``is_internal`` is the bridge of containers or virtual machines, which other machines have no
    route to. ``network`` is the network that the address is in ("172.17.0.0/16"), "" for unknown.
    """

    address: str
    family: Family
    interface: str
    is_up: bool = True
    is_tentative: bool = False
    is_internal: bool = False
    network: str = ""

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine itself can use it."""
        return is_loopback(self.address)

    @property
    def is_link_local(self) -> bool:
        """Return whether it is only good on one link: fe80::/10, 169.254.0.0/16."""
        return self.address[:3] in {"fe8", "fe9", "fea", "feb"} or self.address.startswith(
            "169.254."
        )


def read_interface_addresses() -> tuple[InterfaceAddress, ...]:
    """Return the addresses of all interfaces. Any thread. Raises OSError."""
    states = psutil.net_if_stats()
    tentative = _tentative_addresses()
    known = psutil.net_if_addrs()
    kinds = _kinds(known)
    found = []
    for interface, addresses in known.items():
        state = states.get(interface)
        for one in addresses:
            if one.family not in _FAMILIES:
                continue
            bare = one.address.partition("%")[0]
            found.append(
                InterfaceAddress(
                    one.address,
                    _FAMILIES[socket.AddressFamily(one.family)],
                    interface,
                    is_up=state.isup if state else True,
                    is_tentative=(interface, bare) in tentative,
                    is_internal=kinds[one.address] in _INTERNAL,
                    network=_network(bare, one.netmask),
                )
            )
    return tuple(found)


def _kinds(known: dict[str, Any]) -> dict[str, NetworkKind]:
    interfaces = {
        one.address: interface
        for interface, addresses in known.items()
        for one in addresses
        if one.family in _FAMILIES
    }
    networks = read_own_networks(interfaces)
    return {address: network.kind for address, network in networks.items()}


def _network(address: str, netmask: str | None) -> str:
    if netmask is None or ":" in address:
        return ""
    try:
        return str(ip_interface(f"{address}/{netmask}").network)
    except ValueError:
        return ""


def _tentative_addresses() -> frozenset[tuple[str, str]]:
    if sys.platform != "linux":
        return frozenset()
    try:
        lines = Path("/proc/net/if_inet6").read_text("ascii", "replace").splitlines()
    except OSError:
        return frozenset()
    found = set()
    for line in lines:
        digits, _, _, _, flags, name = line.split()
        if int(flags, 16) & (_TENTATIVE | _DAD_FAILED):
            packed = bytes.fromhex(digits)
            found.add((name, socket.inet_ntop(socket.AF_INET6, packed)))
    return frozenset(found)
