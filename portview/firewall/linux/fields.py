"""What a rule looks at, and what of it is known of packets that nobody has sent yet. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from operator import or_
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Any

from portview.firewall.linux.intervals import LAST_PORT, V4_BITS, V6_BITS, Intervals, common
from portview.firewall.linux.packet import Packet, Side

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROTOCOL_NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58, "icmpv6": 58, "sctp": 132}
_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}
_SYN, _SYN_ACK = 2, 18
_FAMILY_WORDS = {4: ("ipv4", "ip", 2), 6: ("ipv6", "ip6", 10)}
_OUTER_OF_UDP = frozenset({"vxlan", "geneve"})


@dataclass(frozen=True, slots=True)
class KnownField:
    """A fact: the same for all packets of the box. ``kind`` says how rules write its values."""

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class FixedField:
    """A number that some packets of the box have and others may not, without their telling."""

    side: Side
    values: Intervals


@dataclass(frozen=True, slots=True)
class UncertainField:
    """Nobody can say beforehand. ``what`` names it in nft's words."""

    what: str


ABSENT = KnownField("absent", None)
"""The packet has no such header, so that the rule does not match, whatever it compares."""

Field = Side | KnownField | FixedField | UncertainField


def field_of(expression: Any, packet: Packet) -> Field:
    """Return what an expression on the left of a match reads from a packet."""
    if not isinstance(expression, dict) or len(expression) != 1:
        return UncertainField("an unknown expression")
    kind, body = next(iter(expression.items()))
    if kind in {"&", "|", "^"}:
        return _masked(kind, body, packet)
    reader = _READERS.get(kind)
    return reader(body, packet) if reader and isinstance(body, dict) else UncertainField(str(kind))


def _payload(body: Mapping[str, Any], packet: Packet) -> Field:
    if "base" in body:
        return _raw_payload(body)
    protocol, name = str(body.get("protocol")), str(body.get("field"))
    if protocol in {"th", packet.protocol}:
        return _transport(name, packet)
    if protocol in {"ip", "ip6"}:
        return _network(protocol, name, packet)
    if (protocol, name) == ("ether", "type"):
        return KnownField("word", _FAMILY_WORDS[packet.version])
    is_around = protocol in {"ether", "vlan"}
    if is_around or (protocol in _OUTER_OF_UDP and packet.protocol == "udp"):
        return UncertainField(f"{protocol} {name}")
    # ICMP, SCTP and the like, or the other of TCP and UDP: not the protocol asked about.
    return ABSENT


def _transport(name: str, packet: Packet) -> Field:
    if name == "dport":
        return Side.PORT
    if name == "sport":
        return Side.SOURCE_PORT
    if name == "flags":
        is_answer = packet.tracked == "established"
        return KnownField("flags", _SYN_ACK if is_answer else _SYN)
    return UncertainField(f"{packet.protocol} {name}")


def _network(protocol: str, name: str, packet: Packet) -> Field:
    if protocol != ("ip" if packet.version == 4 else "ip6"):  # noqa: PLR2004 - IP version
        return ABSENT
    if name == "saddr":
        return Side.SOURCE
    if name == "daddr":
        return Side.DESTINATION
    if name in {"protocol", "nexthdr"}:
        return KnownField("protocol", packet.protocol)
    if name == "version":
        return KnownField("number", packet.version)
    return UncertainField(f"{protocol} {name}")


def _raw_payload(body: Mapping[str, Any]) -> Field:
    where = (body.get("base"), body.get("offset"), body.get("len"))
    if where == ("th", 0, 16):
        return Side.SOURCE_PORT
    if where == ("th", 16, 16):
        return Side.PORT
    return UncertainField("raw bytes")


def _meta(body: Mapping[str, Any], packet: Packet) -> Field:  # noqa: PLR0911 - a line for each key
    key = str(body.get("key"))
    match key:
        case "l4proto":
            return KnownField("protocol", packet.protocol)
        case "nfproto" | "protocol":
            return KnownField("word", _FAMILY_WORDS[packet.version])
        case "iif" | "iifname":
            return KnownField("name", packet.inward) if packet.inward else UncertainField(key)
        case "oif" | "oifname":
            return (
                UncertainField(key)
                if packet.outward is None
                else KnownField("name", packet.outward)
            )
        case "pkttype":
            return KnownField("word", ("host", "unicast"))
        case "mark" if packet.mark is not None:
            return KnownField("number", packet.mark)
        case _:
            return UncertainField(f"meta {key}")


