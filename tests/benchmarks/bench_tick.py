"""One tick with thousands of real sockets, beside every tool that lists them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Self

from tests.benchmarks.report import Report
from tests.benchmarks.socket_load import SocketLoad

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.benchmarks.options import Options
    from tests.benchmarks.report import Cell

NAME = "tick"
IS_LONG = False

_TOOLS = ("ss -tanp", "netstat -tanp", "lsof -nP -iTCP")
_CONTESTANT = Path(__file__).with_name("contestant.py")
_STEADY, _FIRST, _KERNEL = "PortView, steady tick", "PortView, first tick", "bare kernel dump"
_PSUTIL = "psutil.net_connections"


@dataclass(slots=True)
class Figures:
    """What was measured of one way of reading."""

    took_ms: list[float] = field(default_factory=list)
    peak_mib: float | None = None

    @property
    def median_ms(self) -> float | None:
        """Return the median, None where nothing was measured."""
        return median(self.took_ms) if self.took_ms else None


def run(options: Options) -> Report:
    """Measure every way of reading in turn, in the same rounds, at each size."""
    by_size = {size: _measure(size, options) for size in options.sizes}
    columns = ["what"]
    for size in options.sizes:
        columns += [f"{size:,} sockets, ms", f"{size:,}: peak MiB"]
    names = [_STEADY, _FIRST, _KERNEL, _PSUTIL, *_TOOLS]
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        row: list[Cell] = [name]
        for figures in by_size.values():
            row += [figures[name].median_ms, figures[name].peak_mib]
        rows.append(tuple(row))
    missing = [tool for tool in _TOOLS if shutil.which(tool.split()[0]) is None]
    return Report(
        f"One tick: read, owners, difference ({options.churn:g} % churn, "
        f"medians of {options.rounds})",
        tuple(columns),
        tuple(rows),
        (
            *_ratios(by_size),
            *(f"{tool}: not installed here" for tool in missing),
            "Peak memory of a tool is left out where it is below this benchmark's own.",
        ),
    )


def _measure(size: int, options: Options) -> dict[str, Figures]:
    figures = {name: Figures() for name in (_STEADY, _FIRST, _KERNEL, _PSUTIL, *_TOOLS)}
    with ExitStack() as stack:
        load = stack.enter_context(SocketLoad(size))
        portview = stack.enter_context(Contestant("portview"))
        rivals = {_PSUTIL: stack.enter_context(Contestant("psutil"))}
        if sys.platform == "linux":
            rivals[_KERNEL] = stack.enter_context(Contestant("kernel"))
        portview.read(figures[_FIRST])
        for rival in rivals.values():
            rival.read(Figures())
        for _ in range(options.rounds):
            load.churn(round(size * options.churn / 100))
            portview.read(figures[_STEADY])
            for name, rival in rivals.items():
                rival.read(figures[name])
            for tool in _TOOLS:
                _run_tool(tool, figures[tool])
    return figures


class Contestant:
    """A way of reading in a process of its own; see contestant.py."""

    def __init__(self, name: str) -> None:
        """Start the process."""
        self._process = subprocess.Popen(
            [sys.executable, str(_CONTESTANT), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.communicate()

    def read(self, figures: Figures) -> int:
        """Let it read once, put down what that took, and return the number of sockets."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        figures.took_ms.append(told["ms"])
        figures.peak_mib = told["peak_mib"]
        return int(told["sockets"])


def _run_tool(command: str, figures: Figures) -> None:
    name, *arguments = command.split()
    path = shutil.which(name)
    if path is None:
        return
    started = time.perf_counter()
    process = subprocess.Popen(
        [path, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    if sys.platform != "win32":
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        # A process inherits the peak of the one that it was forked from, which is this one's.
        if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
            figures.peak_mib = max(figures.peak_mib or 0, usage.ru_maxrss / 1024)
    else:
        process.wait()
    figures.took_ms.append((time.perf_counter() - started) * 1000)


def _ratios(by_size: dict[int, dict[str, Figures]]) -> Iterable[str]:
    for size, figures in by_size.items():
        tick = figures[_STEADY].median_ms
        if not tick:
            continue
        for name in (_PSUTIL, *_TOOLS):
            other = figures[name].median_ms
            if other:
                yield f"{size:,} sockets: {name} takes {other / tick:.1f} times the steady tick"
        kernel = figures[_KERNEL].median_ms
        if kernel:
            yield f"{size:,} sockets: the steady tick takes {tick / kernel:.2f} times the bare dump"
