"""Sets of whole numbers as sorted, disjoint ranges: addresses and ports. Pure."""

from __future__ import annotations

from bisect import bisect_right
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
_BEYOND = 1 << V6_BITS
_FEW = 8


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
    if len(one) < len(other):
        one, other = other, one
    result: list[tuple[int, int]] = []
    # The smaller set leads, because blocklists are long and conditions short.
    for low, high in other:
        place = max(0, bisect_right(one, (low, _BEYOND)) - 1)
        while place < len(one) and one[place][0] <= high:
            if one[place][1] >= low:
                result.append((max(low, one[place][0]), min(high, one[place][1])))
            place += 1
    return tuple(result)


def without(one: Intervals, other: Intervals) -> Intervals:
    """Return what is in the first set and not in the other."""
    if len(other) > _FEW:
        return common(one, _gaps(other))
    for low, high in other:
        first = max(0, bisect_right(one, (low, _BEYOND)) - 1)
        if first < len(one) and one[first][1] < low:
            first += 1
        last = bisect_right(one, (high, _BEYOND))
        if first >= last:
            continue
        left = ((one[first][0], low - 1),) if one[first][0] < low else ()
        right = ((high + 1, one[last - 1][1]),) if one[last - 1][1] > high else ()
        one = (*one[:first], *left, *right, *one[last:])
    return one


def _gaps(ranges: Intervals) -> Intervals:
    """Return all that is not in a set, as far as addresses can reach."""
    result: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if start < low:
            result.append((start, low - 1))
        start = high + 1
    result.append((start, _BEYOND))
    return tuple(result)


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
