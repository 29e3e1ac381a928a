"""Reads what the rules refer to: this machine's interfaces, addresses and routes."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from portview.firewall.linux.machine import LOOPBACK, Interface, Machine, Route

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROUTE_IS_UP = 0x1
_ROUTE_REJECTS = 0x200
# The thread's own, because a thread can be in another network namespace than its process.
_PROC_NET = Path("/proc/thread-self/net")
_SYS_NET = Path("/sys/class/net")


def read_machine() -> Machine:
    """Return the network of this machine as it is now; never raises."""
    interfaces = tuple(
        Interface(
            name,
            # In the kernel's order: the first is the one that "redirect" sends to.
            tuple(_with_lengths(addresses)),
            is_inner=_is_inner(name),
            is_bridge=_is_bridge(name),
            lower=_lower(name),
            link=_number(_SYS_NET / name / "type"),
            group=_number(_SYS_NET / name / "netdev_group"),
        )
        for name, addresses in sorted(psutil.net_if_addrs().items())
    )
    forwards = {
        version
        for version, name in ((4, "ipv4/ip_forward"), (6, "ipv6/conf/all/forwarding"))
        if _text(Path("/proc/sys/net", name)).strip() not in {"", "0"}
    }
    routes = parse_ipv4_routes(_text(_PROC_NET / "route"))
    routes += parse_ipv6_routes(_text(_PROC_NET / "ipv6_route"))
    return Machine(interfaces, tuple(routes), frozenset(forwards))


def parse_ipv4_routes(text: str) -> list[Route]:
    """Read /proc/net/route (proc(5))."""
    routes = []
    for line in text.splitlines()[1:]:
        try:
            name, target, _, flags, _, _, metric, mask = line.split()[:8]
            if not int(flags, 16) & _ROUTE_IS_UP or int(flags, 16) & _ROUTE_REJECTS:
                continue
            address = IPv4Address(int(target, 16).to_bytes(4, "little"))
            bits = int(mask, 16).bit_count()
            routes.append(Route(ip_network(f"{address}/{bits}"), name, int(metric)))
        except ValueError:
            continue
    return routes


def parse_ipv6_routes(text: str) -> list[Route]:
    """Read /proc/net/ipv6_route (proc(5)), without what is for this machine itself."""
    routes = []
    for line in text.splitlines():
        try:
            target, length, _, _, _, metric, _, _, flags, name = line.split()
            if name == LOOPBACK or int(flags, 16) & _ROUTE_REJECTS:
                continue
            address = IPv6Address(int(target, 16))
            if not address.is_multicast:
                network = ip_network(f"{address}/{int(length, 16)}")
                routes.append(Route(network, name, int(metric, 16)))
        except ValueError:
            continue
    return routes


def _with_lengths(addresses: Iterable[Any]) -> list[str]:
    found = []
    for one in addresses:
        if one.family not in {socket.AF_INET, socket.AF_INET6}:
            continue
        address = ip_address(one.address.partition("%")[0])
        bits = int(ip_address(one.netmask)).bit_count() if one.netmask else address.max_prefixlen
        found.append(f"{address}/{bits}")
    return found


def _is_bridge(name: str) -> bool:
    return (_SYS_NET / name / "bridge").exists()


def _is_inner(name: str) -> bool:
    """Return whether an interface is a bridge with no way out of this machine."""
    ports = _SYS_NET / name / "brif"
    try:
        members = [port.name for port in ports.iterdir()]
    except OSError:
        return False
    # A veth pair or a virtual machine's tap has no device; a network card has one, and a VLAN or
    # a bond has what it stands upon.
    return not any(_leads_out(member) for member in members)


def _lower(name: str) -> tuple[str, ...]:
    """Return the interfaces that an interface stands upon."""
    return tuple(sorted(one.name[6:] for one in (_SYS_NET / name).glob("lower_*")))


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _leads_out(name: str) -> bool:
    folder = _SYS_NET / name
    if (folder / "device").exists():
        return True
    return any(folder.glob("lower_*"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
