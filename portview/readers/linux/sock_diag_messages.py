"""The bytes of NETLINK_SOCK_DIAG: requests to write, replies to take apart. No I/O.

Layouts are those of linux/netlink.h and linux/inet_diag.h; sock_diag(7) describes them. What
comes in is trusted in nothing: every length is checked before it is used.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from enum import Flag, auto
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, TypeVar

from portview.domain.errors import PortViewError
from portview.domain.sockets.socket_row import Endpoint, Family, State, canonical_address
from portview.domain.sockets.socket_row import Protocol as Transport
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_IPPROTO = {Transport.TCP: 6, Transport.UDP: 17}

_AF_INET = 2
_AF_INET6 = 10
"""Linux's numbers, not this system's: the bytes can be read anywhere."""
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_TCPDIAG_GETSOCK = 18
SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_NLM_F_DUMP = 0x300
_NLM_F_DUMP_INTR = 0x10
_ALIGNMENT = 4
_ALL_STATES = 0x3FFE
"""ESTABLISHED (bit 1) to BOUND_INACTIVE (bit 13, since Linux 6.8; ignored before)."""
_LISTENING = 1 << 10
_QUEUES, _QUEUES_AT = struct.Struct("=II"), 72
"""``idiag_rqueue`` and ``idiag_wqueue``, behind nlmsghdr, sockid and expiry."""

_INET_DIAG_INFO = 2
_INET_DIAG_SKV6ONLY = 11
_NO_COOKIE = b"\xff" * 8
_HEADER = struct.Struct("=IHHII")
_IDENTITY = struct.Struct("=Q8xH2x48s12xQ")
"""nlmsghdr and inet_diag_msg in one, without what varies while a socket stays the same:
sequence number, timer, retransmits, expiry and queues."""

_SOCKID = struct.Struct(">HH16s16s4s8x")
_SHORT, _FAMILY_AND_STATE = struct.Struct("=H"), struct.Struct("=BB")
_NO_DEVICE, _UNSPECIFIED = bytes(4), bytes(16)
_FAMILIES = {_AF_INET: Family.IPV4, _AF_INET6: Family.IPV6}
_LONG, _UID_AND_INODE = struct.Struct("=Q"), struct.Struct("=II")
_ATTRIBUTE = struct.Struct("=HH")
_RTT_AT, _ACKED_AND_RECEIVED_AT, _SENT_AND_RESENT_AT = 68, 120, 200
"""Offsets into struct tcp_info of linux/tcp.h, which only ever grows at its end."""

Identity: TypeAlias = "tuple[int, int, bytes, int]"
"""Length, type and flags · family and state · inet_diag_sockid · uid and inode."""

_STATES = {
    1: State.ESTABLISHED,
    2: State.SYN_SENT,
    3: State.SYN_RECEIVED,
    4: State.FIN_WAIT_1,
    5: State.FIN_WAIT_2,
    6: State.TIME_WAIT,
    # A closed socket is in no table of the kernel unless it is bound: it lists those since 6.8.
    7: State.BOUND,
    8: State.CLOSE_WAIT,
    9: State.LAST_ACK,
    10: State.LISTEN,
    11: State.CLOSING,
    12: State.SYN_RECEIVED,
    13: State.BOUND,
}


class MalformedReplyError(PortViewError):
    """The kernel's reply is not what its headers promise."""

    def __init__(self, detail: str) -> None:
        """Report what is wrong with the reply."""
        super().__init__(
            "malformed_netlink_reply",
            _("The kernel's list of sockets can't be understood: {detail}.").format(detail=detail),
            _("Read through psutil instead: --reader psutil."),
        )


class RefusedError(PortViewError):
    """The kernel answered a request with an error number; 0 where it gave none."""

    def __init__(self, error_number: int, reason: str) -> None:
        """Store the positive errno and its text."""
        super().__init__(
            "netlink_refused",
            _("The kernel refused to list its sockets: {reason}.").format(reason=reason),
            _("Read through psutil instead: --reader psutil."),
        )
        self.error_number = error_number


