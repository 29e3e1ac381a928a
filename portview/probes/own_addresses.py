"""The addresses of this machine."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address

import psutil

from portview.domain.sockets.socket_row import Family, address_sort_key, is_loopback

_FAMILIES = {socket.AF_INET: Family.IPV4, socket.AF_INET6: Family.IPV6}


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """An address of this machine and the interface that has it.

    A link-local address carries its zone ("fe80::1%eth0", on Windows "fe80::1%3").
    """

    address: str
    family: Family
    interface: str

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine itself can use the address."""
        return is_loopback(self.address)


def own_addresses() -> tuple[OwnAddress, ...]:
    """List the addresses of all interfaces, loopback first, IPv4 before IPv6."""
    found = {
        OwnAddress(address.address, _FAMILIES[address.family], interface)
        for interface, addresses in psutil.net_if_addrs().items()
        for address in addresses
        if address.family in _FAMILIES
    }
    return tuple(
        sorted(found, key=lambda own: (not own.is_loopback, address_sort_key(own.address)))
    )


def is_this_machine(address: str) -> bool:
    """Return whether a numeric address belongs to this machine; all of 127.0.0.0/8 does."""
    try:
        wanted = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (
        wanted.is_loopback
        or wanted.is_unspecified
        or any(ip_address(own.address.partition("%")[0]) == wanted for own in own_addresses())
    )
