"""The Unix sockets of this network namespace: their names, and who is connected with whom.

Layouts are those of linux/unix_diag.h; what comes in is checked before it is used.
"""

from __future__ import annotations

import struct
import sys
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from portview.i18n import _
from portview.readers.linux.sock_diag import SockDiag
from portview.readers.linux.sock_diag_messages import (
    SOCK_DIAG_BY_FAMILY,
    MalformedReplyError,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_AF_UNIX = 1
_ALL = 0xFFFFFFFF
_SHOW_NAME, _SHOW_PEER = 0x1, 0x4
_NAME, _PEER = 0, 2
_LISTENING = 10
"""TCP_LISTEN, which Unix sockets use as well."""
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_REQUEST_AND_DUMP = 0x301
_HEADER, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=HH")
_QUESTION = struct.Struct("=BBHIIIQ")
_SOCKET = struct.Struct("=BBBBI8x")
_ALIGNMENT = 4


class UnixSocket(NamedTuple):
    """One Unix socket. ``peer`` is the inode of the socket that it is connected with, 0 for none.

    ``name`` is its path, or begins with a zero character where it is abstract (unix(7)); a socket
    that was accepted has the name of the listening one.
    """

    inode: int
    is_listening: bool
    name: str
    peer: int


def read_unix_sockets() -> tuple[UnixSocket, ...]:
    """List all Unix sockets. Any thread. Raises PortViewError where the kernel won't report."""
    found: list[UnixSocket] = []
    with closing(SockDiag()) as diag:
        for piece, length in diag.ask(_request):
            if _read_piece(memoryview(piece)[:length], found):
                break
    return tuple(found)


def _request(sequence: int) -> bytes:
    question = _QUESTION.pack(_AF_UNIX, 0, 0, _ALL, 0, _SHOW_NAME | _SHOW_PEER, 2**64 - 1)
    size = _HEADER.size + len(question)
    return _HEADER.pack(size, SOCK_DIAG_BY_FAMILY, _REQUEST_AND_DUMP, sequence, 0) + question


def _read_piece(piece: memoryview, found: list[UnixSocket]) -> bool:
    """Read the messages of one piece; return whether it was the last piece."""
    offset = 0
    while offset + _HEADER.size <= len(piece):
        size, kind, _unused, _unused, _unused = _HEADER.unpack_from(piece, offset)
        if size < _HEADER.size or size > len(piece) - offset:
            raise MalformedReplyError(
                _("a message says that it is {size} bytes long").format(size=size)
            )
        body = piece[offset + _HEADER.size : offset + size]
        if kind == _NLMSG_DONE:
            return True
        if kind == _NLMSG_ERROR:
            (number,) = struct.unpack_from("=i", body) if len(body) >= 4 else (0,)  # noqa: PLR2004
            raise RefusedError(-number, "unix_diag")
        if len(body) < _SOCKET.size:
            raise MalformedReplyError(_("a socket takes only {size} bytes").format(size=size))
        found.append(_socket(body))
        offset += -(-size // _ALIGNMENT) * _ALIGNMENT
    return False


def _socket(body: memoryview) -> UnixSocket:
    _unused, _unused, state, _unused, inode = _SOCKET.unpack_from(body)
    attributes = dict(_attributes(body[_SOCKET.size :]))
    peer = attributes.get(_PEER, b"")
    # The kernel ends a path with a zero character, and begins an abstract name with one.
    packed = attributes.get(_NAME, b"")
    packed = packed if packed.startswith(b"\0") else packed.rstrip(b"\0")
    name = packed.decode("utf-8", "surrogateescape")
    number = int.from_bytes(peer, sys.byteorder) if len(peer) == 4 else 0  # noqa: PLR2004 - a __u32
    return UnixSocket(inode, state == _LISTENING, name, number)


def _attributes(rest: memoryview) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset + _ATTRIBUTE.size <= len(rest):
        size, kind = _ATTRIBUTE.unpack_from(rest, offset)
        if size < _ATTRIBUTE.size or size > len(rest) - offset:
            raise MalformedReplyError(
                _("an attribute says that it is {size} bytes long").format(size=size)
            )
        yield kind, bytes(rest[offset + _ATTRIBUTE.size : offset + size])
        offset += -(-size // _ALIGNMENT) * _ALIGNMENT
