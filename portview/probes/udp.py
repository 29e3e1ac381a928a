"""Ask a UDP port: an answer means open, an ICMP message closed, silence may be either."""

from __future__ import annotations

import secrets
import selectors
import socket
import time
from typing import TYPE_CHECKING

from portview.domain.cancellation import CancelToken
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import endpoint_text
from portview.domain.user_input.parsing import format_duration
from portview.domain.verdicts import Verdict
from portview.probes.addresses import endpoint_of
from portview.probes.attempts import Attempt, attempt_of_error
from portview.probes.connecting import is_self_connected
from portview.probes.greeting import printable
from portview.probes.icmp_error import IcmpKind, ask_for_icmp_errors, take_icmp_error
from portview.probes.os_errors import error_codes
from portview.probes.tcp import ProbeReport, probe_addresses
from portview.probes.udp_payloads import Payload, payload_for_port
from portview.probes.waiting import wait_for_socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.user_input.targets import Target
    from portview.domain.verdicts import Progress
    from portview.probes.addresses import Address
    from portview.probes.icmp_error import IcmpError

DEFAULT_UDP_TIMEOUT_MS = 1000
DEFAULT_RETRIES = 2
_MAX_DATAGRAM = 65535
_TOKEN_BYTES = 12

# Windows reports an ICMP port unreachable as WSAECONNRESET on the next receive.
_PORT_UNREACHABLE = error_codes("ECONNREFUSED", "ECONNRESET")


def probe_udp(
    target: Target,
    *,
    payload: Payload | None = None,
    timeout_ms: float = DEFAULT_UDP_TIMEOUT_MS,
    retries: int = DEFAULT_RETRIES,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
) -> ProbeReport:
    """Send a question that the usual service of the port answers, again after silence.

    Blocks for at most ``(retries + 1) * timeout_ms`` per address; any thread. The socket is
    connected, so that only answers of the very address and port count. Raises
    Cancelled at once on ``cancel``.
    """
    cancel = cancel or CancelToken()
    asked = payload or payload_for_port(target.port)

    def attempt(address: Address) -> Attempt:
        return _udp_attempt(address, asked, timeout_ms, retries, cancel)

    return probe_addresses(target, attempt, 1, cancel, report)


def _udp_attempt(
    address: Address, payload: Payload, timeout_ms: float, retries: int, cancel: CancelToken
) -> Attempt:
    started = time.perf_counter()
    try:
        with _connected(address) as connection:
            return _ask(connection, payload, timeout_ms, retries, cancel)
    except OSError as error:
        elapsed_ms = (time.perf_counter() - started) * 1000
        return attempt_of_error(error.errno or 0, elapsed_ms)


def _connected(address: Address) -> socket.socket:
    while True:
        connection = socket.socket(address.socket_family, socket.SOCK_DGRAM)
        try:
            connection.settimeout(0)
            ask_for_icmp_errors(connection)
            connection.connect(address.sockaddr)
        except BaseException:
            connection.close()
            raise
        # On this machine the kernel may pick the target port as ours: we would answer ourselves.
        if not is_self_connected(connection):
            return connection
        connection.close()


def _ask(
    connection: socket.socket,
    payload: Payload,
    timeout_ms: float,
    retries: int,
    cancel: CancelToken,
) -> Attempt:
    sent = payload.build(secrets.token_bytes(_TOKEN_BYTES))
    begun = time.perf_counter()
    for _ in range(retries + 1):
        started = time.perf_counter()
        try:
            connection.send(sent)
            if not wait_for_socket(connection, selectors.EVENT_READ, timeout_ms / 1000, cancel):
                # Wine keeps the ICMP error here, without waking the selector as Windows does.
                if code := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    return _attempt_of_udp_error(take_icmp_error(connection), code, timeout_ms)
                continue
            answer = connection.recv(_MAX_DATAGRAM)
        except BlockingIOError:
            # The kernel wakes for an ICMP message before it sets the error, see connect_outcome.
            if icmp := take_icmp_error(connection):
                elapsed_ms = (time.perf_counter() - started) * 1000
                return _attempt_of_udp_error(icmp, icmp.code, elapsed_ms)
            continue  # a datagram with a wrong checksum wakes the selector and is then dropped
        except OSError as error:
            elapsed_ms = (time.perf_counter() - started) * 1000
            icmp = take_icmp_error(connection)
            return _attempt_of_udp_error(icmp, error.errno or 0, elapsed_ms)
        elapsed_ms = (time.perf_counter() - started) * 1000
        words = payload.explain(answer, sent) or _unknown_answer(answer)
        local = endpoint_of(connection.getsockname())
        detail = f"Answered to {endpoint_text(local)}: {words}."
        return Attempt(Verdict.OPEN, elapsed_ms, detail, local=local)
    elapsed_ms = (time.perf_counter() - begun) * 1000
    return Attempt(
        Verdict.OPEN_OR_FILTERED,
        elapsed_ms,
        f"Silence for {format_duration(elapsed_ms)} after {retries + 1} {payload.name} "
        "datagrams: a server that does not know this question, or a firewall that drops.",
        "Ask with the payload of the service that you expect there.",
    )


def _unknown_answer(answer: bytes) -> str:
    text = printable(answer)
    said = f", {quoted(text)}" if text and text.isascii() else ""
    return f"{len(answer)} bytes{said}"


def _attempt_of_udp_error(icmp: IcmpError | None, code: int, elapsed_ms: float) -> Attempt:
    is_port = icmp.kind is IcmpKind.PORT if icmp else code in _PORT_UNREACHABLE
    if not is_port:
        return attempt_of_error(code, elapsed_ms, icmp)
    return Attempt(
        Verdict.CLOSED,
        elapsed_ms,
        "The host says that nobody is on this port (ICMP port unreachable).",
        "Start the server, or check the port number.",
    )
