"""The ICMP message behind a failed connection, where the kernel hands it over.

Error numbers alone don't report a firewall's "administratively prohibited" from a missing host:
Linux makes EHOSTUNREACH of both. Its error queue (``IP_RECVERR``, ip(7) and ipv6(7)) keeps type,
code and sender. Other systems have nothing like it.
"""

from __future__ import annotations

import socket
import struct
import sys
from dataclasses import dataclass
from enum import Enum

_IP_RECVERR = 11
_IPV6_RECVERR = 25
_ORIGIN_ICMP = 2
_ORIGIN_ICMPV6 = 3
_SOCK_EXTENDED_ERR = struct.Struct("=IBBBBII")
_DESTINATION_UNREACHABLE = 3
_DESTINATION_UNREACHABLE_V6 = 1


class IcmpKind(Enum):
    """What a "destination unreachable" message means."""

    PROHIBITED = "prohibited"
    PORT = "port"
    HOST_OR_NETWORK = "host or network"  # untranslated: a code


# https://www.iana.org/assignments/icmp-parameters, type 3; https://www.iana.org/assignments/
# icmpv6-parameters, type 1. What is not listed is about the host or the network.
_KINDS = {3: IcmpKind.PORT, **dict.fromkeys((9, 10, 13), IcmpKind.PROHIBITED)}
_KINDS_V6 = {4: IcmpKind.PORT, **dict.fromkeys((1, 5, 6), IcmpKind.PROHIBITED)}


@dataclass(frozen=True, slots=True)
class IcmpError:
    """An ICMP message about our packet: its meaning, its sender, what the kernel made of it."""

    kind: IcmpKind
    sender: str
    code: int
    """The error number (``ee_errno``), which the call that fails of it reports as well."""


def ask_for_icmp_errors(connection: socket.socket) -> None:
    """Have the kernel keep ICMP errors for ``take_icmp_error``. Does nothing outside Linux."""
    if sys.platform != "linux":
        return
    if connection.family == socket.AF_INET:
        connection.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    else:
        connection.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)


def take_icmp_error(connection: socket.socket) -> IcmpError | None:
    """Return the ICMP error that a non-blocking socket met, None if none is known."""
    if sys.platform != "linux":
        return None
    try:
        _, ancillary, _, _ = connection.recvmsg(0, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return None
    for level, kind, data in ancillary:
        if (level, kind) in {
            (socket.IPPROTO_IP, _IP_RECVERR),
            (socket.IPPROTO_IPV6, _IPV6_RECVERR),
        }:
            return _icmp_error(data)
    return None


def _icmp_error(data: bytes) -> IcmpError | None:
    if len(data) < _SOCK_EXTENDED_ERR.size:
        return None
    error, origin, icmp_type, icmp_code, _, _, _ = _SOCK_EXTENDED_ERR.unpack_from(data)
    if origin not in {_ORIGIN_ICMP, _ORIGIN_ICMPV6}:
        return None
    # A packet whose hops ran out met neither host nor network as well.
    kind = IcmpKind.HOST_OR_NETWORK
    if (origin, icmp_type) == (_ORIGIN_ICMP, _DESTINATION_UNREACHABLE):
        kind = _KINDS.get(icmp_code, kind)
    elif (origin, icmp_type) == (_ORIGIN_ICMPV6, _DESTINATION_UNREACHABLE_V6):
        kind = _KINDS_V6.get(icmp_code, kind)
    return IcmpError(kind, _sender(data[_SOCK_EXTENDED_ERR.size :]), error)


def _sender(sockaddr: bytes) -> str:
    """Read ``SO_EE_OFFENDER``: a sockaddr_in or sockaddr_in6 behind the fixed part."""
    family = int.from_bytes(sockaddr[:2], sys.byteorder)
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, sockaddr[4:8])
    if family == socket.AF_INET6:
        return socket.inet_ntop(socket.AF_INET6, sockaddr[8:24])
    return ""
