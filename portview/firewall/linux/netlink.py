"""Asks the kernel for the generation of its rules, which costs a thousandth of reading them."""

from __future__ import annotations

import errno
import socket
import struct

# linux/netlink.h, linux/netfilter/nfnetlink.h and nf_tables.h
_NETLINK_NETFILTER = 12
_NLM_F_REQUEST = 1
_NLMSG_ERROR = 2
_NFT_MSG_GETGEN = (10 << 8) | 16
_NFTA_GEN_ID = 1
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_FAMILY_HEADER = 4
_TIMEOUT_S = 2.0


def read_generation() -> int | None:
    """Return the number that changes with every change of nftables; None where it is not told.

    The kernel tells root only (CAP_NET_ADMIN in the network namespace of the calling thread).
    """
    try:
        return _ask()
    except OSError:
        return None


def _ask() -> int | None:
    body = struct.pack("=BBH", 0, 0, 0)
    message = _HEADER.pack(_HEADER.size + len(body), _NFT_MSG_GETGEN, _NLM_F_REQUEST, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as kernel:
        kernel.settimeout(_TIMEOUT_S)
        kernel.bind((0, 0))
        kernel.send(message)
        answer = kernel.recv(4096)
    _, kind, _, _, _ = _HEADER.unpack_from(answer)
    if kind == _NLMSG_ERROR:
        number = -struct.unpack_from("=i", answer, _HEADER.size)[0]
        raise OSError(number, errno.errorcode.get(number, "unknown error"))
    place = _HEADER.size + _FAMILY_HEADER
    while place + _ATTRIBUTE.size <= len(answer):
        length, kind = _ATTRIBUTE.unpack_from(answer, place)
        if kind == _NFTA_GEN_ID:
            return int.from_bytes(answer[place + 4 : place + 8], "big")
        place += max((length + 3) & ~3, _ATTRIBUTE.size)
    return None
