"""Scan many TCP ports of one host by connecting to them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.cancellation import CancelToken
from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import Family
from portview.domain.verdicts import Progress, Verdict
from portview.i18n import _
from portview.probes.connect_sweep import ConnectSweep, SweepOptions
from portview.probes.own_addresses import is_this_machine
from portview.probes.resolve import resolve
from portview.probes.service_names import tcp_service_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.probes.addresses import Address

_MIN_MS_BETWEEN_REPORTS = 50
DEFAULT_SCAN_TIMEOUT_MS = 1500
"""More than the 1 s after which the kernel repeats a lost SYN (RFC 6298, 2.1)."""


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How to scan.

    ``rate_per_s`` bounds new connections per second, ``max_in_flight`` those that wait for an
    answer (both None: as many as this machine allows). ``wants_banner`` reads what servers say
    first. ``service_name`` gives names to ports.
    """

    timeout_ms: float = DEFAULT_SCAN_TIMEOUT_MS
    rate_per_s: float | None = None
    max_in_flight: int | None = None
    wants_banner: bool = False
    service_name: Callable[[int], str] = tcp_service_name


@dataclass(frozen=True, slots=True)
class OpenPort:
    """An open port, the usual name of its service and what the server said, if it was asked."""

    port: int
    service: str
    latency_ms: float
    banner: str = ""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan found; every port asked is counted in exactly one place.

    ``other_addresses`` are further addresses of the host, which were not scanned.
    """

    host: str
    address: str
    is_this_machine: bool
    asked_count: int
    open: tuple[OpenPort, ...]
    closed_count: int
    filtered: tuple[int, ...]
    unreachable_count: int
    elapsed_ms: float
    other_addresses: tuple[str, ...] = ()

    @property
    def filtered_count(self) -> int:
        """Return how many ports gave no answer."""
        return len(self.filtered)


def scan(
    host: str,
    ports: Sequence[int],
    *,
    options: ScanOptions | None = None,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
    found: Callable[[OpenPort], None] | None = None,
) -> ScanReport:
    """Connect to each port of a host's first address; any thread.

    ``found`` gets each open port as soon as it is known, ``report`` the progress at most 20 times
    a second; both are called on the scanning thread. Ask the person first where the host is not
    this machine. Raises UnresolvedError, Cancelled at once on ``cancel``, and
    PortViewError where this machine runs out of what a scan needs.
    """
    options = options or ScanOptions()
    cancel = cancel or CancelToken()
    if not ports:
        raise PortViewError("no_ports", _("There is no port to scan."), "", Outcome.BAD_INPUT)
    address, *others = addresses_to_scan(host, cancel)
    started = time.perf_counter()
    opened: list[OpenPort] = []

    def on_open(port: int, latency_ms: float, banner: str) -> None:
        opened.append(OpenPort(port, options.service_name(port), latency_ms, banner))
        if found:
            found(opened[-1])

    chosen = SweepOptions(
        options.timeout_ms,
        options.rate_per_s,
        options.max_in_flight,
        options.wants_banner,
        is_own=is_this_machine(address.endpoint.address),
    )
    on_progress = _Reporter(report, len(ports), started).report if report else None
    sweep = ConnectSweep(address, chosen, cancel, on_open, on_progress)
    counts = sweep.run(ports)
    return ScanReport(
        host=host,
        address=address.endpoint.address,
        is_this_machine=chosen.is_own,
        asked_count=len(ports),
        open=tuple(sorted(opened, key=lambda one: one.port)),
        closed_count=counts[Verdict.CLOSED],
        filtered=tuple(sorted(sweep.filtered)),
        unreachable_count=counts[Verdict.UNREACHABLE],
        elapsed_ms=(time.perf_counter() - started) * 1000,
        other_addresses=tuple(other.endpoint.address for other in others),
    )


def addresses_to_scan(host: str, cancel: CancelToken) -> tuple[Address, ...]:
    """Return the addresses of a host; the first one is scanned. Raises as ``resolve``.

    IPv4 goes first, as in nmap: Windows puts ::1 first for localhost, where few servers listen.
    """
    found = resolve(host, 1, cancel)
    return tuple(sorted(found, key=lambda one: one.family is Family.IPV6))


class _Reporter:
    """Reports progress with the time left, but not more often than anyone can see."""

    def __init__(self, report: Callable[[Progress], None], total: int, started: float) -> None:
        self._report = report
        self._total = total
        self._started = started
        self._last = 0.0

    def report(self, done: int) -> None:
        now = time.perf_counter()
        if done < self._total and (now - self._last) * 1000 < _MIN_MS_BETWEEN_REPORTS:
            return
        self._last = now
        left_ms = None
        if done:
            left_ms = (now - self._started) * 1000 / done * (self._total - done)
        self._report(
            Progress(
                done,
                self._total,
                _("{done} of {total} ports").format(done=done, total=self._total),
                left_ms,
            )
        )
