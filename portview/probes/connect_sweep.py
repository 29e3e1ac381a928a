"""Many connections at once to one address: the engine of a scan."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import sys
import time
from collections import Counter, deque
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.verdicts import Verdict
from portview.i18n import _
from portview.probes.attempts import RESET, attempt_of_error
from portview.probes.connecting import close_at_once, connect_outcome, is_self_connected
from portview.probes.greeting import GREETING_BYTES, printable
from portview.probes.icmp_error import ask_for_icmp_errors, take_icmp_error
from portview.probes.initial_rto import switch_off_syn_retries
from portview.probes.os_errors import CONNECT_IN_PROGRESS, error_codes
from portview.probes.waiting import pause, wakeup_socket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.domain.cancellation import CancelToken
    from portview.probes.addresses import Address
    from portview.probes.icmp_error import IcmpError

_OUT_OF_RESOURCES = error_codes("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EADDRNOTAVAIL")
_STILL_CONNECTING = error_codes("EALREADY", "EINPROGRESS")
_BATCH = 256
"""Ports between two looks at ``cancel`` on the fast path: some 3 ms."""

_GREETING_MS = 600
_SUSPECT_TRIES = 5
_RESERVED_HANDLES = 64
_MOST_IN_FLIGHT = 1000
_FD_SETSIZE = 512
"""What CPython's ``select`` takes on Windows (Modules/selectmodule.c)."""

_RATE_SLICE_S = 0.02
_STALL_WAIT_S = 0.05
_MAX_STALLS = 100


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """See ``ScanOptions``; ``is_own`` says that the address is one of this machine."""

    timeout_ms: float
    rate_per_s: float | None
    max_in_flight: int | None
    wants_banner: bool
    is_own: bool


def handle_budget() -> int:
    """Return how many connections may be in flight, by what this process may still open."""
    if sys.platform == "win32":
        # The set holds the wake-up socket as well.
        return _FD_SETSIZE - 2
    import resource  # noqa: PLC0415

    soft, _unused = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST_IN_FLIGHT
    try:
        used = len(os.listdir("/dev/fd"))  # noqa: PTH208
    except OSError:
        used = 0
    return max(1, min(_MOST_IN_FLIGHT, soft - used - _RESERVED_HANDLES))


@dataclass(slots=True)
class _Flight:
    """A connection that waits for its answer, or then for its greeting."""

    connection: socket.socket
    port: int
    started: float
    deadline: float
    latency_ms: float = -1.0


