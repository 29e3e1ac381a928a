"""Comparing numeric addresses of sockets as the kernel does when it refuses a bind. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

_IPV4 = 4


def parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address without its zone, an IPv4-mapped one as IPv4; None for other text."""
    try:
        one = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = one.ipv4_mapped if isinstance(one, IPv6Address) else None
    return mapped or one


def is_wildcard_address(text: str) -> bool:
    """Return whether an address stands for all of its family."""
    one = parsed(text)
    return one is not None and one.is_unspecified


def overlaps(first: str, second: str, *, first_is_v6_only: bool | None = None) -> bool:
    """Return whether a socket at ``first`` and a usual one at ``second`` claim a common address.

    ``first_is_v6_only`` is the IPV6_V6ONLY of the first, None for not known: then "::" counts as
    taking IPv4 too. The second is dual-stack at "::", as the systems' default is on Linux.
    """
    one, other = parsed(first), parsed(second)
    if one is None or other is None:
        return first == second
    if one.version == other.version:
        return one == other or one.is_unspecified or other.is_unspecified
    if one.version == _IPV4:
        return other.is_unspecified
    return one.is_unspecified and not first_is_v6_only


def serves(bound: str, address: str, *, is_v6_only: bool | None = None) -> bool:
    """Return whether a socket bound to ``bound`` takes clients that call ``address``."""
    one, other = parsed(bound), parsed(address)
    if one is None or other is None:
        return bound == address
    if one.is_unspecified:
        return one.version == other.version or (other.version == _IPV4 and not is_v6_only)
    return one == other
