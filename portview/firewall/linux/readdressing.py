"""Packets that a rule sends on to another address or port. Pure."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from portview.firewall.linux.fields import ranges_of
from portview.firewall.linux.machine import LOOPBACK
from portview.firewall.linux.packet import Packet, Side

if TYPE_CHECKING:
    from portview.firewall.linux.machine import Machine

_SOMEWHERE = "where it sends packets on to"
_LOOPBACK_NET = 127 << 24, (128 << 24) - 1


def readdressed(body: Any, packet: Packet, machine: Machine) -> Packet | str | None:
    """Return packets after "dnat" or "redirect".

    None where the rule is about the other IP version alone; a text where it depends on something
    that nobody can say.
    """
    body = body if isinstance(body, dict) else {}
    is_v4 = packet.version == 4  # noqa: PLR2004 - IP version
    if body.get("family") == ("ip6" if is_v4 else "ip"):
        return None
    address, port = body.get("addr"), body.get("port")
    if isinstance(address, dict) and len(address.get("concat") or ()) > 1:
        address, port = address["concat"][:2]
    changed = replace(packet, called=(packet.daddr, packet.dport))
    if port is not None:
        ports = ranges_of(port, Side.PORT, packet.version)
        if ports is None:
            return _SOMEWHERE
        changed = replace(changed, dport=ports)
    if address is None:
        return changed
    addresses = ranges_of(address, Side.DESTINATION, packet.version)
    if not addresses or addresses[0][0] != addresses[0][1]:
        return _SOMEWHERE
    number = addresses[0][0]
    is_loopback = is_v4 and _LOOPBACK_NET[0] <= number <= _LOOPBACK_NET[1]
    if is_loopback and packet.inward != LOOPBACK:
        return "whether the kernel lets packets from outside reach loopback (route_localnet)"
    return _bound_for(changed, number, machine)


def _bound_for(packet: Packet, number: int, machine: Machine) -> Packet:
    is_managed = number in machine.own_addresses(packet.version)
    text = str(ip_address(number.to_bytes(4 if packet.version == 4 else 16)))  # noqa: PLR2004
    return replace(
        packet,
        daddr=((number, number),),
        is_local_target=is_managed,
        outward="" if is_managed else machine.way_to(text),
    )
