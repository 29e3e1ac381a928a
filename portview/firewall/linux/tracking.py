"""What connection tracking knows of a packet's conversation: the keys of "ct". Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.firewall.linux.facts_of_packets import (
    ABSENT,
    Field,
    FixedField,
    KnownField,
    UncertainField,
)
from portview.firewall.linux.packet import DATA, Side
from portview.firewall.linux.values import STATES, STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.firewall.linux.intervals import Intervals
    from portview.firewall.linux.packet import Packet

# untranslated: fields of nft
_ADDRESSES = {"saddr", "daddr", "ip saddr", "ip daddr", "ip6 saddr", "ip6 daddr"}
_PORTS = {"proto-src", "proto-dst"}


def tracked_field(body: Mapping[str, Any], packet: Packet) -> Field:  # noqa: PLR0911 - a line each
    """Return what an expression of "ct" reads."""
    key, direction = str(body.get("key")), body.get("dir")
    if key == "state":
        return KnownField("state", STATES[packet.tracked])
    if packet.tracked not in {"new", "established"}:
        return ABSENT
    match key:
        case "direction":
            return KnownField("word", ("reply", 1) if packet.is_reply else ("original", 0))
        case "status":
            return KnownField("status", _status(packet))
        case "mark" if packet.ct_mark is not None:
            return KnownField("number", packet.ct_mark)
        case "protocol":
            return KnownField("protocol", packet.protocol)
        case "l3proto":
            return KnownField("word", ("ipv4", 2) if packet.version == 4 else ("ipv6", 10))  # noqa: PLR2004
        case "zone":
            return KnownField("number", 0)
        case _ if key in _ADDRESSES or key in _PORTS:
            return _tuple_field(key, str(direction), packet)
    return UncertainField(f"ct {key}")


def _status(packet: Packet) -> int:
    status = STATUSES["dnat"] if packet.called else 0
    if packet.tracked == "established":
        status |= STATUSES["confirmed"] | STATUSES["seen-reply"]
        if packet.flags == DATA and packet.protocol == "tcp":
            status |= STATUSES["assured"]
    return status


def _tuple_field(key: str, direction: str, packet: Packet) -> Field:
    """Read the addresses of a conversation as they were at first, or as answers have them."""
    if key.startswith(("ip ", "ip6 ")) and ("6" in key) != (packet.version == 6):  # noqa: PLR2004
        return ABSENT
    is_port = key in _PORTS
    is_source = key in {"proto-src", "saddr", "ip saddr", "ip6 saddr"}
    if direction not in {"original", "reply"}:
        return UncertainField(f"ct {key}")
    is_of_client = is_source == (direction == "original")
    if is_of_client:
        return _of_client(packet, is_port=is_port)
    called = packet.called[1 if is_port else 0] if packet.called else None
    side = Side.PORT if is_port else Side.DESTINATION
    if direction == "original" and called is not None:
        return FixedField(side, called)
    return _of_server(packet, is_port=is_port)


def _of_client(packet: Packet, *, is_port: bool) -> Field:
    if packet.is_reply:
        return Side.PORT if is_port else Side.DESTINATION
    return Side.SOURCE_PORT if is_port else Side.SOURCE


def _of_server(packet: Packet, *, is_port: bool) -> Field:
    if packet.target is not None:
        values: Intervals = packet.target.dport if is_port else packet.target.daddr
        return FixedField(Side.PORT if is_port else Side.DESTINATION, values)
    if packet.is_reply:
        return Side.SOURCE_PORT if is_port else Side.SOURCE
    return Side.PORT if is_port else Side.DESTINATION
