"""RPC services inside the kernel, by what rpcbind knows of their ports (RFC 1833, RFC 5531).

NFS' lock manager and its callback take any port, which only rpcbind(8) can name. A program of the
kernel that is registered proves nothing by itself, because a user's program may be one (Ganesha);
it is asked only about a socket for which no process was found.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

RPCBIND = "/run/rpcbind.sock"
_RPCBIND_PROGRAM, _RPCBIND_VERSION, _DUMP = 100_000, 4, 4
# untranslated: names of programs
_KERNEL_PROGRAMS = {
    100_003: "NFS server (nfsd)",
    100_021: "NFS lock manager (lockd)",
    100_227: "NFS access control lists (nfsd)",
}
"""Numbers that IANA assigned, of programs that Linux has in the kernel."""
_CALL, _REPLY, _ACCEPTED = 0, 1, 0
_TRANSACTION = 0x50565731
_LAST_FRAGMENT = 0x80000000
_MOST_BYTES = 1 << 20
_MOST_ENTRIES = 4096
_TIMEOUT_S = 0.5
_NETWORKS = re.compile(r"(tcp|udp)6?")
_ADDRESS = re.compile(r".*\.(\d{1,3})\.(\d{1,3})")


def kernel_rpc_ports(path: str = RPCBIND) -> Iterator[tuple[Protocol, int, str]]:
    """Yield protocol, port and service of the kernel's RPC programs. Raises OSError, ValueError.

    Blocks for half a second at most.
    """
    call = struct.pack(
        ">10I", _TRANSACTION, _CALL, 2, _RPCBIND_PROGRAM, _RPCBIND_VERSION, _DUMP, 0, 0, 0, 0
    )
    deadline = time.monotonic() + _TIMEOUT_S
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as rpcbind:
        rpcbind.settimeout(_TIMEOUT_S)
        rpcbind.connect(path)
        rpcbind.sendall(struct.pack(">I", _LAST_FRAGMENT | len(call)) + call)
        reply = b""
        is_last = False
        while not is_last:
            (mark,) = struct.unpack(">I", _receive(rpcbind, 4, deadline))
            is_last, length = bool(mark & _LAST_FRAGMENT), mark & (_LAST_FRAGMENT - 1)
            if length + len(reply) > _MOST_BYTES:
                raise ValueError("rpcbind sends too much")
            reply += _receive(rpcbind, length, deadline)
    yield from read_registrations(reply)


def read_registrations(reply: bytes) -> Iterator[tuple[Protocol, int, str]]:
    """Yield the kernel's programs in an answer to RPCBPROC_DUMP. Raises ValueError."""
    try:
        transaction, kind, state, _, verifier = struct.unpack_from(">5I", reply)
        (accepted,) = struct.unpack_from(">I", reply, 20 + verifier)
        if (transaction, kind, state, accepted) != (_TRANSACTION, _REPLY, _ACCEPTED, 0):
            raise ValueError("rpcbind refused")
        place = 24 + verifier
        for _ in range(_MOST_ENTRIES):
            (follows,) = struct.unpack_from(">I", reply, place)
            if not follows:
                return
            program, _version = struct.unpack_from(">2I", reply, place + 4)
            network, place = _string(reply, place + 12)
            address, place = _string(reply, place)
            _owner, place = _string(reply, place)
            over, at = _NETWORKS.fullmatch(network), _ADDRESS.fullmatch(address)
            if over and at and program in _KERNEL_PROGRAMS:
                port = int(at[1]) * 256 + int(at[2])
                yield Protocol(over[1]), port, _KERNEL_PROGRAMS[program]
    except struct.error as error:
        raise ValueError("rpcbind's answer is cut off") from error


def _string(reply: bytes, place: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">I", reply, place)
    end = place + 4 + length
    if end > len(reply):
        raise ValueError("rpcbind's answer is cut off")
    return reply[place + 4 : end].decode("ascii", "replace"), end + -length % 4


def _receive(rpcbind: socket.socket, length: int, deadline: float) -> bytes:
    received = b""
    while len(received) < length:
        rpcbind.settimeout(max(0.001, deadline - time.monotonic()))
        piece = rpcbind.recv(length - len(received))
        if not piece:
            raise ValueError("rpcbind hung up")
        received += piece
    return received
