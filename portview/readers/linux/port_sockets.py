"""What the kernel says of the sockets at one port beyond the table: queues, options, who called.

One NETLINK_SOCK_DIAG dump for each family, filtered in the kernel by the local port, so that it
costs the same on a machine with many sockets. Any user is reported all of it (sock_diag(7)).
"""

from __future__ import annotations

import socket
import struct
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.domain.sockets.socket_row import Family, Protocol, State
from portview.readers.linux.sock_diag import SockDiag
from portview.readers.linux.sock_diag_messages import (
    SOCK_DIAG_BY_FAMILY,
    decode,
    messages,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.sockets.socket_row import Endpoint

_HEADER = struct.Struct("=IHHII")
_REQUEST_AND_DUMP = 0x301
_AF = {Family.IPV4: 2, Family.IPV6: 10}
_IPPROTO = {Protocol.TCP: 6, Protocol.UDP: 17}
_ALL_STATES = 0x3FFE
_WANT_TCP_INFO = 1 << 1
_ATTRIBUTE = struct.Struct("=HH")
_INET_DIAG_REQ_BYTECODE = 1
_INET_DIAG_BC_S_EQ = 11
"""Compares the local port; since Linux 5.3. Older kernels refuse it with EINVAL."""
_INET_DIAG_INFO, _INET_DIAG_SKV6ONLY = 2, 11
_QUEUES_AT, _ATTRIBUTES_AT = 16 + 56, 16 + 72
_ACKED_AND_RECEIVED_AT, _SENT_AND_RESENT_AT = 120, 200
"""Offsets into struct tcp_info of linux/tcp.h."""


class Opener(StrEnum):
    """Which end of a connection called the other."""

    THIS_END = "this_end"
    OTHER_END = "other_end"


@dataclass(frozen=True, slots=True)
class KernelSocket:
    """One socket at a port, as the kernel lists it.

    ``inode`` is 0 where no file stands for it (TIME_WAIT, not accepted yet). For a listener
    ``receive_queue`` counts connections that wait to be accepted and ``send_queue`` is how many may
    wait; for others they are bytes. ``is_v6_only`` is None where the kernel does not say.
    ``opened_by`` is None where it can't be determined.
    """

    protocol: Protocol
    family: Family
    state: State | None
    local: Endpoint
    remote: Endpoint | None
    uid: int
    inode: int
    receive_queue: int = 0
    send_queue: int = 0
    is_v6_only: bool | None = None
    opened_by: Opener | None = None


def read_port_sockets(port: int, protocol: Protocol) -> tuple[KernelSocket, ...]:
    """Return every socket with this local port in this network namespace. Any thread.

    Raises PortViewError where the kernel does not answer.
    """
    with closing(SockDiag()) as diag:
        found: list[KernelSocket] = []
        for family in Family:
            try:
                found += _dump(diag, protocol, family, port)
            except PortViewError:
                if family is Family.IPV4 or not socket.has_ipv6:
                    raise
                diag.reopen()  # a kernel without IPv6
        return tuple(found)


def lists_bound_sockets() -> bool:
    """Return whether this kernel lists TCP sockets that are bound and do not listen (Linux 6.8).

    Tried with a socket of its own. Raises PortViewError and OSError.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        with closing(SockDiag()) as diag:
            return any(
                one.state is State.BOUND for one in _dump(diag, Protocol.TCP, Family.IPV4, port)
            )


def _dump(diag: SockDiag, protocol: Protocol, family: Family, port: int) -> Iterator[KernelSocket]:
    def request(sequence: int) -> bytes:
        ask = struct.pack(
            "=BBBBI48x", _AF[family], _IPPROTO[protocol], _WANT_TCP_INFO, 0, _ALL_STATES
        )
        # One operation that continues where the port is equal, rejects otherwise; its operand.
        code = struct.pack("=BBHBBH", _INET_DIAG_BC_S_EQ, 8, 12, 0, 0, port)
        payload = ask + _ATTRIBUTE.pack(4 + len(code), _INET_DIAG_REQ_BYTECODE) + code
        size = _HEADER.size + len(payload)
        return _HEADER.pack(size, SOCK_DIAG_BY_FAMILY, _REQUEST_AND_DUMP, sequence, 0) + payload

    for piece, length in diag.ask(request):
        for identity, message in messages(piece, length):
            if identity is None:
                return
            listed = decode(identity, protocol)
            if listed is None or listed.local.port != port:
                continue
            attributes = dict(_attributes(message))
            receive, send = struct.unpack_from("=II", message, _QUEUES_AT)
            only = attributes.get(_INET_DIAG_SKV6ONLY)
            yield KernelSocket(
                protocol,
                listed.family,
                listed.state,
                listed.local,
                listed.remote,
                listed.uid,
                listed.inode,
                receive,
                send,
                bool(only[0]) if only else None,
                _opener(listed.state, send, attributes.get(_INET_DIAG_INFO, b"")),
            )


def _attributes(message: memoryview) -> Iterator[tuple[int, bytes]]:
    offset = _ATTRIBUTES_AT
    while offset + _ATTRIBUTE.size <= len(message):
        size, kind = _ATTRIBUTE.unpack_from(message, offset)
        if size < _ATTRIBUTE.size or offset + size > len(message):
            return
        yield kind, bytes(message[offset + _ATTRIBUTE.size : offset + size])
        offset += (size + 3) & -4


def _opener(state: State | None, unacknowledged: int, info: bytes) -> Opener | None:
    """Return who called, from what was acknowledged: a SYN of one's own counts as one byte.

    ``tcpi_bytes_acked`` follows the sequence numbers, ``tcpi_bytes_sent`` (Linux 4.19) the data.
    Reported only where everything that was sent is acknowledged.
    """
    if len(info) < _SENT_AND_RESENT_AT + 16 or unacknowledged:
        return None
    fin = {State.ESTABLISHED: 0, State.CLOSE_WAIT: 0, State.FIN_WAIT_2: 1}
    if state not in fin:
        return None
    (acked,) = struct.unpack_from("=Q", info, _ACKED_AND_RECEIVED_AT)
    sent, resent = struct.unpack_from("=QQ", info, _SENT_AND_RESENT_AT)
    extra = acked - (sent - resent) - fin[state]
    return {0: Opener.OTHER_END, 1: Opener.THIS_END}.get(extra)
