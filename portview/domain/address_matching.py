"""Which addresses of sockets mean the same place, and which sockets collide or take which clients.

Everything that compares addresses does it here: an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) is
the IPv4 address, however it is written, and a zone on an address that is not link-local is the
network device that the socket is bound to (SO_BINDTODEVICE, socket(7)), as ss writes it:
``0.0.0.0%eth0``.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

ANY_IPV4, ANY_IPV6 = "0.0.0.0", "::"  # noqa: S104 - what sockets are bound to, no bind
_LOOPBACK_DEVICE = "lo"
_IPV6 = 6


class SocketAddress(NamedTuple):
    """An address without its notation: ``ip`` is never IPv4-mapped, ``zone`` is "" for none."""

    ip: IPv4Address | IPv6Address
    zone: str = ""


@lru_cache(maxsize=4096)
def parse_socket_address(text: str) -> SocketAddress | None:
    """Read a numeric address, with or without a zone; None for anything else."""
    bare, _, zone = text.partition("%")
    try:
        parsed = ip_address(bare)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return SocketAddress(mapped or parsed, zone)


def normalized_address(text: str) -> str:
    """Return an address in the one form in which it is compared; other text as it is.

    IPv4-mapped addresses become IPv4, IPv6 is written as RFC 5952 has it, a zone stays.
    """
    address = parse_socket_address(text)
    if address is None:
        return text
    return f"{address.ip}%{address.zone}" if address.zone else str(address.ip)


def is_same_address(one: str, other: str) -> bool:
    """Return whether two texts name one address.

    Where only one of them has a zone it is not compared: other tools leave it out.
    """
    first, second = parse_socket_address(one), parse_socket_address(other)
    if first is None or second is None:
        return one == other
    is_same_zone = first.zone == second.zone or not (first.zone and second.zone)
    return first.ip == second.ip and is_same_zone


def is_wildcard(text: str) -> bool:
    """Return whether an address stands for all addresses of its family, on any device or on one."""
    address = parse_socket_address(text)
    return address is not None and address.ip.is_unspecified


def bound_device(text: str) -> str:
    """Return the network device that a socket at an address is bound to, "" for none.

    The zone of a link-local address belongs to the address and is none.
    """
    address = parse_socket_address(text)
    return "" if address is None or address.ip.is_link_local else address.zone


def is_this_machine_only(text: str) -> bool:
    """Return whether a socket bound to an address takes clients of this machine alone."""
    address = parse_socket_address(text)
    if address is None:
        return False
    return address.ip.is_loopback or bound_device(text) == _LOOPBACK_DEVICE


def takes_clients_of(bound: str, address: str, *, is_v6_only: bool | None = None) -> bool:
    """Return whether a socket bound to ``bound`` takes clients that connect to ``address``.

    ``is_v6_only`` is the IPV6_V6ONLY of the socket, None where it is not known: then "::" counts
    as taking IPv4 as well, as it does unless a server wants otherwise. A socket bound to a device
    takes what comes in through it; whom this machine itself reaches comes through loopback.
    """
    server, client = parse_socket_address(bound), parse_socket_address(address)
    if server is None or client is None:
        return bound == address
    device = bound_device(bound)
    if device and device != _LOOPBACK_DEVICE and client.ip.is_loopback:
        return False
    if server.ip.is_unspecified:
        return _serves_family(server.ip, client.ip, is_v6_only=is_v6_only)
    return is_same_address(bound, address)


def is_in_the_way(bound: str, wanted: str | None, *, is_v6_only: bool | None = None) -> bool:
    """Return whether a socket at ``bound`` keeps another one from being bound to ``wanted``.

    None is everywhere. ``is_v6_only`` is as for ``takes_clients_of``. Sockets that are bound to
    two different devices are in nobody's way. Text that is not a valid address is in no way but
    its own.
    """
    if wanted is None or bound == wanted:
        return True
    one, other = parse_socket_address(bound), parse_socket_address(wanted)
    if one is None or other is None:
        return False
    devices = {bound_device(bound), bound_device(wanted)} - {""}
    if len(devices) > 1:
        return False
    if one.ip.is_unspecified and _serves_family(one.ip, other.ip, is_v6_only=is_v6_only):
        return True
    if other.ip.is_unspecified and _serves_family(other.ip, one.ip, is_v6_only=None):
        return True
    return is_same_address(bound, wanted)


def _serves_family(
    wildcard: IPv4Address | IPv6Address,
    address: IPv4Address | IPv6Address,
    *,
    is_v6_only: bool | None,
) -> bool:
    if wildcard.version == address.version:
        return True
    return wildcard.version == _IPV6 and not is_v6_only