class ReplyState(Flag):
    """What one piece of a reply reported about the whole."""

    MORE = 0
    DONE = auto()
    INTERRUPTED = auto()


class DiagSocket(NamedTuple):
    """One socket as the kernel lists it. ``inode`` is 0 where no file stands for the socket.

    ``is_v6_only`` is None where the kernel does not say it: it does of IPv6 sockets that listen,
    are bound, or are of UDP and without a peer.
    """

    family: Family
    state: State | None
    local: Endpoint
    remote: Endpoint | None
    uid: int
    inode: int
    is_v6_only: bool | None = None


class HasStride(Protocol):
    """What is remembered about a message must know how far the next one is."""

    stride: int


T = TypeVar("T", bound=HasStride)


def dump_tcp_request(sequence: int) -> bytes:
    """Ask for all TCP sockets, IPv4 and IPv6, in one walk over the kernel's table.

    Only this older request serves both families at once; a request for each walks twice.
    """
    payload = struct.pack("=BBBB48xII", 0, 0, 0, 0, _ALL_STATES, 0)
    return _request(_TCPDIAG_GETSOCK, _NLM_F_DUMP, sequence, payload)


def dump_request(
    protocol: Transport,
    family: Family,
    sequence: int,
    *,
    info: bool = False,
    only_listening: bool = False,
) -> bytes:
    """Ask for all sockets of one protocol and family, with ``tcp_info`` where wanted."""
    extensions = 1 << (_INET_DIAG_INFO - 1) if info else 0
    states = _LISTENING if only_listening else _ALL_STATES
    payload = struct.pack("=BBBBI48x", _af(family), _IPPROTO[protocol], extensions, 0, states)
    return _request(SOCK_DIAG_BY_FAMILY, _NLM_F_DUMP, sequence, payload)


def info_request(family: Family, sockid: bytes, sequence: int) -> bytes:
    """Ask for one TCP socket and its ``tcp_info``; ``sockid`` is as ``pack_sockid`` gives it."""
    payload = struct.pack(
        "=BBBBI", _af(family), _IPPROTO[Transport.TCP], 1 << (_INET_DIAG_INFO - 1), 0, _ALL_STATES
    )
    return _request(SOCK_DIAG_BY_FAMILY, 0, sequence, payload + sockid)


def pack_sockid(local: tuple[bytes, int], remote: tuple[bytes, int], interface: int) -> bytes:
    """Make an ``inet_diag_sockid`` of packed addresses and ports, with any cookie."""
    return struct.pack(
        ">HH16s16s4s8s",
        local[1],
        remote[1],
        local[0],
        remote[0],
        struct.pack("=I", interface),
        _NO_COOKIE,
    )


def _request(kind: int, flags: int, sequence: int, payload: bytes) -> bytes:
    size = _HEADER.size + len(payload)
    return _HEADER.pack(size, kind, _NLM_F_REQUEST | flags, sequence, 0) + payload


def _af(family: Family) -> int:
    return _AF_INET if family is Family.IPV4 else _AF_INET6


def scan(
    piece: bytes | bytearray,
    length: int,
    known: Mapping[Identity, T],
    learn: Callable[[Identity, int, bytes], T | None],
    found: list[T],
) -> ReplyState:
    """Look up every message of one received piece, and learn the unknown ones.

    This is the inner loop of PortView: it costs some 0.3 microseconds for a known message.
    ``learn`` gets the identity, the stride to the next message and the whole message, and may
    return None to leave it out. Raises MalformedReplyError, and RefusedError where the kernel says
    so.
    """
    unpack, get, add = _IDENTITY.unpack_from, known.get, found.append
    state = ReplyState.MORE
    offset, last = 0, length - _IDENTITY.size
    while offset <= last:
        identity = unpack(piece, offset)
        known_one = get(identity)
        if known_one is not None:
            add(known_one)
            offset += known_one.stride
            continue
        kind, stride = _check_header(piece, offset, length)
        if kind is ReplyState.DONE:
            return state | kind
        if stride < _IDENTITY.size:
            raise MalformedReplyError(_("a socket takes only {stride} bytes").format(stride=stride))
        if kind is ReplyState.INTERRUPTED:
            state |= kind
            # Remembered with its flag, the next interruption would pass unnoticed.
            identity = (_uninterrupted(identity[0]), *identity[1:])
        learned = get(identity) or learn(identity, stride, bytes(piece[offset : offset + stride]))
        if learned is not None:
            add(learned)
        offset += stride
    if offset >= length + _ALIGNMENT:
        raise MalformedReplyError(_("the last message is cut off"))
    if offset < length:
        # What is too short for a socket can only be the end or a refusal.
        kind, _unused = _check_header(piece, offset, length)
        if kind is not ReplyState.DONE:
            raise MalformedReplyError(
                _("a message of {length} bytes is cut off").format(length=length - offset)
            )
        return state | kind
    return state