def _tracked(body: Mapping[str, Any], packet: Packet) -> Field:
    key, direction = str(body.get("key")), body.get("dir")
    if key == "state":
        return KnownField("state", packet.tracked)
    if packet.tracked not in {"new", "established"}:
        return ABSENT
    if key == "direction":
        return KnownField("word", ("original" if packet.tracked == "new" else "reply",))
    if key == "status" and (packet.called or packet.tracked == "new"):
        return KnownField("status", "dnat" if packet.called else "")
    if direction == "original" and packet.tracked == "new":
        return _original(key, packet)
    return UncertainField(f"ct {key}")


def _original(key: str, packet: Packet) -> Field:
    """Read what a packet was sent to at first."""
    side = Side.PORT if key == "proto-dst" else Side.DESTINATION
    if key not in {"proto-dst", "daddr", "ip daddr", "ip6 daddr"}:
        return UncertainField(f"ct original {key}")
    if packet.called:
        return FixedField(side, packet.called[1 if side is Side.PORT else 0])
    return side


def _route(body: Mapping[str, Any], packet: Packet) -> Field:
    """Read a look-up in the routing table, for packets that come in where answers go out."""
    flags = body.get("flags")
    flags = [flags] if isinstance(flags, str) else list(flags or ())
    result = body.get("result")
    if result == "type":
        is_local = packet.is_local_target if "daddr" in flags else packet.is_local_source
        return KnownField("word", ("local",) if is_local else ("unicast",))
    if result in {"oif", "oifname", "check"} and "saddr" in flags:
        return KnownField("exists", value=True)
    return UncertainField(f"fib {result}")


def _extra_header(body: Mapping[str, Any], _packet: Packet) -> Field:
    """Read a header that ordinary clients' first packets do not have."""
    return ABSENT if "field" in body else KnownField("exists", value=False)


_READERS = {
    "exthdr": _extra_header,
    "ip option": _extra_header,
    "payload": _payload,
    "meta": _meta,
    "ct": _tracked,
    "fib": _route,
}


def _masked(operator: str, parts: Any, packet: Packet) -> Field:
    if operator == "&" and isinstance(parts, list) and len(parts) > 1:
        field = field_of(parts[0], packet)
        if field is ABSENT:
            return ABSENT
        if field == UncertainField("ip frag-off"):
            # The first packet of a conversation is no later piece of a larger one.
            offset = number_of(parts[1], "number")
            return KnownField("number", 0) if offset is not None and offset < 0x4000 else field  # noqa: PLR2004
        if isinstance(field, KnownField) and field.kind in {"flags", "number"}:
            mask = number_of(parts[1] if len(parts) == 2 else parts[1:], field.kind)  # noqa: PLR2004
            if mask is not None:
                return KnownField(f"masked {field.kind}", field.value & mask)
        return (
            field
            if isinstance(field, UncertainField)
            else UncertainField("a part of an address or number")
        )
    return UncertainField("a calculation")


def number_of(value: Any, kind: str) -> int | None:
    """Return a number as rules write it, with words for TCP's flags; None for anything else."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, dict) and "|" in value:
        value = value["|"]
    if isinstance(value, list):
        numbers = [number_of(one, kind) for one in value]
        return None if None in numbers else reduce(or_, filter(None, numbers), 0)
    if not isinstance(value, str):
        return None
    if kind.endswith("flags"):
        return _FLAGS.get(value)
    try:
        return int(value, 0)
    except ValueError:
        return None


def holds(field: KnownField | FixedField, value: Any, version: int) -> bool | None:  # noqa: PLR0911
    """Tell whether a field has a value that a rule names; None where that can't be said."""
    if isinstance(field, FixedField):
        wanted = ranges_of(value, field.side, version)
        if wanted is None:
            return None
        shared = common(field.values, wanted)
        return False if not shared else True if shared == field.values else None
    match field.kind:
        case "name":
            return _is_name(field.value, value)
        case "protocol":
            return _holds_number(_PROTOCOL_NUMBERS[field.value], value, _PROTOCOL_NUMBERS)
        case "state" | "status":
            return field.value in value if isinstance(value, list) else field.value == value
        case "word":
            return value in field.value if isinstance(value, str | int) else None
        case "exists":
            return value is field.value if isinstance(value, bool) else None
        case "flags" | "masked flags":
            number = number_of(value, field.kind)
            return None if number is None else number == field.value
        case _:
            return _holds_number(field.value, value, {})


def _holds_number(own: int, value: Any, words: Mapping[str, int]) -> bool | None:
    if isinstance(value, dict) and "range" in value:
        ends = [_holds_number(own, end, words) is not None for end in value["range"]]
        low, high = (words.get(end, end) for end in value["range"])
        if all(ends) and isinstance(low, int) and isinstance(high, int):
            return low <= own <= high
        return None
    if isinstance(value, str) and words:
        # The name of a protocol that is neither of those asked about.
        return words.get(value, -1) == own
    number = number_of(value, "number")
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
