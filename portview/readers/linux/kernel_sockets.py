"""Sockets that the Linux kernel opens for itself, by what it says about its own servers.

A socket without a holder is called the kernel's only where one of these names its port:

- tunnel interfaces (VXLAN, Geneve, bare UDP): RTM_GETLINK of rtnetlink(7);
- WireGuard interfaces: WG_CMD_GET_DEVICE of linux/wireguard.h, for administrators;
- the NFS server: /proc/fs/nfsd/portlist (nfsd(7));
- RPC programs of the kernel, such as NFS' lock manager: rpcbind(8);
- iSCSI and NVMe targets: their folders in configfs.
"""

from __future__ import annotations

import logging
import struct
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from portview.domain.sockets.socket_row import Protocol
from portview.i18n import N_, _
from portview.readers.linux.netlink_messages import (
    NETLINK_GENERIC,
    NETLINK_ROUTE,
    attributes,
    dump,
    encode_attribute,
)
from portview.readers.linux.rpc_services import kernel_rpc_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

Use: TypeAlias = "tuple[Protocol, int, str]"
"""A protocol, a port and what uses it, in English with machine text."""

# linux/rtnetlink.h and linux/if_link.h
_RTM_GETLINK, _RTM_NEWLINK = 18, 16
_INTERFACE_HEADER_BYTES = 16
_IFLA_IFNAME, _IFLA_LINKINFO = 3, 18
_IFLA_INFO_KIND, _IFLA_INFO_DATA = 1, 2
_PORT_ATTRIBUTES = {
    b"vxlan": (N_("VXLAN interface"), 15),
    b"geneve": (N_("Geneve interface"), 5),
    b"bareudp": (N_("bare UDP tunnel interface"), 1),
}
_WIREGUARD = b"wireguard"
# linux/genetlink.h and linux/wireguard.h
_GENL_ID_CTRL, _CTRL_CMD_GETFAMILY = 16, 3
_CTRL_ATTR_FAMILY_ID, _CTRL_ATTR_FAMILY_NAME = 1, 2
_WG_CMD_GET_DEVICE = 0
_WGDEVICE_A_IFNAME, _WGDEVICE_A_LISTEN_PORT = 2, 6
_GENL_HEADER_BYTES = 4

_NFSD_PORTS = "/proc/fs/nfsd/portlist"
_CONFIGFS = "/sys/kernel/config"
_ISCSI_PORTALS = "target/iscsi/*/tpgt_*/np/*"
_NVME_PORTS = "nvmet/ports/*/addr_trsvcid"
_MOST_FOLDERS = 1024


class KernelSockets:
    """Names the servers inside the kernel by protocol and port. One thread at a time.

    Everything is read again with the first question after ``forget``.
    """

    def __init__(self, nfsd_ports: str = _NFSD_PORTS, configfs: str = _CONFIGFS) -> None:
        """Read nothing yet."""
        self._nfsd_ports = Path(nfsd_ports)
        self._configfs = Path(configfs)
        self._uses: dict[tuple[Protocol, int], str] | None = None

    def forget(self) -> None:
        """Ask the kernel again with the next question."""
        self._uses = None

    def use_of(self, protocol: Protocol, port: int) -> str:
        """Return what of the kernel uses a port, empty where nothing is known to."""
        if self._uses is None:
            self._uses = {(used, number): use for used, number, use in self._read()}
        return self._uses.get((protocol, port), "")

    def _read(self) -> Iterator[Use]:
        sources: tuple[Callable[[], Iterator[Use]], ...] = (
            tunnel_ports,
            self._nfs_server,
            self._storage_targets,
            kernel_rpc_ports,
        )
        for source in sources:
            try:
                yield from source()
            except (OSError, ValueError, struct.error) as error:
                logger.debug("kernel sockets: %s could not be read: %r", source, error)

    def _nfs_server(self) -> Iterator[Use]:
        for line in self._nfsd_ports.read_text("ascii", "replace").splitlines():
            protocol, _unused, port = line.partition(" ")
            if protocol in set(Protocol) and port.strip().isdecimal():
                yield Protocol(protocol), int(port), _("NFS server (nfsd)")

    def _storage_targets(self) -> Iterator[Use]:
        for number, portal in enumerate(self._configfs.glob(_ISCSI_PORTALS)):
            port = portal.name.rpartition(":")[2]
            if number < _MOST_FOLDERS and port.isdecimal():
                yield (
                    Protocol.TCP,
                    int(port),
                    _("iSCSI target {parents_name}").format(parents_name=portal.parents[2].name),
                )
        for number, service in enumerate(self._configfs.glob(_NVME_PORTS)):
            port = service.read_text("ascii", "replace").strip()
            if number < _MOST_FOLDERS and port.isdecimal():
                yield Protocol.TCP, int(port), _("NVMe over TCP target")


def tunnel_ports() -> Iterator[Use]:
    """Yield the ports of this network namespace's tunnel interfaces. Raises OSError."""
    request = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
    for kind, body in dump(NETLINK_ROUTE, _RTM_GETLINK, request):
        if kind == _RTM_NEWLINK:
            yield from ports_of_link(body)


def ports_of_link(body: bytes) -> Iterator[Use]:
    """Yield the port of the interface in an RTM_NEWLINK message; most have none."""
    of_link = attributes(body[_INTERFACE_HEADER_BYTES:])
    name = of_link.get(_IFLA_IFNAME, b"").rstrip(b"\0").decode("utf-8", "replace")
    info = attributes(of_link.get(_IFLA_LINKINFO, b""))
    kind = info.get(_IFLA_INFO_KIND, b"").rstrip(b"\0")
    if kind in _PORT_ATTRIBUTES:
        words, attribute = _PORT_ATTRIBUTES[kind]
        words = _(words)
        port = attributes(info.get(_IFLA_INFO_DATA, b"")).get(attribute, b"")
        if port:
            yield Protocol.UDP, int.from_bytes(port, "big"), f"{words} {name}"
    elif kind == _WIREGUARD:
        port_number = _wireguard_port(name)
        if port_number:
            yield Protocol.UDP, port_number, _("WireGuard interface {name}").format(name=name)


def _wireguard_port(interface: str) -> int | None:
    family = struct.pack("=BBH", _CTRL_CMD_GETFAMILY, 1, 0)
    family += encode_attribute(_CTRL_ATTR_FAMILY_NAME, _WIREGUARD + b"\0")
    try:
        number = None
        for _unused, body in dump(NETLINK_GENERIC, _GENL_ID_CTRL, family, is_dump=False):
            found = attributes(body[_GENL_HEADER_BYTES:]).get(_CTRL_ATTR_FAMILY_ID)
            number = int.from_bytes(found, "little") if found else number
        if number is None:
            return None
        request = struct.pack("=BBH", _WG_CMD_GET_DEVICE, 1, 0)
        request += encode_attribute(_WGDEVICE_A_IFNAME, interface.encode() + b"\0")
        for _unused, body in dump(NETLINK_GENERIC, number, request):
            port = port_of_wireguard(body)
            if port:
                return port
    except OSError as error:
        logger.debug("WireGuard %s could not be asked: %r", interface, error)
    return None


def port_of_wireguard(body: bytes) -> int | None:
    """Return the port in an answer to WG_CMD_GET_DEVICE."""
    port = attributes(body[_GENL_HEADER_BYTES:]).get(_WGDEVICE_A_LISTEN_PORT)
    return struct.unpack("=H", port[:2])[0] if port else None