def _uninterrupted(header: int) -> int:
    size, kind, flags = struct.unpack("=IHH", struct.pack("=Q", header))
    cleared = struct.pack("=IHH", size, kind, flags & ~_NLM_F_DUMP_INTR)
    return int.from_bytes(cleared, sys.byteorder)


def messages(piece: bytes | bytearray, length: int) -> Iterator[tuple[Identity | None, memoryview]]:
    """Take a received piece apart; None instead of an identity stands for the end of the reply.

    Raises MalformedReplyError, and RefusedError where the kernel says so.
    """
    view = memoryview(piece)[:length]
    offset = 0
    while offset < length:
        kind, stride = _check_header(piece, offset, length)
        if kind is ReplyState.DONE:
            yield None, view[offset:]
            return
        (size,) = struct.unpack_from("=I", piece, offset)
        if size < _IDENTITY.size:
            raise MalformedReplyError(_("a socket takes only {size} bytes").format(size=size))
        yield _IDENTITY.unpack_from(piece, offset), view[offset : offset + size]
        offset += stride


def _check_header(piece: bytes | bytearray, offset: int, length: int) -> tuple[ReplyState, int]:
    if length - offset < _HEADER.size:
        raise MalformedReplyError(
            _("{length} bytes are left behind the last message").format(length=length - offset)
        )
    size, kind, flags, _unused, _unused = _HEADER.unpack_from(piece, offset)
    if size < _HEADER.size or size > length - offset:
        raise MalformedReplyError(
            _("a message says that it is {size} bytes long").format(size=size)
        )
    if kind in {_NLMSG_DONE, _NLMSG_ERROR}:
        _raise_for_error(piece, offset, size)
        return ReplyState.DONE, size
    if kind not in {_TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY}:
        raise MalformedReplyError(_("a message is of the unknown type {kind}").format(kind=kind))
    is_interrupted = flags & _NLM_F_DUMP_INTR
    return ReplyState.INTERRUPTED if is_interrupted else ReplyState.MORE, (
        size + _ALIGNMENT - 1
    ) & -_ALIGNMENT


def _raise_for_error(piece: bytes | bytearray, offset: int, size: int) -> None:
    """Raise where NLMSG_ERROR or NLMSG_DONE carries an error number; 0 is none."""
    if size < _HEADER.size + 4:
        return
    (number,) = struct.unpack_from("=i", piece, offset + _HEADER.size)
    if number < 0:
        raise RefusedError(-number, _error_text(-number))


def _error_text(number: int) -> str:
    try:
        return os.strerror(number)
    except (ValueError, OverflowError):
        return _("error {number}").format(number=number)


def sequence_of(piece: bytes | bytearray, length: int) -> int:
    """Return the sequence number of the request that a received piece answers."""
    if length < _HEADER.size:
        raise MalformedReplyError(_("it ends after {length} bytes").format(length=length))
    sequence: int = _HEADER.unpack_from(piece)[3]
    return sequence


