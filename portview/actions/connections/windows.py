"""Cut a TCP connection of Windows: SetTcpEntry (iphlpapi.h), which knows IPv4 only."""

from __future__ import annotations

import socket
import struct
from ctypes import c_void_p, wintypes
from typing import TYPE_CHECKING

from portview.actions.connections.errors import (
    connection_denied,
    connection_failed,
    connection_gone,
    connection_unsupported,
)
from portview.domain.sockets.socket_row import Family
from portview.i18n import _
from portview.readers.windows.dll import bind, load_library, windows_error

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import Endpoint, SocketRow

_DELETE_TCB = 12
_ERROR_ACCESS_DENIED, _ERROR_MR_MID_NOT_FOUND = 5, 317
"""Windows gives 317 where it means 5 (seen by System Informer's authors)."""
_ERROR_NOT_SUPPORTED, _ERROR_CALL_NOT_IMPLEMENTED = 50, 120
_ERROR_INVALID_PARAMETER, _ERROR_NOT_FOUND = 87, 1168


def destroy_windows_connection(row: SocketRow) -> None:
    """Have Windows drop a connection. Raises PortViewError; needs an elevated process."""
    if row.key.family is not Family.IPV4 or row.remote is None:
        raise connection_unsupported(_("Windows can close IPv4 connections only."))
    code = set_tcp_entry(row.local, row.remote)
    if code in {_ERROR_ACCESS_DENIED, _ERROR_MR_MID_NOT_FOUND}:
        raise connection_denied(row)
    if code in {_ERROR_NOT_SUPPORTED, _ERROR_CALL_NOT_IMPLEMENTED}:
        raise connection_unsupported(_("This system can't close connections."))
    if code in {_ERROR_INVALID_PARAMETER, _ERROR_NOT_FOUND}:
        raise connection_gone(row)
    if code:
        raise connection_failed(row, str(windows_error(code)))


def set_tcp_entry(local: Endpoint, remote: Endpoint) -> int:
    """Call SetTcpEntry for a connection of IPv4 and return its error code. Raises OSError."""
    set_entry = bind(load_library("iphlpapi.dll"), "SetTcpEntry", wintypes.DWORD, c_void_p)
    code: int = set_entry(delete_row(local, remote))
    return code


def delete_row(local: Endpoint, remote: Endpoint) -> bytes:
    """Make the MIB_TCPROW that asks for a connection's end: addresses and ports as on the wire."""
    return struct.pack(
        "<I4sI4sI",
        _DELETE_TCB,
        socket.inet_aton(local.address),
        socket.htons(local.port),
        socket.inet_aton(remote.address),
        socket.htons(remote.port),
    )
