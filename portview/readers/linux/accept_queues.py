"""The accept queues of TCP listeners, from NETLINK_SOCK_DIAG: Linux."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Family, Protocol
from portview.readers.linux.sock_diag import SockDiag
from portview.readers.linux.sock_diag_messages import decode, dump_request, messages, queues_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_listener_queues(port: int) -> dict[str, tuple[int, int]]:
    """Return waiting clients and their limit of the listeners on a port, by local address.

    Where several sockets listen on one address, the fullest counts. Raises PortViewError.
    """
    found: dict[str, tuple[int, int]] = {}
    diag = SockDiag()
    try:
        for family in Family:
            for address, queue in _listeners(diag, family, port):
                found[address] = max(queue, found.get(address, queue))
    finally:
        diag.close()
    return found


def _listeners(diag: SockDiag, family: Family, port: int) -> Iterator[tuple[str, tuple[int, int]]]:
    request = partial(dump_request, Protocol.TCP, family, only_listening=True)
    for piece, length in diag.ask(request):
        for identity, message in messages(piece, length):
            if identity is None:
                return
            listener = decode(identity, Protocol.TCP)
            if listener is not None and listener.local.port == port:
                yield listener.local.address, queues_of(message)