def decode(
    identity: Identity, protocol: Transport, message: bytes | memoryview = b""
) -> DiagSocket | None:
    """Return what an identity says; None for a family that is neither IPv4 nor IPv6.

    ``message`` is the whole message where its attributes are wanted as well. A link-local address
    and one of a socket that is bound to a network device have the device as zone.
    """
    _unused, family_and_state, sockid, uid_and_inode = identity
    af, state = _FAMILY_AND_STATE.unpack(_SHORT.pack(family_and_state))
    family = _FAMILIES.get(af)
    if family is None:
        return None
    source_port, peer_port, source, peer, interface = _SOCKID.unpack(sockid)
    uid, inode = _UID_AND_INODE.unpack(_LONG.pack(uid_and_inode))
    device = "" if interface == _NO_DEVICE else _device_name(interface)
    local, remote = address_text(family, source), address_text(family, peer)
    return DiagSocket(
        family,
        _STATES.get(state) if protocol is Transport.TCP else None,
        Endpoint(f"{local}%{device}" if device else local, source_port),
        Endpoint(_with_zone(remote, device) if device else remote, peer_port)
        if peer_port or peer != _UNSPECIFIED
        else None,
        uid,
        inode,
        _is_v6_only(message) if family is Family.IPV6 and message else None,
    )


@lru_cache(maxsize=65536)
def address_text(family: Family, packed: bytes) -> str:
    """Return an address of an ``inet_diag_sockid`` as text, without a zone."""
    if family is Family.IPV4:
        return ".".join(map(str, packed[:4]))
    return canonical_address(packed)


def _with_zone(address: str, device: str) -> str:
    """Add the zone to a link-local address, fe80::/10: from fe8 to feb (RFC 4291, 2.5.6)."""
    is_link_local = address[:3] in {"fe8", "fe9", "fea", "feb"}
    return f"{address}%{device}" if is_link_local else address


def _device_name(interface: bytes) -> str:
    """Return the name of a network device, its number where it has none here."""
    index = int.from_bytes(interface, sys.byteorder)
    try:
        return socket.if_indextoname(index)
    except (OSError, OverflowError):
        return str(index)


def _is_v6_only(message: bytes | memoryview) -> bool | None:
    value = _attribute(message, _INET_DIAG_SKV6ONLY)
    return bool(value[0]) if value else None


def queues_of(message: bytes | memoryview) -> tuple[int, int]:
    """Return a listener's waiting clients and how many may wait (``idiag_rqueue``, ``wqueue``)."""
    waiting, limit = _QUEUES.unpack_from(message, _QUEUES_AT)
    return waiting, limit


class TcpInfo(NamedTuple):
    """What PortView reads of ``tcp_info``: payload bytes, and microseconds."""

    received_bytes: int
    sent_bytes: int
    rtt_us: int


def tcp_info_of(message: bytes | memoryview) -> TcpInfo | None:
    """Return the INET_DIAG_INFO of one whole message, None where it has none.

    Bytes sent count each byte once: retransmissions are taken off (Linux 4.19), or else the
    acknowledged bytes are counted (Linux 4.1).
    """
    info = _attribute(message, _INET_DIAG_INFO)
    return None if info is None else _tcp_info(info)


def _attribute(message: bytes | memoryview, wanted: int) -> bytes | memoryview | None:
    """Return the value of one attribute of a message, None where it has none."""
    offset = _IDENTITY.size
    while offset + _ATTRIBUTE.size <= len(message):
        size, kind = _ATTRIBUTE.unpack_from(message, offset)
        if size < _ATTRIBUTE.size or offset + size > len(message):
            return None
        if kind == wanted:
            return message[offset + _ATTRIBUTE.size : offset + size]
        offset += (size + _ALIGNMENT - 1) & -_ALIGNMENT
    return None


def _tcp_info(info: bytes | memoryview) -> TcpInfo | None:
    if len(info) < _ACKED_AND_RECEIVED_AT + 16:
        return None
    (rtt_us,) = struct.unpack_from("=I", info, _RTT_AT)
    acked, received = struct.unpack_from("=QQ", info, _ACKED_AND_RECEIVED_AT)
    if len(info) < _SENT_AND_RESENT_AT + 16:
        return TcpInfo(received, acked, rtt_us)
    sent, resent = struct.unpack_from("=QQ", info, _SENT_AND_RESENT_AT)
    return TcpInfo(received, sent - resent, rtt_us)
