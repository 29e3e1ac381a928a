"""All running processes with their parents, in one reading."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from portview.domain.owners.attribution import RunningProcess
from portview.domain.owners.process import ProcessKey
from portview.readers.process_identity import key_from_stat, process_key
from portview.readers.windows.processes import ProcessTable

if TYPE_CHECKING:
    from collections.abc import Iterator

_STAT_PARENT_AFTER_COMM = 1


def running_processes() -> dict[int, RunningProcess]:
    """Return every process that this user can see, by its PID. Any thread.

    Raises OSError where Windows gives no list.
    """
    if sys.platform == "win32":
        return ProcessTable().read()
    found = _linux_processes() if sys.platform == "linux" else _psutil_processes()
    return {process.key.pid: process for process in found}


def _linux_processes() -> Iterator[RunningProcess]:
    for name in os.listdir("/proc"):  # noqa: PTH208 - names are all that is wanted
        if not name.isdecimal():
            continue
        try:
            stat = Path("/proc", name, "stat").read_bytes()
            key = key_from_stat(int(name), stat)
            parent_pid = int(stat[stat.rindex(b")") + 2 :].split()[_STAT_PARENT_AFTER_COMM])
        except (OSError, ValueError, IndexError):
            continue  # It ended while the list was read.
        yield RunningProcess(key, parent_pid)


def _psutil_processes() -> Iterator[RunningProcess]:
    for process in psutil.process_iter(["ppid"]):
        key = process_key(process.pid)
        if isinstance(key, ProcessKey):
            yield RunningProcess(key, process.info["ppid"] or 0)
