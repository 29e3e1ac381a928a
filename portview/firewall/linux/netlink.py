"""Asks the kernel about its rules without nft: their generation, and whether there are any."""

from __future__ import annotations

import errno
import socket
import struct

# linux/netlink.h, linux/netfilter/nfnetlink.h and nf_tables.h
_NETLINK_NETFILTER = 12
_NLM_F_REQUEST = 0x1
_NLM_F_DUMP = 0x300
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_NFT_MSG_GETTABLE = (10 << 8) | 1
_NFT_MSG_GETGEN = (10 << 8) | 16
_NFTA_GEN_ID = 1
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_FAMILY_HEADER = 4
_TIMEOUT_S = 2.0


def read_generation() -> int | None:
    """Return the number that changes with every change of nftables; None where it is not reported.

    Costs a thousandth of reading the rules. The kernel reports root only (CAP_NET_ADMIN in the
    network namespace of the calling thread).
    """
    try:
        answer = _ask(_NFT_MSG_GETGEN, _NLM_F_REQUEST)
    except OSError:
        return None
    place = _HEADER.size + _FAMILY_HEADER
    while place + _ATTRIBUTE.size <= len(answer):
        length, kind = _ATTRIBUTE.unpack_from(answer, place)
        if kind == _NFTA_GEN_ID:
            return int.from_bytes(answer[place + 4 : place + 8], "big")
        place += max((length + 3) & ~3, _ATTRIBUTE.size)
    return None


def has_tables() -> bool | None:
    """Return whether nftables has any table; None where the kernel does not say."""
    try:
        answer = _ask(_NFT_MSG_GETTABLE, _NLM_F_REQUEST | _NLM_F_DUMP)
    except OSError:
        return None
    _, kind, _, _, _ = _HEADER.unpack_from(answer)
    return bool(kind != _NLMSG_DONE)


def _ask(question: int, flags: int) -> bytes:
    """Return the first message of the kernel's answer. Raises OSError, also for a refusal."""
    body = struct.pack("=BBH", 0, 0, 0)
    message = _HEADER.pack(_HEADER.size + len(body), question, flags, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as kernel:
        kernel.settimeout(_TIMEOUT_S)
        kernel.bind((0, 0))
        kernel.send(message)
        answer = kernel.recv(4096)
    _, kind, _, _, _ = _HEADER.unpack_from(answer)
    if kind == _NLMSG_ERROR:
        number = -struct.unpack_from("=i", answer, _HEADER.size)[0]
        raise OSError(number, errno.errorcode.get(number, "unknown error"))
    return answer
