"""The kernel's end of a netlink dialogue: replies that no kernel gives when it is asked to."""

from __future__ import annotations

import struct
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SOCK_DIAG_BY_FAMILY, _DONE, _ERROR = 20, 3, 2
_MULTI = 2
INTERRUPTED = 0x10
ESTABLISHED, TIME_WAIT, LISTEN = 1, 6, 10


def message(kind: int, payload: bytes, *, flags: int = _MULTI, sequence: int = 1) -> bytes:
    size = 16 + len(payload)
    return struct.pack("=IHHII", size, kind, flags, sequence, 0) + payload + b"\0" * (-size % 4)


def socket_message(
    local: tuple[str, int] = ("127.0.0.1", 80),
    remote: tuple[str, int] = ("0.0.0.0", 0),  # noqa: S104 - no peer
    *,
    state: int = LISTEN,
    uid: int = 0,
    inode: int = 1,
    timer: int = 0,
    queues: tuple[int, int] = (0, 0),
    interface: int = 0,
    cookie: int = 7,
    flags: int = _MULTI,
    attributes: bytes = b"",
) -> bytes:
    is_ipv6 = ":" in local[0]
    af, linux_af = (AF_INET6, 10) if is_ipv6 else (AF_INET, 2)
    unset = "::" if is_ipv6 else remote[0]
    source, peer = (inet_pton(af, end) for end in (local[0], remote[0] if remote[1] else unset))
    return message(
        _SOCK_DIAG_BY_FAMILY,
        struct.pack("=BBBB", linux_af, state, timer, 0)
        + struct.pack(">HH16s16s", local[1], remote[1], source, peer)
        + struct.pack("=IQIIIII", interface, cookie, timer * 100, *queues, uid, inode)
        + attributes,
        flags=flags,
    )


def done(error_number: int = 0) -> bytes:
    return message(_DONE, struct.pack("=i", -error_number))


def refusal(error_number: int) -> bytes:
    return message(_ERROR, struct.pack("=i", -error_number) + bytes(16))


class FakeSockDiag:
    """Answers each question with the next of its replies; an exception in one is raised."""

    def __init__(self, *replies: Sequence[bytes | Exception]) -> None:
        self._replies = list(replies)
        self.reopened = 0
        self.asked: list[bytes] = []
        self.is_closed = False

    def ask(self, request: Callable[[int], bytes]) -> Iterator[tuple[bytearray, int]]:
        self.asked.append(request(1))
        for piece in self._replies.pop(0):
            if isinstance(piece, Exception):
                raise piece
            yield bytearray(piece), len(piece)

    def reopen(self) -> None:
        self.reopened += 1

    def close(self) -> None:
        self.is_closed = True
