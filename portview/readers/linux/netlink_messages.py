"""A question to the kernel over netlink(7), and the messages of its answer."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NETLINK_ROUTE = 0
NETLINK_GENERIC = 16
_AF_NETLINK = 16
_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_TYPE_MASK = 0x3FFF
_PIECE_BYTES = 1 << 17
_MOST_PIECES = 4096
_TIMEOUT_S = 1.0


def dump(
    protocol: int, kind: int, body: bytes, *, is_dump: bool = True
) -> Iterator[tuple[int, bytes]]:
    """Ask the kernel and yield the type and the body of each message. Raises OSError.

    Without ``is_dump`` one message is the whole answer. Blocks for at most a second per piece.
    """
    flags = _NLM_F_REQUEST | (_NLM_F_DUMP if is_dump else 0)
    with socket.socket(_AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol) as kernel:
        kernel.settimeout(_TIMEOUT_S)
        # A connected netlink socket takes nothing from anyone but the kernel, which is port 0.
        kernel.connect((0, 0))
        kernel.send(_HEADER.pack(_HEADER.size + len(body), kind, flags, 1, 0) + body)
        for _ in range(_MOST_PIECES):
            for answered, message in messages(kernel.recv(_PIECE_BYTES)):
                if answered == _NLMSG_DONE:
                    return
                if answered == _NLMSG_ERROR:
                    number = -struct.unpack_from("=i", message)[0] if len(message) >= 4 else 0  # noqa: PLR2004 - an int
                    raise OSError(number, os.strerror(number))
                yield answered, message
                if not is_dump:
                    return


def messages(piece: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the body of each message; what is cut off ends the piece."""
    place = 0
    while place + _HEADER.size <= len(piece):
        length, kind, _, _, _ = _HEADER.unpack_from(piece, place)
        if length < _HEADER.size or place + length > len(piece):
            return
        yield kind, piece[place + _HEADER.size : place + length]
        place += (length + 3) & ~3


def attributes(data: bytes) -> dict[int, bytes]:
    """Return the attributes by their types; what is cut off ends the list."""
    found: dict[int, bytes] = {}
    place = 0
    while place + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, place)
        if length < _ATTRIBUTE.size or place + length > len(data):
            break
        found[kind & _TYPE_MASK] = data[place + _ATTRIBUTE.size : place + length]
        place += (length + 3) & ~3
    return found


def encode_attribute(kind: int, value: bytes) -> bytes:
    """Return an attribute, padded to four bytes."""
    packed = _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value
    return packed + bytes(-len(packed) % 4)
