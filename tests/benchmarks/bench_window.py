"""The window: start, memory, stalls, sorting and filtering, beside a bare PySide6 window."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks.report import Report
from tests.benchmarks.socket_load import SocketLoad

if TYPE_CHECKING:
    from tests.benchmarks.options import Options

NAME = "window"
IS_LONG = False

_CONTESTANT = Path(__file__).with_name("window_contestant.py")
_SOCKETS = 300
_STARTS = 3


def run(options: Options) -> Report:
    """Measure each in a process of its own, offscreen where no platform is asked for."""
    del options
    with SocketLoad(_SOCKETS):
        bare = [_measure("bare") for _ in range(_STARTS)]
        ours = [_measure("start") for _ in range(_STARTS)]
    stalls = _measure("stalls")
    tree = _measure("tree")
    sorting = _measure("sorting")
    sorts = {name: ms for name, ms in sorting.items() if name.startswith("sort")}
    filters = {name: ms for name, ms in sorting.items() if not name.startswith("sort")}
    bare_ms, our_ms = _median(bare, "painted_ms"), _median(ours, "painted_ms")
    memory = _median(ours, "rss_mib") - _median(bare, "rss_mib")
    rows = (
        ("start until painted, bare window, ms", bare_ms, ""),
        ("start until painted, PortView, ms", our_ms, f"{our_ms / bare_ms:.1f}x; bar 4x"),
        (f"memory above a bare window, {_SOCKETS} sockets, MiB", memory, "bar 45, stretch 30"),
        ("processor at 1 s refresh, % of a core", _median(ours, "cpu_percent"), "bar 2, stretch 1"),
        ("event loop late, 30,000 rows, 5 % churn: p50, ms", stalls["p50_ms"], ""),
        ("p99, ms", stalls["p99_ms"], "bar 16, stretch 8"),
        ("longest, ms", stalls["max_ms"], ""),
        ("event loop late, 3,000 rows by process: p99, ms", tree["p99_ms"], "bar 16, stretch 8"),
        (f"slowest sort ({_slowest(sorts)}), ms", max(sorts.values()), "bar 100, stretch 50"),
        ("median sort, ms", median(sorts.values()), ""),
        (f"slowest filter ({_slowest(filters)}), ms", max(filters.values()), "bar 100, stretch 50"),
        ("median filter, ms", median(filters.values()), ""),
    )
    return Report("The window", ("what", "measured", "held to"), rows)


def _measure(what: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "QT_QPA_PLATFORM": "offscreen",
            **os.environ,
            "PORTVIEW_CONFIG_DIR": folder,
            "PORTVIEW_LOG_DIR": folder,
            "BENCH_STARTED": str(time.monotonic()),
        }
        ended = subprocess.run(
            [sys.executable, str(_CONTESTANT), what],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    return dict(json.loads(ended.stdout))


def _median(told: list[dict[str, Any]], name: str) -> float:
    return median(each[name] for each in told)


def _slowest(took: dict[str, float]) -> str:
    return max(took, key=lambda name: took[name])
