"""The values that rules compare with, and whether something known has one of them. Pure."""

from __future__ import annotations

from functools import reduce
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from operator import or_
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Any

from portview.firewall.linux.clock import clock_number, key_of_kind
from portview.firewall.linux.facts_of_packets import FixedField, KnownField, RangedField
from portview.firewall.linux.intervals import LAST_PORT, V4_BITS, V6_BITS, Intervals, common, joined
from portview.firewall.linux.packet import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL_NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58, "icmpv6": 58, "sctp": 132}
_TCP_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}
STATES = {"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64}
"""The bits of "ct state" (linux/netfilter/nf_conntrack_common.h, NF_CT_STATE_BIT)."""
STATUSES = {"expected": 1, "seen-reply": 2, "assured": 4, "confirmed": 8, "snat": 16, "dnat": 32}
"""The bits of "ct status" that rules have words for (enum ip_conntrack_status)."""

_WORDS = {"flags": _TCP_FLAGS, "state": STATES, "status": STATUSES}
_LINKS = {"ether": 1, "ppp": 512, "ipip": 768, "ipip6": 769, "loopback": 772, "sit": 776}
_LINKS |= {"ipgre": 778, "none": 65534}
_LIKE_NUMBERS = {"link": _LINKS, "group": {"default": 0}, "number": {}}


def number_of(value: Any, kind: str) -> int | None:  # noqa: PLR0911 - a line for each shape
    """Return a number as rules write it, with words for flags; None for anything else."""
    if key := key_of_kind(kind):
        return clock_number(key, value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, dict) and "|" in value:
        value = value["|"]
    if isinstance(value, list):
        numbers = [number_of(one, kind) for one in value]
        return None if None in numbers else reduce(or_, filter(None, numbers), 0)
    if not isinstance(value, str):
        return None
    words = _WORDS.get(kind.removeprefix("masked ")) or _LIKE_NUMBERS.get(kind, {})
    if value in words:
        return words[value]
    try:
        return int(value, 0)
    except ValueError:
        return None


def holds(  # noqa: PLR0911, C901 - a line for each kind
    field: KnownField | FixedField | RangedField, value: Any, version: int
) -> bool | None:
    """Return whether a field has a value that a rule names; None where that can't be said."""
    if isinstance(field, FixedField):
        wanted = ranges_of(value, field.side, version)
        return None if wanted is None else _lies_in(field.values, wanted)
    if isinstance(field, RangedField):
        wanted = number_ranges([value])
        return None if wanted is None else _lies_in(field.values, wanted)
    match field.kind:
        case "name":
            return _is_name(field.value, value)
        case "protocol":
            return _holds_number(PROTOCOL_NUMBERS[field.value], value, PROTOCOL_NUMBERS)
        case "route":
            return bool(value) if isinstance(value, bool | int) else _is_name(field.value, value)
        case "word":
            return value in field.value if isinstance(value, str | int) else None
        case "exists":
            return bool(value) is field.value if isinstance(value, bool | int) else None
        case "status":
            # Bits without a word are set as well where an address was translated.
            number = number_of(value, "status")
            return False if number and number & (STATUSES["dnat"] | STATUSES["snat"]) else None
        case "state":
            number = number_of(value, "state")
            return None if number is None else number == field.value
        case "flags" | "masked flags" | "masked state" | "masked status":
            number = number_of(value, field.kind)
            return None if number is None else number == field.value
        case _:
            return _holds_number(field.value, value, {}, field.kind)


def _lies_in(own: Intervals, wanted: Intervals) -> bool | None:
    """Return whether a number is wanted of which only the range is known."""
    shared = common(own, wanted)
    return False if not shared else True if shared == own else None


def number_ranges(values: Any) -> Intervals | None:
    """Return plain numbers as ranges; None where one of them is not understood."""
    found: list[tuple[int, int]] = []
    for value in values:
        ends = value["range"] if isinstance(value, dict) and "range" in value else [value, value]
        low, high = (number_of(end, "number") for end in ends)
        if low is None or high is None:
            return None
        found.append((low, high))
    return joined(found)


def _holds_number(
    own: int, value: Any, words: Mapping[str, int], kind: str = "number"
) -> bool | None:
    if isinstance(value, dict) and "range" in value:
        low, high = (
            words[end] if isinstance(end, str) and end in words else number_of(end, kind)
            for end in value["range"]
        )
        if low is None or high is None:
            return None
        # Hours continue over midnight.
        return low <= own <= high if low <= high else own >= low or own <= high
    if isinstance(value, str) and words:
        # The name of a protocol that is neither of those asked about.
        return words.get(value, -1) == own
    number = number_of(value, kind)
    return None if number is None else number == own


def _is_name(own: str, value: Any) -> bool | None:
    if isinstance(value, int):
        return False  # the index of an interface that is gone
    if not isinstance(value, str):
        return None
    if value.endswith("*") and not value.endswith("\\*"):
        return own.startswith(value[:-1])
    return own == value.replace("\\*", "*")


def ranges_of(value: Any, side: Side, version: int) -> Intervals | None:
    """Return the addresses or ports that a value stands for, None where it is not understood."""
    if value == "*":
        bits = V4_BITS if version == 4 else V6_BITS  # noqa: PLR2004 - IP version
        is_port = side in {Side.PORT, Side.SOURCE_PORT}
        return ((0, LAST_PORT if is_port else (1 << bits) - 1),)
    try:
        if side in {Side.PORT, Side.SOURCE_PORT}:
            return _port_range(value)
        return _address_range(value, version)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def _port_range(value: Any) -> Intervals:
    if isinstance(value, dict):
        if "prefix" in value:
            low, length = int(value["prefix"]["addr"]), int(value["prefix"]["len"])
            return ((low, low | (0xFFFF >> length)),)
        low, high = (int(end) for end in value["range"])
        return ((low, high),)
    return ((int(value), int(value)),)


def _address_range(value: Any, version: int) -> Intervals:
    if isinstance(value, dict) and "range" in value:
        low, high = (ip_address(end) for end in value["range"])
        if low.version != version:
            return ()
        return ((int(low), int(high)),)
    if isinstance(value, dict):
        value = f"{value['prefix']['addr']}/{value['prefix']['len']}"
    if "/" not in value:
        if (":" in value) != (version == 6):  # noqa: PLR2004 - IP version
            return ()
        number = int.from_bytes(inet_pton(AF_INET6 if version == 6 else AF_INET, value))  # noqa: PLR2004
        return ((number, number),)
    network: IPv4Network | IPv6Network = ip_network(value, strict=False)
    if network.version != version:
        return ()
    return ((int(network.network_address), int(network.broadcast_address)),)
