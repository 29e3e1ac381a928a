"""A scan as work for a pool thread: look the host up, scan, compare. No Qt."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portview.probes.local_listener import remarks_on_scan
from portview.probes.own_addresses import is_this_machine
from portview.probes.scan import addresses_to_scan, scan
from portview.probes.scan_comparison import TableComparison, compare_with_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.domain.cancellation import CancelToken
    from portview.domain.sockets.socket_row import SocketRow
    from portview.domain.verdicts import Progress
    from portview.probes.scan import OpenPort, ScanOptions, ScanReport

_MS_BETWEEN_NEWS = 50


@dataclass(frozen=True, slots=True)
class ScanTarget:
    """A host that was looked up: its first address is scanned, the others are reported."""

    host: str
    address: str
    other_addresses: tuple[str, ...]
    is_this_machine: bool


@dataclass(frozen=True, slots=True)
class ScanNews:
    """What a running scan has to report: open ports since the last news, and how far it is."""

    found: tuple[OpenPort, ...]
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class ScanEnd:
    """A finished scan; ``comparison`` is None for other machines.

    ``remarks`` say what an open or a silent port of this machine alone does not.
    """

    report: ScanReport
    comparison: TableComparison | None
    remarks: tuple[str, ...] = ()


def look_up(host: str, cancel: CancelToken) -> ScanTarget:
    """Resolve a host. Raises UnresolvedError, Cancelled."""
    first, *others = (one.endpoint.address for one in addresses_to_scan(host, cancel))
    return ScanTarget(host, first, tuple(others), is_this_machine(first))


def run_scan(
    target: ScanTarget,
    ports: Sequence[int],
    options: ScanOptions,
    *,
    read_rows: Callable[[], Sequence[SocketRow]],
    cancel: CancelToken,
    notify: Callable[[ScanNews], None],
) -> ScanEnd:
    """Scan the very address that was confirmed; ``show_message`` gets news up to 40 times a second.

    A host with thousands of open ports would else bury the UI in signals.
    """
    feed = _Feed(notify)
    report = scan(
        target.address,
        ports,
        options=options,
        cancel=cancel,
        report=feed.progress,
        found=feed.found,
    )
    report = replace(report, host=target.host, other_addresses=target.other_addresses)
    feed.flush()
    if not target.is_this_machine:
        return ScanEnd(report, None)
    comparison = compare_with_table(report, ports, read_rows())
    return ScanEnd(report, comparison, remarks_on_scan(report, comparison))


class _Feed:
    def __init__(self, notify: Callable[[ScanNews], None]) -> None:
        self._notify = notify
        self._batch: list[OpenPort] = []
        self._last_ms = 0.0

    def found(self, one: OpenPort) -> None:
        self._batch.append(one)
        if time.monotonic() * 1000 - self._last_ms >= _MS_BETWEEN_NEWS:
            self.flush()

    def progress(self, progress: Progress) -> None:
        self.flush(progress)

    def flush(self, progress: Progress | None = None) -> None:
        batch, self._batch = tuple(self._batch), []
        self._last_ms = time.monotonic() * 1000
        if batch or progress:
            self._notify(ScanNews(batch, progress))
