"""Traffic counters from the kernel's ``tcp_info``: Linux."""

from __future__ import annotations

import errno
import socket
from functools import partial
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.domain.sockets.socket_row import Family, Protocol
from portview.domain.sockets.traffic import TrafficCounters
from portview.readers.linux.sock_diag import SockDiag
from portview.readers.linux.sock_diag_messages import (
    DiagSocket,
    RefusedError,
    decode,
    dump_request,
    info_request,
    messages,
    pack_sockid,
    tcp_info_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from portview.domain.sockets.socket_row import Endpoint, SocketKey

_MOST_SINGLE_QUESTIONS = 200
"""Above this, asking for all sockets at once costs less than asking for each."""


class SockDiagTraffic:
    """Reads ``tcp_info`` of TCP connections through NETLINK_SOCK_DIAG."""

    name = "sock_diag"

    def __init__(self) -> None:
        """Open the netlink socket. Raises PortViewError where there is none."""
        self._diag = SockDiag()

    @property
    def unavailable_reason(self) -> str | None:
        """Return None: every user may read these counters."""
        return None

    def read(self, keys: Collection[SocketKey]) -> Mapping[SocketKey, TrafficCounters]:
        """Return the counters of the TCP connections among ``keys``."""
        wanted = [key for key in keys if key.protocol is Protocol.TCP and key.remote]
        if len(wanted) <= _MOST_SINGLE_QUESTIONS:
            return {key: counters for key in wanted if (counters := self._read_single(key))}
        by_mark: dict[object, list[SocketKey]] = {}
        for key in wanted:
            by_mark.setdefault((key.local, key.remote, key.token), []).append(key)
        return {
            key: counters
            for family in {key.family for key in wanted}
            for reported, counters in self._ask(
                partial(dump_request, Protocol.TCP, family, info=True)
            )
            for key in by_mark.get((reported.local, reported.remote, reported.inode), ())
        }

    def close(self) -> None:
        """Close the netlink socket."""
        self._diag.close()

    def _read_single(self, key: SocketKey) -> TrafficCounters | None:
        request = _single_request(key)
        if request is None:
            return None
        try:
            for reported, counters in self._ask(request):
                if reported.inode == key.token:
                    return counters
        except RefusedError as error:
            # The socket has gone.
            if error.error_number not in {errno.ENOENT, errno.ESTALE}:
                raise
        return None

    def _ask(self, request: partial[bytes]) -> Iterable[tuple[DiagSocket, TrafficCounters]]:
        """Ask once and return every socket of the answer that has a ``tcp_info``."""
        answers: list[tuple[DiagSocket, TrafficCounters]] = []
        is_single = request.func is info_request
        try:
            for piece, length in self._diag.ask(request):
                is_last = is_single
                for identity, message in messages(piece, length):
                    if identity is None:
                        is_last = True
                        break
                    reported, info = decode(identity, Protocol.TCP), tcp_info_of(message)
                    if reported and info:
                        answers.append((reported, TrafficCounters(*info)))
                if is_last:
                    break
        except PortViewError:
            self._diag.reopen()
            raise
        return answers


def _single_request(key: SocketKey) -> partial[bytes] | None:
    remote = key.remote
    local_packed = _packed(key.local, key.family)
    remote_packed = _packed(remote, key.family) if remote else None
    if local_packed is None or remote_packed is None or remote is None:
        return None
    zone = key.local.address.partition("%")[2]
    sockid = pack_sockid(
        (local_packed, key.local.port),
        (remote_packed, remote.port),
        _device_number(zone),
    )
    return partial(info_request, key.family, sockid)


def _device_number(zone: str) -> int:
    if not zone:
        return 0
    try:
        return int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
    except OSError:
        return 0  # It has gone, and its sockets with it.


def _packed(endpoint: Endpoint, family: Family) -> bytes | None:
    af = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
    try:
        return socket.inet_pton(af, endpoint.address.partition("%")[0])
    except OSError:
        return None
