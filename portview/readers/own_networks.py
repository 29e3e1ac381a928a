"""Which clients can reach which address of this machine: what is behind each network interface.

"Another machine" is what comes from the network that leads outside, the one with a default route.
A bridge without a way out (docker0), the network of virtual machines and a VPN are others, and a
server that listens there alone is reached by nobody else.
"""

from __future__ import annotations

import re
import socket
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_SYS_NET = Path("/sys/class/net")
_PROC_NET = Path("/proc/net")
_ROUTE_IS_UP, _ROUTE_REJECTS = 0x1, 0x200
"""RTF_UP and RTF_REJECT of linux/route.h."""
_TUNNEL_TYPES = frozenset({512, 768, 769, 776, 778, 823, 65534})
"""ARPHRD_PPP, TUNNEL, TUNNEL6, SIT, IPGRE, IP6GRE, NONE (tun, WireGuard): linux/if_arp.h."""
_MOST_LOWER = 4

_CONTAINER_NAMES = re.compile(
    r"(docker|br-[0-9a-f]{12}|podman|cni|lxc|lxd|incus|cali|flannel|nerd)"
)
_MACHINE_NAMES = re.compile(
    r"(virbr|vmnet|vboxnet|vmbr)|.*\b(vethernet|virtualbox|vmware|hyper-v|wsl)\b",
    re.IGNORECASE,
)
_VPN_NAMES = re.compile(
    r"(tun|tap|wg|ppp|utun|ipsec|zt|tailscale|nordlynx|proton)|"
    r".*\b(vpn|wireguard|openvpn|tailscale|zerotier|wintun|anyconnect)\b",
    re.IGNORECASE,
)

_NOWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses for documentation: only the route to them is looked up, nothing is sent."""


class NetworkKind(StrEnum):
    """What is behind an interface."""

    NETWORK = "network"
    CONTAINERS = "containers"
    VIRTUAL_MACHINES = "virtual_machines"
    VPN = "vpn"


@dataclass(frozen=True, slots=True)
class OwnNetwork:
    """The network at which an address of this machine is. ``interface`` is its name."""

    interface: str
    kind: NetworkKind
    leads_outside: bool


def read_own_networks(addresses: Mapping[str, str]) -> dict[str, OwnNetwork]:
    """Return the network of each address; ``addresses`` maps them to their interfaces.

    Linux: /sys/class/net and the main routing table. Elsewhere the names of the interfaces, and
    which address the system would send from. Where there is no default route, what is no bridge,
    no network of virtual machines and no VPN counts as leading outside. Any thread.
    """
    if sys.platform == "linux":
        return networks_of(addresses, kind_on_linux, default_interfaces(_PROC_NET))
    sources = _source_addresses()
    leading = {name for address, name in addresses.items() if address in sources}
    return networks_of(addresses, kind_by_name, leading)


def networks_of(
    addresses: Mapping[str, str],
    kind_of: Callable[[str], NetworkKind],
    default_route: Iterable[str],
) -> dict[str, OwnNetwork]:
    """Join kinds and default routes. Pure but for ``kind_of``."""
    kinds = {name: kind_of(name) for name in set(addresses.values())}
    leading = set(default_route) & kinds.keys()
    if not leading:
        leading = {name for name, kind in kinds.items() if kind is NetworkKind.NETWORK}
    return {
        address: OwnNetwork(name, kinds[name], name in leading)
        for address, name in addresses.items()
    }


def kind_on_linux(name: str, folder: Path = _SYS_NET) -> NetworkKind:
    """Return what is behind an interface of Linux."""
    if (folder / name / "bridge").exists():
        if _has_a_way_out(folder / name / "brif", folder):
            return NetworkKind.NETWORK
        is_machines = _MACHINE_NAMES.match(name) is not None
        return NetworkKind.VIRTUAL_MACHINES if is_machines else NetworkKind.CONTAINERS
    if (folder / name / "tun_flags").exists() or _type_of(folder / name) in _TUNNEL_TYPES:
        return NetworkKind.VPN
    if _leads_out(folder / name, folder):
        return NetworkKind.NETWORK
    return kind_by_name(name)


def kind_by_name(name: str) -> NetworkKind:
    """Return what the name of an interface says; most programs name theirs so."""
    if _CONTAINER_NAMES.match(name):
        return NetworkKind.CONTAINERS
    if _MACHINE_NAMES.match(name):
        return NetworkKind.VIRTUAL_MACHINES
    return NetworkKind.VPN if _VPN_NAMES.match(name) else NetworkKind.NETWORK


def default_interfaces(folder: Path) -> set[str]:
    """Return the interfaces with a default route (proc_net(5): ``route`` and ``ipv6_route``)."""
    found = set()
    for line in _lines(folder / "route")[1:]:
        fields = line.split()
        try:
            name, target, flags, mask = fields[0], *(int(fields[at], 16) for at in (1, 3, 7))
        except (IndexError, ValueError):
            continue
        if not target and not mask and flags & _ROUTE_IS_UP and not flags & _ROUTE_REJECTS:
            found.add(name)
    for line in _lines(folder / "ipv6_route"):
        fields = line.split()
        try:
            target, length, flags = (int(fields[at], 16) for at in (0, 1, 8))
        except (IndexError, ValueError):
            continue
        if not target and not length and not flags & _ROUTE_REJECTS:
            found.add(fields[9])
    return found - {"lo"}


def _has_a_way_out(members: Path, folder: Path) -> bool:
    try:
        names = [member.name for member in members.iterdir()]
    except OSError:
        return False
    # A veth pair or a virtual machine's tap has no device; a network card has one.
    return any(_leads_out(folder / name, folder) for name in names)


def _leads_out(interface: Path, folder: Path, depth: int = 0) -> bool:
    """Return whether an interface is a network card, or stands upon one (VLAN, bond)."""
    if (interface / "device").exists():
        return True
    lower = (one.name.removeprefix("lower_") for one in interface.glob("lower_*"))
    return depth < _MOST_LOWER and any(
        _leads_out(folder / name, folder, depth + 1) for name in lower
    )


def _type_of(interface: Path) -> int | None:
    try:
        return int((interface / "type").read_bytes())
    except (OSError, ValueError):
        return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii", "replace").splitlines()
    except OSError:
        return []


def _source_addresses() -> set[str]:
    """Return the addresses from which the system would send to the world, one of each family."""
    found = set()
    for family, address in _NOWHERE.items():
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as asking:
                asking.connect((address, 9))
                found.add(str(asking.getsockname()[0]))
        except OSError:
            continue
    return found
