"""Cut a TCP connection of Linux: SOCK_DESTROY over netlink (Linux 4.5, sock_diag(7))."""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING

from portview.actions.connections.errors import (
    connection_denied,
    connection_failed,
    connection_gone,
    connection_unsupported,
)
from portview.domain.sockets.socket_row import Family, Protocol
from portview.i18n import _
from portview.readers.linux.sock_diag import SockDiag
from portview.readers.linux.sock_diag_messages import (
    RefusedError,
    decode,
    dump_request,
    messages,
)

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import SocketRow

SOCK_DESTROY = 21
"""linux/sock_diag.h"""
_NLM_F_REQUEST_AND_ACK = 0x5
_IPPROTO_TCP = 6
_AF = {Family.IPV4: 2, Family.IPV6: 10}
_EVERY_STATE = 0xFFFFFFFF
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBBI48s")


def destroy_linux_connection(row: SocketRow) -> None:
    """Have the kernel reset a connection, named by its cookie, which no other socket ever gets.

    Raises PortViewError: needs CAP_NET_ADMIN and a kernel with CONFIG_INET_DIAG_DESTROY.
    """
    diag = SockDiag()
    try:
        sockid = _find(diag, row)
        if sockid is None:
            raise connection_gone(row)
        _destroy(diag, row, sockid)
    finally:
        diag.close()


def _find(diag: SockDiag, row: SocketRow) -> bytes | None:
    """Return the inet_diag_sockid of the very socket that the row shows, with its cookie."""
    family = row.key.family
    found = None
    for piece, length in diag.ask(lambda number: dump_request(Protocol.TCP, family, number)):
        is_last = False
        for identity, _unused in messages(piece, length):
            if identity is None:
                is_last = True
                break
            socket = decode(identity, Protocol.TCP)
            if socket is None or (socket.local, socket.remote) != (row.local, row.remote):
                continue
            if socket.inode == row.key.token or not row.key.token:
                found = identity[2]
        if is_last:
            break
    return found


def _destroy(diag: SockDiag, row: SocketRow, sockid: bytes) -> None:
    try:
        for piece, length in diag.ask(
            lambda number: destroy_request(row.key.family, sockid, number)
        ):
            if any(identity is None for identity, _unused in messages(piece, length)):
                return
    except RefusedError as error:
        match error.error_number:
            case errno.EPERM | errno.EACCES:
                raise connection_denied(row) from error
            case errno.EOPNOTSUPP | errno.EINVAL:
                raise connection_unsupported(
                    _("This kernel can't close connections (CONFIG_INET_DIAG_DESTROY is off).")
                ) from error
            case errno.ENOENT:
                raise connection_gone(row) from error
        raise connection_failed(row, error.message) from error


def destroy_request(family: Family, sockid: bytes, sequence: int) -> bytes:
    """Make the message that asks for one socket to be destroyed."""
    payload = _REQUEST.pack(_AF[family], _IPPROTO_TCP, 0, 0, _EVERY_STATE, sockid)
    size = _HEADER.size + len(payload)
    return _HEADER.pack(size, SOCK_DESTROY, _NLM_F_REQUEST_AND_ACK, sequence, 0) + payload
