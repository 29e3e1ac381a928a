"""Ask a UDP port: an answer means open, an ICMP message closed, silence may be either."""

from __future__ import annotations

import secrets
import socket
import time
from typing import TYPE_CHECKING

from portview.domain.cancellation import CancelToken
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import endpoint_text
from portview.domain.user_input.parsing import format_duration
from portview.domain.verdicts import Verdict
from portview.i18n import _
from portview.probes.addresses import endpoint_of
from portview.probes.attempts import Attempt, attempt_of_error
from portview.probes.connecting import is_self_connected
from portview.probes.deadline import Deadline
from portview.probes.greeting import printable
from portview.probes.icmp_error import IcmpKind, ask_for_icmp_errors, take_icmp_error
from portview.probes.os_errors import error_codes
from portview.probes.tcp import ProbeReport, probe_addresses
from portview.probes.udp_payloads import Payload, payload_for_port
from portview.probes.waiting import wait_for_sockets

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.user_input.targets import Target
    from portview.domain.verdicts import Progress
    from portview.probes.addresses import Address
    from portview.probes.icmp_error import IcmpError

DEFAULT_UDP_TIMEOUT_MS = 3000
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

    ``timeout_ms`` bounds everything, and each try has an equal part of it; any thread. The socket
    is connected, so that only answers of the very address and port count; the last of several
    tries goes out from another one, which hears answers from elsewhere. Raises Cancelled at once
    on ``cancel``.
    """
    cancel = cancel or CancelToken()
    asked = payload or payload_for_port(target.port)

    def attempt(address: Address, _number: int, deadline: Deadline) -> Attempt:
        return _udp_attempt(address, asked, deadline, retries, cancel)

    return probe_addresses(
        target,
        attempt,
        tries=1,
        deadline=Deadline.after(timeout_ms),
        cancel=cancel,
        report=report,
    )


def _udp_attempt(
    address: Address, payload: Payload, deadline: Deadline, retries: int, cancel: CancelToken
) -> Attempt:
    started = time.perf_counter()
    try:
        with _connected(address) as connection, _unconnected(address) as elsewhere:
            return _Asking(address, connection, elsewhere, payload, cancel).ask(deadline, retries)
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


def _unconnected(address: Address) -> socket.socket:
    """Return a socket that hears answers from whatever address they come."""
    listener = socket.socket(address.socket_family, socket.SOCK_DGRAM)
    listener.settimeout(0)
    ask_for_icmp_errors(listener)
    return listener


class _Asking:
    """One address, asked again and again until it answers or time is over."""

    def __init__(
        self,
        address: Address,
        connection: socket.socket,
        elsewhere: socket.socket,
        payload: Payload,
        cancel: CancelToken,
    ) -> None:
        self._address, self._payload, self._cancel = address, payload, cancel
        self._connection, self._elsewhere = connection, elsewhere
        self._sent = payload.build(secrets.token_bytes(_TOKEN_BYTES))

    def ask(self, deadline: Deadline, retries: int) -> Attempt:
        begun = time.perf_counter()
        for number in range(retries + 1):
            from_anywhere = number == retries > 0
            share = deadline.share(retries + 1 - number)
            found = self._once(share, from_anywhere=from_anywhere)
            if found is not None:
                return found
        elapsed_ms = _ms_since(begun)
        return Attempt(
            Verdict.OPEN_OR_FILTERED,
            elapsed_ms,
            _(
                "Silence for {duration} after {retries} {payload_name} "
                "datagrams: a server that does not know this question, or a "
                "firewall that drops."
            ).format(
                duration=format_duration(elapsed_ms),
                retries=retries + 1,
                payload_name=self._payload.name,
            ),
            _("Use the payload of the service that you expect there."),
        )

    def _once(self, deadline: Deadline, *, from_anywhere: bool) -> Attempt | None:
        """Send one datagram and wait for what comes of it; None for silence."""
        connection, started = self._connection, time.perf_counter()
        try:
            if from_anywhere:
                self._elsewhere.sendto(self._sent, self._address.sockaddr)
            else:
                connection.send(self._sent)
            while not deadline.is_over:
                ready = wait_for_sockets(
                    (connection, self._elsewhere), deadline.left_s, self._cancel
                )
                if connection in ready and (answer := self._answer(started)):
                    return answer
                if self._elsewhere in ready and (stray := self._answer_from_elsewhere(started)):
                    return stray
            # Wine keeps the ICMP error here, without waking the selector as Windows does.
            if code := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return _attempt_of_udp_error(take_icmp_error(connection), code, _ms_since(started))
        except OSError as error:
            icmp = take_icmp_error(connection) or take_icmp_error(self._elsewhere)
            return _attempt_of_udp_error(icmp, error.errno or 0, _ms_since(started))
        return None

    def _answer(self, started: float) -> Attempt | None:
        connection = self._connection
        try:
            answer = connection.recv(_MAX_DATAGRAM)
        except BlockingIOError:
            # The kernel wakes for an ICMP message before it sets the error, see connect_outcome.
            if icmp := take_icmp_error(connection):
                return _attempt_of_udp_error(icmp, icmp.code, _ms_since(started))
            return None  # a datagram with a wrong checksum wakes the selector and is then dropped
        words = self._payload.explain(answer, self._sent) or _unknown_answer(answer)
        local = endpoint_of(connection.getsockname())
        detail = _("Answered to {endpoint_text}: {words}.").format(
            endpoint_text=endpoint_text(local), words=words
        )
        return Attempt(Verdict.OPEN, _ms_since(started), detail, local=local)

    def _answer_from_elsewhere(self, started: float) -> Attempt | None:
        """Take an answer that came from another address or port than was asked.

        Anybody can send a datagram to an open socket: only one that answers the question, or
        comes from the port that was asked, is taken for the server's.
        """
        try:
            answer, sender = self._elsewhere.recvfrom(_MAX_DATAGRAM)
        except BlockingIOError:
            icmp = take_icmp_error(self._elsewhere)
            return _attempt_of_udp_error(icmp, icmp.code, _ms_since(started)) if icmp else None
        heard, asked = endpoint_of(sender), self._address.endpoint
        local = endpoint_of(self._elsewhere.getsockname())
        words = self._payload.explain(answer, self._sent)
        if heard.port == local.port or (not words and heard.port != asked.port):
            return None
        if heard == asked:
            detail = _("Answered to {endpoint_text}: {value}.").format(
                endpoint_text=endpoint_text(local), value=words or _unknown_answer(answer)
            )
            return Attempt(Verdict.OPEN, _ms_since(started), detail, local=local)
        detail = _(
            "An answer came, but from {sender} and not from {asked}: {words}. A client that checks "
            "the sender, as connected sockets do, never sees it."
        ).format(
            sender=endpoint_text(heard),
            asked=endpoint_text(asked),
            words=words or _unknown_answer(answer),
        )
        return Attempt(
            Verdict.FAILED,
            _ms_since(started),
            detail,
            _("Have the server bind the very address that clients ask, or ask {address}.").format(
                address=heard.address
            ),
        )


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


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
        _("The host reports that nothing uses this port (ICMP port unreachable)."),
        _("Start the server, or check the port number."),
    )
