"""Connect once to one address, cancellable, and report exactly how it went."""

from __future__ import annotations

import errno
import selectors
import socket
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import endpoint_text, is_loopback
from portview.domain.verdicts import Verdict
from portview.i18n import _
from portview.probes.addresses import endpoint_of
from portview.probes.attempts import Attempt, attempt_of_error, hung_up, silence
from portview.probes.icmp_error import ask_for_icmp_errors, take_icmp_error
from portview.probes.initial_rto import switch_off_syn_retries
from portview.probes.os_errors import CONNECT_IN_PROGRESS
from portview.probes.waiting import wait_for_socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.cancellation import CancelToken
    from portview.probes.addresses import Address
    from portview.probes.icmp_error import IcmpError

_SELF_CONNECT_TRIES = 5


def is_self_connected(connection: socket.socket) -> bool:
    """Return whether a socket is connected to itself.

    On this machine's own addresses the kernel may pick the target port as source port; the SYN
    then meets its own socket and the connection opens although nobody listens (RFC 9293, 3.5,
    simultaneous connection initiation).
    """
    try:
        return bool(connection.getsockname() == connection.getpeername())
    except OSError:
        return False


def connect_outcome(connection: socket.socket) -> tuple[int, IcmpError | None]:
    """Return what became of a connection whose non-blocking socket is ready.

    Returns its error number, 0 where it is connected, and the ICMP message behind the error where
    the kernel keeps one. ``SO_ERROR`` alone would not do on Linux: an ICMP message is queued, and
    the socket woken by it, *before* its error is set (``tcp_v4_err`` and ``tcp_v6_err``), so that
    a missing host looks like a connection for a moment. Only a connection has a peer.
    """
    code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code or sys.platform != "linux" or _has_peer(connection):
        return code, take_icmp_error(connection) if code else None
    icmp = take_icmp_error(connection)
    if icmp:
        return icmp.code, icmp
    # Connected and at once reset, after SO_ERROR was asked.
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or errno.ECONNRESET, None


def _has_peer(connection: socket.socket) -> bool:
    try:
        connection.getpeername()
    except OSError:
        return False
    return True


def close_at_once(connection: socket.socket) -> None:
    """Close with a reset, so that no TIME_WAIT is left behind."""
    # struct linger has two ints, on Windows two unsigned shorts.
    width = 2 if sys.platform == "win32" else 4
    on, no_time = (1).to_bytes(width, sys.byteorder), bytes(width)
    with suppress(OSError):  # already reset by the peer
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on + no_time)
    connection.close()


def how_it_hangs_up(
    connection: socket.socket, wait_ms: float, cancel: CancelToken
) -> Attempt | None:
    """Watch a new connection for a moment: how the other side ended it, None if it did not.

    A relay accepts before it knows whether anybody is behind it. Raises Cancelled at once.
    """
    started = time.perf_counter()
    if not wait_for_socket(connection, selectors.EVENT_READ, wait_ms / 1000, cancel):
        return None
    try:
        is_ended = not connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return None
    except OSError:
        return hung_up((time.perf_counter() - started) * 1000, was_reset=True)
    if not is_ended:
        return None
    return hung_up((time.perf_counter() - started) * 1000, was_reset=False)


def connect(
    address: Address, timeout_ms: float, cancel: CancelToken
) -> tuple[Attempt, socket.socket | None]:
    """Connect to an address; where the verdict is OPEN, its non-blocking socket comes as well.

    The caller closes it. Raises Cancelled at once on ``cancel``.
    """
    for _unused in range(_SELF_CONNECT_TRIES):
        attempt, connection = _connect_once(address, timeout_ms, cancel)
        if connection is None or not is_self_connected(connection):
            return attempt, connection
        close_at_once(connection)
    detail = _("Nothing listens: each connection only reached itself.")
    return Attempt(Verdict.CLOSED, attempt.elapsed_ms, detail), None


def _connect_once(
    address: Address, timeout_ms: float, cancel: CancelToken
) -> tuple[Attempt, socket.socket | None]:
    cancel.raise_if_cancelled()
    started = time.perf_counter()

    def elapsed_ms() -> float:
        return (time.perf_counter() - started) * 1000

    try:
        connection = socket.socket(address.socket_family, socket.SOCK_STREAM)
    except OSError as error:
        return attempt_of_error(error.errno or 0, elapsed_ms()), None
    try:
        attempt = _attempt(connection, address, timeout_ms, cancel, elapsed_ms)
    except OSError as error:
        attempt = attempt_of_error(error.errno or 0, elapsed_ms())
    except BaseException:
        connection.close()
        raise
    if attempt.verdict is Verdict.OPEN:
        return attempt, connection
    connection.close()
    return attempt, None


def _attempt(
    connection: socket.socket,
    address: Address,
    timeout_ms: float,
    cancel: CancelToken,
    elapsed_ms: Callable[[], float],
) -> Attempt:
    connection.settimeout(0)
    ask_for_icmp_errors(connection)
    if is_loopback(address.endpoint.address):
        switch_off_syn_retries(connection)
    code = connection.connect_ex(address.sockaddr)
    icmp = None
    if code in CONNECT_IN_PROGRESS:
        if wait_for_socket(connection, selectors.EVENT_WRITE, timeout_ms / 1000, cancel):
            code, icmp = connect_outcome(connection)
        else:
            code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not code:
                return silence(elapsed_ms())
    if code:
        return attempt_of_error(code, elapsed_ms(), icmp or take_icmp_error(connection))
    time_ms = elapsed_ms()
    local = endpoint_of(connection.getsockname())
    detail = _("Connected from {endpoint_text}.").format(endpoint_text=endpoint_text(local))
    return Attempt(Verdict.OPEN, time_ms, detail, local=local)