class ConnectSweep:
    """Connects to many ports of one address. One run, one thread.

    On this machine's own addresses Linux answers within ``connect`` itself: there a refused
    socket is used again for the next port, and only what stays silent goes to the selector.
    """

    def __init__(
        self,
        address: Address,
        options: SweepOptions,
        cancel: CancelToken,
        on_open: Callable[[int, float, str], None],
        on_progress: Callable[[int], None] | None = None,
    ) -> None:
        """Prepare a sweep; ``run`` starts it."""
        self._address = address
        self._options = options
        self._cancel = cancel
        self._on_open = on_open
        self._on_progress = on_progress or (lambda _unused: None)
        self._answers_at_once = options.is_own and sys.platform == "linux"
        self._limit = min(options.max_in_flight or _MOST_IN_FLIGHT, handle_budget())
        self._waiting: deque[int] = deque()
        self._connecting: dict[int, _Flight] = {}
        self._greeting: dict[int, _Flight] = {}
        self._suspects: Counter[int] = Counter()
        self._source_ports: set[int] = set()
        self._counts: Counter[Verdict] = Counter()
        self._open_count = 0
        self._started_count = 0
        self._stalls = 0
        self.filtered: list[int] = []

    def run(self, ports: Sequence[int]) -> Counter[Verdict]:
        """Ask all ports; returns how many are not open, by verdict. See ``scan`` for errors."""
        self._waiting.extend(ports)
        self._started_at = time.monotonic()
        with ExitStack() as cleanup:
            self._woken = cleanup.enter_context(wakeup_socket(self._cancel))
            self._selector = cleanup.enter_context(selectors.DefaultSelector())
            self._selector.register(self._woken, selectors.EVENT_READ)
            cleanup.callback(self._abandon)
            while self._waiting or self._connecting or self._greeting:
                self._cancel.raise_if_cancelled()
                self._launch()
                self._collect()
                self._on_progress(self._done_count())
        return self._counts

    def _done_count(self) -> int:
        return self._counts.total() + self._open_count

    def _abandon(self) -> None:
        for flight in (*self._connecting.values(), *self._greeting.values()):
            flight.connection.close()

    def _launch(self) -> None:
        room = min(self._limit - len(self._connecting) - len(self._greeting), len(self._waiting))
        if self._options.rate_per_s:
            allowed = self._options.rate_per_s * (
                time.monotonic() - self._started_at + _RATE_SLICE_S
            )
            room = min(room, int(allowed) + 1 - self._started_count)
        if room <= 0:
            return
        try:
            if self._answers_at_once:
                self._launch_answered_at_once(room if self._paced else min(room, _BATCH))
            else:
                for _unused in range(room):
                    self._launch_one()
            self._stalls = 0
        except OSError as error:
            self._stall(error)

    @property
    def _paced(self) -> bool:
        return self._options.rate_per_s is not None

    def _stall(self, error: OSError) -> None:
        """Make do with fewer connections at a time, when the machine gives no more."""
        if error.errno not in _OUT_OF_RESOURCES:
            raise PortViewError(
                "scan_failed", _("The scan failed: {error}.").format(error=error)
            ) from error
        in_flight = len(self._connecting) + len(self._greeting)
        self._limit = max(1, min(self._limit, in_flight))
        self._stalls += 1
        if self._stalls > _MAX_STALLS:
            raise PortViewError(
                "out_of_resources",
                _("This machine has no resources left for the scan: {strerror}.").format(
                    strerror=error.strerror
                ),
                _("Close programs with many connections, or scan fewer ports at a time."),
                Outcome.FAILED,
            ) from error
        if not in_flight:
            pause(_STALL_WAIT_S, self._cancel)

    def _launch_answered_at_once(self, count: int) -> None:
        connection = self._new_socket()
        try:
            for _unused in range(min(count, len(self._waiting))):
                port = self._waiting.popleft()
                sockaddr = self._address.with_port(port)
                code = connection.connect_ex(sockaddr)
                if code == errno.EINPROGRESS:
                    # The answer is already there; asking again hands it out.
                    code = connection.connect_ex(sockaddr)
                self._started_count += 1
                if code == errno.ECONNREFUSED:
                    self._counts[Verdict.CLOSED] += 1
                    continue
                used, connection = connection, self._successor(port)
                self._settle_or_wait(used, port, code)
        finally:
            connection.close()

    def _successor(self, port: int) -> socket.socket:
        """Open the next socket, or put the port back, whose own socket is then given up."""
        try:
            return self._new_socket()
        except OSError:
            self._waiting.appendleft(port)
            raise

    def _launch_one(self) -> None:
        connection = self._new_socket()
        port = self._waiting.popleft()
        if self._options.is_own:
            switch_off_syn_retries(connection)
        code = connection.connect_ex(self._address.with_port(port))
        self._started_count += 1
        self._settle_or_wait(connection, port, code)

    def _new_socket(self) -> socket.socket:
        connection = socket.socket(self._address.socket_family, socket.SOCK_STREAM)
        connection.settimeout(0)
        ask_for_icmp_errors(connection)
        return connection

    def _settle_or_wait(self, connection: socket.socket, port: int, code: int) -> None:
        now = time.monotonic()
        flight = _Flight(connection, port, now, now + self._options.timeout_ms / 1000)
        if code not in CONNECT_IN_PROGRESS | _STILL_CONNECTING:
            self._settle(flight, code, take_icmp_error(connection) if code else None)
            return
        if self._options.is_own:
            with suppress(OSError):
                self._source_ports.add(connection.getsockname()[1])
        self._connecting[connection.fileno()] = flight
        self._selector.register(connection, selectors.EVENT_WRITE)

    def _settle(self, flight: _Flight, code: int, icmp: IcmpError | None) -> None:
        if code in _OUT_OF_RESOURCES:
            flight.connection.close()
            self._waiting.append(flight.port)
            raise OSError(code, os.strerror(code))
        if code in RESET:
            # Accepted, and then reset before anybody looked.
            flight.connection.close()
            flight.latency_ms = (time.monotonic() - flight.started) * 1000
            self._report_open(flight, "")
        elif code:
            flight.connection.close()
            self._count(attempt_of_error(code, 0, icmp).verdict, flight.port)
        elif self._is_suspect(flight):
            close_at_once(flight.connection)
            self._waiting.append(flight.port)
        else:
            self._opened(flight)

    def _count(self, verdict: Verdict, port: int) -> None:
        if verdict is Verdict.ERROR:
            verdict = Verdict.UNREACHABLE
        if verdict is Verdict.UNREACHABLE and self._options.is_own:
            # This machine is there for certain: it was its firewall that said otherwise.
            verdict = Verdict.FILTERED
        if verdict is Verdict.FILTERED:
            self.filtered.append(port)
        self._counts[verdict] += 1

    def _is_suspect(self, flight: _Flight) -> bool:
        """Return whether a connection may have met a socket of this scan instead of a server.

        Two connections of one scan can meet as well, where each has the other's target as source.
        """
        if not self._options.is_own:
            return False
        if not is_self_connected(flight.connection) and flight.port not in self._source_ports:
            return False
        self._suspects[flight.port] += 1
        return self._suspects[flight.port] < _SUSPECT_TRIES or is_self_connected(flight.connection)

    def _opened(self, flight: _Flight) -> None:
        now = time.monotonic()
        flight.latency_ms = (now - flight.started) * 1000
        if not self._options.wants_banner:
            close_at_once(flight.connection)
            self._report_open(flight, "")
            return
        flight.deadline = now + _GREETING_MS / 1000
        self._greeting[flight.connection.fileno()] = flight
        self._selector.register(flight.connection, selectors.EVENT_READ)

    def _report_open(self, flight: _Flight, banner: str) -> None:
        self._open_count += 1
        self._on_open(flight.port, flight.latency_ms, banner)

    def _collect(self) -> None:
        timeout = self._time_to_wait()
        if timeout == 0 and not self._connecting and not self._greeting:
            return
        for key, _unused in self._selector.select(timeout):
            if key.fileobj is self._woken:
                self._cancel.raise_if_cancelled()
            elif flight := self._connecting.pop(key.fd, None):
                self._selector.unregister(flight.connection)
                code, icmp = connect_outcome(flight.connection)
                try:
                    self._settle(flight, code, icmp)
                except OSError as error:
                    self._stall(error)
            elif flight := self._greeting.pop(key.fd, None):
                self._greeted(flight)
        self._expire()

    def _greeted(self, flight: _Flight) -> None:
        self._selector.unregister(flight.connection)
        received = b""
        with suppress(OSError):
            received = flight.connection.recv(GREETING_BYTES)
        close_at_once(flight.connection)
        self._report_open(flight, printable(received))

    def _time_to_wait(self) -> float:
        """Return the seconds until something is due; 0 while there is room to launch more."""
        in_flight = len(self._connecting) + len(self._greeting)
        if self._waiting and in_flight < self._limit:
            return _RATE_SLICE_S if self._paced else 0
        # All connections have the same time, so the first of each kind is due first.
        firsts = [next(iter(some.values())) for some in (self._connecting, self._greeting) if some]
        if not firsts:
            return 0
        return max(0.0, min(flight.deadline for flight in firsts) - time.monotonic())

    def _expire(self) -> None:
        now = time.monotonic()
        for flights in (self._connecting, self._greeting):
            while flights:
                number, flight = next(iter(flights.items()))
                if flight.deadline > now:
                    break
                del flights[number]
                self._selector.unregister(flight.connection)
                close_at_once(flight.connection)
                if flights is self._greeting:
                    self._report_open(flight, "")
                else:
                    self._count(Verdict.FILTERED, flight.port)
