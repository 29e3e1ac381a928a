"""The machine that figures were taken on."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

import psutil


def describe_machine() -> str:
    """Return processor, memory, system and Python in one line."""
    memory_gib = psutil.virtual_memory().total / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} logical processors, {memory_gib:.0f} GiB, "
        f"{platform.system()} {platform.release()}, {platform.python_implementation()} "
        f"{'.'.join(map(str, sys.version_info[:3]))}"
    )


def load_average() -> str:
    """Return how busy the machine is beside the benchmark, where it tells."""
    with suppress(AttributeError, OSError):
        return f"{os.getloadavg()[0]:.1f}"
    return "unknown"


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
