"""Waits that end at once when the work is called off."""

from __future__ import annotations

import selectors
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from portview.domain.cancellation import CancelToken


def pause(seconds: float, cancel: CancelToken) -> None:
    """Let time pass. Raises Cancelled as soon as the work is called off."""
    cancel.wait(max(0.0, seconds))
    cancel.raise_if_cancelled()


@contextmanager
def wakeup_socket(cancel: CancelToken) -> Iterator[socket.socket]:
    """Give a socket that becomes readable on cancel, to be put into a selector."""
    receiver, sender = socket.socketpair()

    def wake() -> None:
        sender.send(b"!")

    with receiver, sender, cancel.waking(wake):
        yield receiver


def wait_for_socket(
    connection: socket.socket, events: int, seconds: float, cancel: CancelToken
) -> bool:
    """Wait until a socket is ready for selector ``events``; False if time ran out first.

    Raises Cancelled as soon as the work is called off.
    """
    with wakeup_socket(cancel) as woken, selectors.DefaultSelector() as selector:
        selector.register(woken, selectors.EVENT_READ)
        selector.register(connection, events)
        ready = selector.select(max(0.0, seconds))
    cancel.raise_if_cancelled()
    return bool(ready)


def wait_for_sockets(
    connections: Collection[socket.socket], seconds: float, cancel: CancelToken
) -> list[socket.socket]:
    """Wait until one of several sockets can be read from, and return those that can.

    Returns none if time ran out first. Raises Cancelled as soon as the work is called off.
    """
    with wakeup_socket(cancel) as woken, selectors.DefaultSelector() as selector:
        for connection in (woken, *connections):
            selector.register(connection, selectors.EVENT_READ)
        ready = [key.fileobj for key, _events in selector.select(max(0.0, seconds))]
    cancel.raise_if_cancelled()
    return [connection for connection in connections if connection in ready]
