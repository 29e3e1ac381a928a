"""Minutes of churn, in which memory, open files and threads must not grow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

from portview.domain.sockets.snapshot import Snapshot, diff
from portview.readers.choose import open_reader
from tests.benchmarks.report import Report
from tests.benchmarks.socket_load import SocketLoad

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.report import Cell

NAME = "endurance"
IS_LONG = True

_SOCKETS = 3_000
_CHURN = 0.05
_LINES = 10
_INTERVAL_S = 0.25


def run(options: Options) -> Report:
    """Read four times a second while sockets come and go, and look at this process in between."""
    rows: list[tuple[Cell, ...]] = []
    process = psutil.Process()
    reader, last, ticks = open_reader(), Snapshot(), 0
    started = time.monotonic()
    ends = started + options.minutes * 60
    try:
        with SocketLoad(_SOCKETS) as load:
            while (now := time.monotonic()) < ends:
                if now - started >= len(rows) * options.minutes * 60 / _LINES:
                    rows.append(_line(process, ticks, now - started, last))
                load.churn(round(_SOCKETS * _CHURN))
                snapshot = reader.read()
                diff(last.rows, snapshot.rows, snapshot.step)
                last, ticks = snapshot, ticks + 1
                time.sleep(max(0, _INTERVAL_S - (time.monotonic() - now)))
            rows.append(_line(process, ticks, time.monotonic() - started, last))
    finally:
        reader.close()
    return Report(
        f"Endurance: {_SOCKETS:,} sockets, {_CHURN:.0%} churn at each of {ticks:,} ticks",
        ("seconds", "ticks", "rows", "RSS MiB", "open files", "threads"),
        tuple(rows),
        ("The first line is before the first reading.",),
    )


def _line(process: psutil.Process, ticks: int, seconds: float, last: Snapshot) -> tuple[Cell, ...]:
    files = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
    rss_mib = process.memory_info().rss / 2**20
    return (
        f"{seconds:.0f}",
        f"{ticks:,}",
        f"{len(last.rows):,}",
        f"{rss_mib:.1f}",
        str(files),
        str(process.num_threads()),
    )
