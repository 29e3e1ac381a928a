"""What a server says first, unasked."""

from __future__ import annotations

import selectors
import time
from typing import TYPE_CHECKING

from portview.probes.waiting import wait_for_socket

if TYPE_CHECKING:
    import socket

    from portview.domain.cancellation import CancelToken

GREETING_BYTES = 512
_MAX_TEXT = 200


def read_greeting(connection: socket.socket, wait_ms: float, cancel: CancelToken) -> str:
    """Wait for the first words on a non-blocking socket; empty if the server waits for ours.

    Raises OSError where the connection breaks, Cancelled at once on ``cancel``.
    """
    deadline = time.monotonic() + wait_ms / 1000
    received = b""
    while b"\n" not in received and len(received) < GREETING_BYTES:
        left = deadline - time.monotonic()
        if left <= 0 or not wait_for_socket(connection, selectors.EVENT_READ, left, cancel):
            break
        chunk = connection.recv(GREETING_BYTES)
        if not chunk:
            break
        received += chunk
    return printable(received)


def printable(received: bytes) -> str:
    """Turn what came over the network into one short line of harmless text."""
    text = received.decode("utf-8", "replace")
    line = next((one.strip() for one in text.splitlines() if one.strip()), "")
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in line)[
        :_MAX_TEXT
    ]
