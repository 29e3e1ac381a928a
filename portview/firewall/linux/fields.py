"""What a rule looks at, and what of it is known of packets that nobody has sent yet. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.domain.facts import Absent
from portview.domain.facts import Known as KnownFact
from portview.firewall.linux.clock import KEYS, UTC_PREFIX, clock_reading
from portview.firewall.linux.facts_of_packets import (
    ABSENT,
    Field,
    KnownField,
    RangedField,
    UncertainField,
)
from portview.firewall.linux.packet import SYN, SYN_ACK, Side
from portview.firewall.linux.tracking import tracked_field
from portview.firewall.linux.values import number_of
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.firewall.linux.intervals import Intervals
    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.packet import Packet

_FAMILY_WORDS = {4: ("ipv4", "ip", 2, 0x0800), 6: ("ipv6", "ip6", 10, 0x86DD)}
_OUTER_OF_UDP = frozenset({"vxlan", "geneve"})
_IPV6_HEADER = 40
_SEGMENT_SIZES = ((536, 65495),)
"""The segment sizes that ordinary clients announce (RFC 9293, 3.7.1)."""


def field_of(  # noqa: PLR0911, C901 - a line for each kind
    expression: Any, packet: Packet, machine: Machine
) -> Field:
    """Return what an expression on the left of a match reads from a packet."""
    if not isinstance(expression, dict) or len(expression) != 1:
        return UncertainField(_("an unknown expression"))
    kind, body = next(iter(expression.items()))
    if kind in {"&", "|", "^"}:
        return _masked(kind, body, packet, machine)
    if not isinstance(body, dict):
        return UncertainField(str(kind))
    match kind:
        case "payload":
            return _payload(body, packet)
        case "meta":
            return _meta(str(body.get("key")), packet, machine)
        case "ct":
            return tracked_field(body, packet)
        case "fib":
            return _route(body, packet, machine)
        case "socket":
            return _socket(str(body.get("key")), packet, machine)
        case "tcp option":
            return _tcp_option(body, packet)
        case "exthdr" | "ip option":
            # Headers that ordinary clients' packets do not have.
            return ABSENT if "field" in body else KnownField("exists", value=False)
    return UncertainField(str(kind))


def value_of(expression: Any, packet: Packet, machine: Machine) -> int | None:
    """Return the number that a statement sets something to, None where that is not known."""
    if not isinstance(expression, dict):
        return number_of(expression, "number")
    kind, parts = next(iter(expression.items()))
    if kind in {"&", "|", "^", "<<", ">>"} and isinstance(parts, list) and parts:
        numbers = [value_of(part, packet, machine) for part in parts]
        if None in numbers:
            return None
        result, *others = (number or 0 for number in numbers)
        for other in others:
            result = _combined(kind, result, other)
        return result & 0xFFFFFFFF
    field = field_of(expression, packet, machine)
    return field.value if isinstance(field, KnownField) and field.kind == "number" else None


def _combined(operator: str, one: int, other: int) -> int:
    match operator:
        case "&":
            return one & other
        case "|":
            return one | other
        case "^":
            return one ^ other
        case "<<":
            return one << min(other, 32)
    return one >> min(other, 32)


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


def _transport(name: str, packet: Packet) -> Field:  # noqa: PLR0911 - a line for each field
    match name:
        case "dport":
            return Side.PORT
        case "sport":
            return Side.SOURCE_PORT
        case "flags":
            return KnownField("flags", packet.flags)
        case "urgptr":
            return KnownField("number", 0)
        case "ackseq" if packet.flags == SYN:
            return KnownField("number", 0)
        case "length" if packet.protocol == "udp":
            header = 20 if packet.version == 4 else _IPV6_HEADER  # noqa: PLR2004 - IP version
            return RangedField("udp length", _shifted(packet.length, -header))  # untranslated: nft
    return UncertainField(f"{packet.protocol} {name}")


def _network(protocol: str, name: str, packet: Packet) -> Field:  # noqa: PLR0911 - a line each
    if protocol != ("ip" if packet.version == 4 else "ip6"):  # noqa: PLR2004 - IP version
        return ABSENT
    match name:
        case "saddr":
            return Side.SOURCE
        case "daddr":
            return Side.DESTINATION
        case "protocol" | "nexthdr":
            return KnownField("protocol", packet.protocol)
        case "version":
            return KnownField("number", packet.version)
        case "hdrlength":
            return KnownField("number", 5)
        case "ttl" | "hoplimit":
            return RangedField(f"{protocol} {name}", packet.ttl)
        case "length" if protocol == "ip":
            return RangedField("ip length", packet.length)  # untranslated: nft
        case "length":
            return RangedField("ip6 length", _shifted(packet.length, -_IPV6_HEADER))
    return UncertainField(f"{protocol} {name}")


def _shifted(ranges: Intervals, by: int) -> Intervals:
    return tuple((max(0, low + by), high + by) for low, high in ranges)


def _raw_payload(body: Mapping[str, Any]) -> Field:
    where = (body.get("base"), body.get("offset"), body.get("len"))
    if where == ("th", 0, 16):
        return Side.SOURCE_PORT
    if where == ("th", 16, 16):
        return Side.PORT
    return UncertainField(_("raw bytes"))


def _meta(  # noqa: PLR0911, PLR0912, C901 - a line for each key
    key: str, packet: Packet, machine: Machine
) -> Field:
    match key:
        case "l4proto":
            return KnownField("protocol", packet.protocol)
        case "nfproto" | "protocol":
            return KnownField("word", _FAMILY_WORDS[packet.version])
        case "iif" | "iifname":
            return (
                UncertainField(key) if packet.inward is None else KnownField("name", packet.inward)
            )
        case "oif" | "oifname":
            return (
                UncertainField(key)
                if packet.outward is None
                else KnownField("name", packet.outward)
            )
        case "iiftype" | "oiftype" | "iifgroup" | "oifgroup":
            name = packet.inward if key.startswith("i") else packet.outward
            return _of_interface(key, name, machine)
        case "pkttype":
            return KnownField("word", ("host", "unicast", 0))
        case "mark" if packet.mark is not None:
            return KnownField("number", packet.mark)
        case "ipsec" | "secpath":
            return KnownField("exists", value=False)
        case "nftrace":
            return KnownField("number", 0)
        case "length":
            return RangedField("meta length", packet.length)  # untranslated: nft
        case "cpu" if machine.surroundings.cpus:
            return RangedField("meta cpu", ((0, machine.surroundings.cpus - 1),))
        case "skuid" | "skgid":
            return _owner(key, packet, machine)
    if key.removeprefix(UTC_PREFIX) in KEYS:
        seconds = clock_reading(key, machine.surroundings.now)
        return (
            UncertainField(f"meta {key}")
            if seconds is None
            else KnownField(f"clock {key}", seconds)
        )
    return UncertainField(f"meta {key}")


def _of_interface(key: str, name: str | None, machine: Machine) -> Field:
    if name == "":
        return ABSENT
    found = next((one for one in machine.interfaces if one.name == name), None)
    number = None if found is None else found.link if key.endswith("type") else found.group
    if number is None:
        return UncertainField(f"meta {key}")
    return KnownField("link" if key.endswith("type") else "group", number)


def _owner(key: str, packet: Packet, machine: Machine) -> Field:
    """Read who owns the socket that sends a packet; one that comes in has none at first."""
    if not packet.is_local_source:
        return ABSENT if packet.flags == SYN else UncertainField(f"meta {key}")
    if packet.is_reply and key == "skuid":
        listening = machine.surroundings.listeners_on(
            packet.protocol, packet.version, _few(packet.saddr), packet.sport[0][0]
        )
        users = (
            {one.user_id for one in listening.value} if isinstance(listening, KnownFact) else set()
        )
        if len(users) == 1 and (user := users.pop()) is not None:
            return KnownField("number", user)
    return UncertainField(f"meta {key}")


def _few(ranges: Intervals) -> list[int]:
    return [low for low, high in ranges if low == high]


def _socket(key: str, packet: Packet, machine: Machine) -> Field:
    """Read the socket that a packet will come to: one as ordinary servers have it."""
    listening = machine.surroundings.listeners_on(
        packet.protocol, packet.version, _few(packet.daddr), packet.dport[0][0]
    )
    if isinstance(listening, Absent):
        return ABSENT
    if not isinstance(listening, KnownFact) or packet.is_local_source:
        return UncertainField(f"socket {key}")
    match key:
        case "transparent" | "mark":
            return KnownField("number", 0)
        case "wildcard" if packet.flags == SYN:
            wild = {one.address == 0 for one in listening.value}
            if len(wild) == 1:
                return KnownField("number", int(wild.pop()))
    return UncertainField(f"socket {key}")


def _route(body: Mapping[str, Any], packet: Packet, machine: Machine) -> Field:
    """Read a reading-up in the routing table, for packets that come in where answers go out."""
    flags = body.get("flags")
    flags = [flags] if isinstance(flags, str) else list(flags or ())
    result = body.get("result")
    if result == "type":
        is_local = packet.is_local_target if "daddr" in flags else packet.is_local_source
        if is_local and {"iif", "daddr"} <= set(flags):
            return _local_on_interface(packet, machine)
        return KnownField("word", ("local",) if is_local else ("unicast",))
    if result in {"oif", "oifname", "check"} and "saddr" in flags and packet.inward:
        return KnownField("route", packet.inward)
    return UncertainField(f"fib {result}")


def _local_on_interface(packet: Packet, machine: Machine) -> Field:
    """Read whether the target is an address of the very interface that a packet came through."""
    found = next((one for one in machine.interfaces if one.name == packet.inward), None)
    own = set(found.own(packet.version)) if found else set()
    inside = {low in own and high in own for low, high in packet.daddr}
    if len(inside) == 1:
        return KnownField("word", ("local",) if inside.pop() else ("unicast",))
    return UncertainField("fib daddr . iif type")


def _tcp_option(body: Mapping[str, Any], packet: Packet) -> Field:
    name = str(body.get("name"))
    if packet.protocol != "tcp":
        return ABSENT if "field" in body else KnownField("exists", value=False)
    has_it = packet.flags in {SYN, SYN_ACK}
    if name == "maxseg" and "field" not in body:
        return KnownField("exists", value=has_it)
    if name == "maxseg" and body.get("field") == "size":
        return RangedField("tcp option maxseg size", _SEGMENT_SIZES) if has_it else ABSENT
    return UncertainField(f"tcp option {name}")


def _masked(operator: str, parts: Any, packet: Packet, machine: Machine) -> Field:
    if operator == "&" and isinstance(parts, list) and len(parts) > 1:
        field = field_of(parts[0], packet, machine)
        if field is ABSENT:
            return ABSENT
        if field == UncertainField("ip frag-off"):
            # The first packet of a conversation is no later piece of a larger one.
            offset = number_of(parts[1], "number")
            return KnownField("number", 0) if offset is not None and offset < 0x4000 else field  # noqa: PLR2004
        if isinstance(field, KnownField) and field.kind in {"flags", "number", "state", "status"}:
            mask = number_of(parts[1] if len(parts) == 2 else parts[1:], field.kind)  # noqa: PLR2004
            if mask is not None:
                return KnownField(f"masked {field.kind}", field.value & mask)
        return (
            field
            if isinstance(field, UncertainField)
            else UncertainField(_("a part of an address or number"))
        )
    return UncertainField("a calculation")
