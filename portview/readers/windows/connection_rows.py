"""How a connection is named to Windows when something is asked or changed about it. Pure.

MIB_TCPROW and MIB_TCP6ROW (tcpmib.h): addresses as bytes, ports in network byte order in the low
half of a DWORD, the zone as the interface's index.
"""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Family, Protocol

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import Endpoint, SocketKey

MIB_TCP_STATE_ESTAB = 5

_ROW4 = struct.Struct("<I4sH2x4sH2x")
_ROW6 = struct.Struct("<I16sIH2x16sIH2x")


def connection_row(key: SocketKey, state: int = MIB_TCP_STATE_ESTAB) -> bytes | None:
    """Return the row for a TCP connection; None for a socket that is none."""
    if key.protocol is not Protocol.TCP or key.remote is None:
        return None
    (here, zone, port), (there, far_zone, far_port) = _parts(key.local), _parts(key.remote)
    if key.family is Family.IPV4:
        return _ROW4.pack(state, here, port, there, far_port)
    return _ROW6.pack(state, here, zone, port, there, far_zone, far_port)


def _parts(endpoint: Endpoint) -> tuple[bytes, int, int]:
    bare, _, zone = endpoint.address.partition("%")
    swapped_port = (endpoint.port & 0xFF) << 8 | endpoint.port >> 8
    return ip_address(bare).packed, int(zone or 0), swapped_port
