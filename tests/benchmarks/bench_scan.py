"""All 65,535 ports of localhost, beside nmap in the same rounds; and how soon a scan ends."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from statistics import median
from typing import TYPE_CHECKING

from portview.domain.cancellation import Cancelled, CancelToken
from portview.probes.scan import ScanOptions, scan
from tests.benchmarks.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.options import Options
    from tests.benchmarks.report import Cell

NAME = "scan"
IS_LONG = False

_ALL = range(1, 65536)
_ADDRESS = "127.0.0.1"
_NMAP = ("nmap", "-sT", "-n", "-Pn", "-p-", _ADDRESS)


def run(options: Options) -> Report:
    """Scan in turn with both, then cancel scans at moments spread over their length."""
    took: dict[str, list[float]] = {"PortView": [], " ".join(_NMAP): []}
    cancelled: list[float] = []
    has_nmap = shutil.which("nmap") is not None
    found = 0
    for number in range(options.rounds):
        took["PortView"].append(_timed_ms(lambda: scan(_ADDRESS, _ALL)))
        if has_nmap:
            took[" ".join(_NMAP)].append(_timed_ms(_run_nmap))
        cancelled.append(_cancel_ms(0.05 + 0.4 * number / options.rounds))
    found = len(scan(_ADDRESS, _ALL).open)
    rows: list[tuple[Cell, ...]] = [
        (name, median(times), min(times), max(times)) if times else (name, None, None, None)
        for name, times in (*took.items(), ("PortView, from cancel to end", cancelled))
    ]
    notes = [f"{found} ports were open; medians of {options.rounds} rounds, in turn."]
    if has_nmap:
        ours, theirs = (median(times) for times in took.values())
        notes.append(f"PortView takes {ours / theirs:.2f} of nmap's time (bar 1.0, stretch 0.5).")
    else:
        notes.append("nmap is not installed here.")
    columns = ("what", "median ms", "min ms", "max ms")
    return Report("A full scan of localhost", columns, tuple(rows), tuple(notes))


def _timed_ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _run_nmap() -> None:
    subprocess.run(_NMAP, check=True, capture_output=True)


def _cancel_ms(after_s: float) -> float:
    """Cancel a scan that would never end by itself, and return how long it took to end."""
    cancel, ended = CancelToken(), []

    def endless() -> None:
        try:
            while True:
                scan(_ADDRESS, _ALL, options=ScanOptions(timeout_ms=60_000), cancel=cancel)
        except Cancelled:
            ended.append(time.perf_counter())

    thread = threading.Thread(target=endless)
    thread.start()
    time.sleep(after_s)
    started = time.perf_counter()
    cancel.cancel()
    thread.join()
    return float((ended[0] - started) * 1000)
