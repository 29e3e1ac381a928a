"""Packets that a rule sends on to another address or port. Pure."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from portview.firewall.linux.machine import LOOPBACK
from portview.firewall.linux.packet import Packet, Side
from portview.firewall.linux.values import ranges_of
from portview.i18n import N_, _

if TYPE_CHECKING:
    from portview.firewall.linux.intervals import Intervals
    from portview.firewall.linux.machine import Machine

_SOMEWHERE = N_("where it sends packets on to")
_LOOPBACK_NET = 127 << 24, (128 << 24) - 1
_LINK_LOCAL = ((0xFE80 << 112, (0xFEC0 << 112) - 1),)
_LOOPBACKS = {4: (127 << 24) + 1, 6: 1}


def readdressed(  # noqa: PLR0911 - an end for each kind of target
    verdict: str, body: Any, packet: Packet, hook: str, machine: Machine
) -> list[Packet] | str | None:
    """Return packets after "dnat" or "redirect": those that it changes, and those that it does not.

    Only a change makes a conversation one that was sent on (ct status dnat). None where the rule
    is about the other IP version alone; a text where it depends on something that nobody can say.
    """
    body = body if isinstance(body, dict) else {}
    is_v4 = packet.version == 4  # noqa: PLR2004 - IP version
    if body.get("family") == ("ip6" if is_v4 else "ip"):
        return None
    address, port = body.get("addr"), body.get("port")
    if isinstance(address, dict) and len(address.get("concat") or ()) > 1:
        address, port = address["concat"][:2]
    ports = packet.dport if port is None else ranges_of(port, Side.PORT, packet.version)
    if ports is None or (port is not None and not _is_single(ports)):
        return _(_SOMEWHERE)
    if verdict == "redirect" and len(scopes := _by_scope(packet)) > 1:
        parts = [readdressed(verdict, body, one, hook, machine) for one in scopes]
        if all(isinstance(part, list) for part in parts):
            return [one for part in parts if isinstance(part, list) for one in part]
        return _(_SOMEWHERE)
    if verdict == "redirect":
        number = _redirected_to(packet, hook, machine)
    elif address is None:
        return _parted(packet, packet.daddr, ports)
    else:
        addresses = ranges_of(address, Side.DESTINATION, packet.version)
        number = addresses[0][0] if addresses and _is_single(addresses) else None
    if number is None:
        return _(_SOMEWHERE)
    is_loopback = is_v4 and _LOOPBACK_NET[0] <= number <= _LOOPBACK_NET[1]
    if is_loopback and packet.inward not in {LOOPBACK, ""}:
        return _("whether the kernel lets packets from outside reach loopback (route_localnet)")
    return [
        _bound_for(one, number, machine) if one.called else one
        for one in _parted(packet, ((number, number),), ports)
    ]


def _is_single(ranges: Intervals) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _by_scope(packet: Packet) -> list[Packet]:
    """Return packets to link-local addresses of IPv6 apart from the rest."""
    if packet.version == 4:  # noqa: PLR2004 - IP version
        return [packet]
    return [one for one in packet.divided(Side.DESTINATION, _LINK_LOCAL) if one]


def _redirected_to(packet: Packet, hook: str, machine: Machine) -> int | None:
    """Return this machine's address to which "redirect" sends (nf_nat_redirect.c)."""
    if hook == "output":
        return _LOOPBACKS[packet.version]
    found = next((one for one in machine.interfaces if one.name == packet.inward), None)
    if found is None:
        return None
    own = found.own(packet.version)
    if packet.version == 6:  # noqa: PLR2004 - IP version
        # The first of the same scope as the one that was called.
        is_link_local = ip_address(packet.daddr[0][0].to_bytes(16)).is_link_local
        own = [one for one in own if ip_address(one.to_bytes(16)).is_link_local is is_link_local]
    return own[0] if own else None


def _parted(packet: Packet, daddr: Intervals, dport: Intervals) -> list[Packet]:
    """Return packets with a new target, those apart that were sent to it in the first place."""
    same, others = packet.divided(Side.DESTINATION, daddr)
    if dport != packet.dport:
        same, others = None, packet
    found = [same] if same else []
    if others:
        called = (others.daddr, others.dport)
        changed = replace(others, daddr=daddr, dport=dport, called=called)
        found.append(changed)
    return found


def _bound_for(packet: Packet, number: int, machine: Machine) -> Packet:
    is_v4 = packet.version == 4  # noqa: PLR2004 - IP version
    text = str(ip_address(number.to_bytes(4 if is_v4 else 16)))
    is_managed = number in machine.own_addresses(packet.version) or ip_address(text).is_loopback
    way = LOOPBACK if packet.is_local_source else ""
    return replace(
        packet,
        is_local_target=is_managed,
        outward=way if is_managed else machine.way_to(text),
    )
