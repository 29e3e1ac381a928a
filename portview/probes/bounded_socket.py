"""A connection for libraries that block: each call ends in time, and at once on cancel."""

from __future__ import annotations

import selectors
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from portview.override import override
from portview.probes.waiting import wait_for_socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer, WriteableBuffer

    from portview.domain.cancellation import CancelToken

T = TypeVar("T")


class BoundedSocket(socket.socket):
    """Takes over a connected socket; looks like a blocking one.

    One deadline holds for everything together, where a socket's own timeout counts anew with each
    byte that drips in. Shutting the socket down from another thread, the usual way to cancel,
    does not wake a waiting call on Windows. Calls raise TimeoutError and Cancelled.
    """

    def __init__(self, connection: socket.socket, left_ms: float, cancel: CancelToken) -> None:
        """Take over a socket; it is closed with this one."""
        super().__init__(
            connection.family, connection.type, connection.proto, fileno=connection.detach()
        )
        super().settimeout(0)
        self._deadline = time.monotonic() + left_ms / 1000
        self._cancel = cancel

    @override
    def settimeout(self, value: float | None, /) -> None:
        """Keep the deadline: libraries set timeouts of their own."""

    @override
    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        """Receive as soon as something is there."""
        receive = super().recv_into
        return self._when_ready(selectors.EVENT_READ, lambda: receive(buffer, nbytes, flags))

    @override
    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive as soon as something is there."""
        receive = super().recv
        return self._when_ready(selectors.EVENT_READ, lambda: receive(bufsize, flags))

    @override
    def sendall(self, data: ReadableBuffer, flags: int = 0, /) -> None:
        """Send everything."""
        send = super().send
        unsent = memoryview(data).cast("B")
        while unsent:
            sent = self._when_ready(selectors.EVENT_WRITE, partial(send, unsent, flags))
            unsent = unsent[sent:]

    def _when_ready(self, event: int, act: Callable[[], T]) -> T:
        while True:
            self._cancel.raise_if_cancelled()
            try:
                return act()
            except BlockingIOError:
                left = self._deadline - time.monotonic()
                if left <= 0 or not wait_for_socket(self, event, left, self._cancel):
                    raise TimeoutError from None
