"""A connection whose every call ends: in time, on cancel, and after a number of bytes."""

from __future__ import annotations

import selectors
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from portview.i18n import _
from portview.probes.waiting import wait_for_socket

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from portview.domain.cancellation import CancelToken
    from portview.probes.deadline import Deadline

T = TypeVar("T")
_CHUNK = 65536
_FIRST_BYTES = 512
MAX_RECEIVED_BYTES = 4_000_000
"""More than any answer that a probe looks at, headers, handshake and encryption included."""


class TooMuchDataError(OSError):
    """The other side sent more than any probe reads."""


class ByteStream(Protocol):
    """What a protocol talks over: a bare connection, or TLS on top of one."""

    def send(self, data: bytes) -> None:
        """Send everything."""

    def receive(self) -> bytes:
        """Return what came next, nothing where the other side ended the stream."""


class Wire:
    """Sends and receives on a connected, non-blocking socket.

    Deadline, cancellation and the number of bytes are checked with each call, also where data is
    waiting already: a server that never stops sending would otherwise never be waited for. Calls
    raise TimeoutError, Cancelled, TooMuchDataError, and OSError where the connection breaks.
    ``first_bytes`` is the beginning of what was received.
    """

    def __init__(
        self,
        connection: socket.socket,
        deadline: Deadline,
        cancel: CancelToken,
        max_bytes: int = MAX_RECEIVED_BYTES,
    ) -> None:
        """Use a socket, which stays the caller's to close."""
        self.deadline = deadline
        self.first_bytes = b""
        self._connection = connection
        self._cancel = cancel
        self._may_receive = max_bytes

    def send(self, data: bytes) -> None:
        """Send everything."""
        unsent = memoryview(data)
        while unsent:
            send = partial(self._connection.send, unsent)
            unsent = unsent[self._when_ready(selectors.EVENT_WRITE, send) :]

    def receive(self) -> bytes:
        """Return what came next, nothing where the other side ended the stream."""
        if self._may_receive <= 0:
            raise TooMuchDataError(_("it sends too much data"))
        most = min(_CHUNK, self._may_receive)
        receive = partial(self._connection.recv, most)
        received = self._when_ready(selectors.EVENT_READ, receive)
        self._may_receive -= len(received)
        if len(self.first_bytes) < _FIRST_BYTES:
            self.first_bytes = (self.first_bytes + received)[:_FIRST_BYTES]
        return received

    def _when_ready(self, event: int, act: Callable[[], T]) -> T:
        while True:
            self._cancel.raise_if_cancelled()
            self.deadline.check()
            try:
                return act()
            except BlockingIOError:
                wait_for_socket(self._connection, event, self.deadline.left_s, self._cancel)
