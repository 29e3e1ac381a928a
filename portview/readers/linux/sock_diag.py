"""The dialogue with the kernel over NETLINK_SOCK_DIAG: one request, all pieces of its answer."""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.i18n import _
from portview.readers.linux.sock_diag_messages import MalformedReplyError, sequence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_AF_NETLINK = 16
_NETLINK_SOCK_DIAG = 4
_PIECE_BYTES = 256 * 1024
"""Eight times what the kernel puts into one piece of a dump (32 KiB, netlink_dump())."""
_RECEIVE_BUFFER_BYTES = 1024 * 1024
_TIMEOUT_S = 2


class SockDiag:
    """One open NETLINK_SOCK_DIAG socket. It belongs to one thread at a time."""

    def __init__(self) -> None:
        """Open the socket. Raises PortViewError where the system has none, as some containers."""
        self._piece = bytearray(_PIECE_BYTES)
        self._sequence = 0
        self._socket = _open()

    def ask(self, request: Callable[[int], bytes]) -> Iterator[tuple[bytearray, int]]:
        """Send a request and yield the pieces of the answer, each with its length.

        ``request`` makes the bytes for a sequence number. A piece is valid until the next one is
        asked for. The caller stops at the piece that says that it is the last; where it stops
        earlier or an error is raised, it calls ``reopen`` before it asks again.
        Raises PortViewError, also where the kernel stays silent.
        """
        self._sequence = self._sequence % 0xFFFFFFFF + 1
        sequence = self._sequence
        try:
            self._socket.send(request(sequence))
            while True:
                length = self._socket.recv_into(self._piece, 0, socket.MSG_TRUNC)
                if length > len(self._piece):
                    raise MalformedReplyError(
                        _("a piece of {length} bytes was cut off").format(length=length)
                    )
                if sequence_of(self._piece, length) != sequence:
                    raise MalformedReplyError(_("it answers another question"))
                yield self._piece, length
        except OSError as error:
            raise PortViewError(
                "netlink_failed",
                _("The kernel could not be asked for its sockets: {value}.").format(
                    value=error.strerror or error
                ),
                _("Read through psutil instead: --reader psutil."),
            ) from error

    def reopen(self) -> None:
        """Forget what is still under way, by starting over with a new socket."""
        self._socket.close()
        self._socket = _open()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _open() -> socket.socket:
    if sys.platform != "linux":
        raise PortViewError("netlink_unavailable", _("Only Linux answers through netlink."))
    try:
        opened = socket.socket(
            _AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG
        )
    except OSError as error:
        raise PortViewError(
            "netlink_unavailable",
            _(
                "This system does not let PortView ask the kernel for its sockets: {strerror}."
            ).format(strerror=error.strerror),
            _("Read through psutil instead: --reader psutil."),
        ) from error
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        # A socket with Python's own timeout would cost one more system call for each piece.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", _TIMEOUT_S, 0))
        # A connected netlink socket takes nothing from anyone but the kernel, which is port 0.
        opened.connect((0, 0))
    except OSError as error:
        opened.close()
        raise PortViewError(
            "netlink_unavailable",
            _("The kernel could not be reached through netlink: {strerror}.").format(
                strerror=error.strerror
            ),
            _("Read through psutil instead: --reader psutil."),
        ) from error
    return opened
