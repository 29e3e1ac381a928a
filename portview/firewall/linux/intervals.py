"""Sets of whole numbers as sorted, disjoint ranges: addresses and ports. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from ipaddress import IPv4Network, IPv6Network

Intervals = tuple[tuple[int, int], ...]
"""Ranges with both ends inside, in order, none touching the next."""

V4_BITS = 32
V6_BITS = 128
LAST_PORT = 65535


def joined(ranges: Iterable[tuple[int, int]]) -> Intervals:
    """Return any ranges as a set."""
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            if high > result[-1][1]:
                result[-1] = (result[-1][0], high)
        elif low <= high:
            result.append((low, high))
    return tuple(result)


def common(one: Intervals, other: Intervals) -> Intervals:
    """Return what is in both sets."""
    result: list[tuple[int, int]] = []
    here = there = 0
    while here < len(one) and there < len(other):
        low = max(one[here][0], other[there][0])
        high = min(one[here][1], other[there][1])
        if low <= high:
            result.append((low, high))
        if one[here][1] < other[there][1]:
            here += 1
        else:
            there += 1
    return tuple(result)


def without(one: Intervals, other: Intervals) -> Intervals:
    """Return what is in the first set and not in the other."""
    return common(one, _gaps(other))


def _gaps(ranges: Intervals) -> Intervals:
    """Return all that is not in a set, as far as addresses can reach."""
    result: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if start < low:
            result.append((start, low - 1))
        start = high + 1
    result.append((start, 1 << V6_BITS))
    return tuple(result)


def size(ranges: Intervals) -> int:
    """Return how many numbers are in a set."""
    return sum(high - low + 1 for low, high in ranges)


def networks_of(ranges: Intervals, *, is_v6: bool, limit: int) -> list[str] | None:
    """Return a set of addresses as networks, None where more than ``limit`` would be needed."""
    if len(ranges) > limit:
        return None
    result: list[str] = []
    for low, high in ranges:
        for block in islice(_blocks(low, high, is_v6=is_v6), limit + 1):
            is_single = block.prefixlen == block.max_prefixlen
            result.append(str(block.network_address) if is_single else str(block))
            if len(result) > limit:
                return None
    return result


def _blocks(low: int, high: int, *, is_v6: bool) -> Iterator[IPv4Network | IPv6Network]:
    if is_v6:
        yield from summarize_address_range(IPv6Address(low), IPv6Address(high))
    else:
        yield from summarize_address_range(IPv4Address(low), IPv4Address(high))
