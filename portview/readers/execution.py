"""Whether a process runs or is suspended."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from portview.domain.owners.process import Execution, ProcessKey
from portview.readers.process_identity import process_key

if TYPE_CHECKING:
    from collections.abc import Collection

_LINUX_STATES = {"T": Execution.SUSPENDED, "t": Execution.TRACED}
"""States of proc_pid_stat(5) in which a process does nothing until somebody lets it continue."""


def read_execution(pid: int) -> Execution:
    """Return whether the process that has this PID now runs or is suspended. Any thread.

    A process that has ended stands for UNKNOWN.
    """
    if sys.platform == "linux":
        return _linux_execution(pid)
    if sys.platform == "win32":
        from portview.readers.windows.threads import all_threads_suspended  # noqa: PLC0415

        try:
            if all_threads_suspended(pid):
                return Execution.SUSPENDED
        except OSError:
            pass  # Another user's: the system's own list, which psutil reads, reports as well.
    # Windows also freezes apps from the store, which no count of their threads shows.
    try:
        is_stopped = psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except (psutil.Error, OSError):
        return Execution.UNKNOWN
    return Execution.SUSPENDED if is_stopped else Execution.RUNNING


def suspended(processes: Collection[ProcessKey]) -> dict[ProcessKey, Execution]:
    """Return those of some processes that are certainly suspended, and how. Any thread.

    Meant for many at once, again and again: one small read for each on Linux, one list of all
    threads on Windows. A PID that passed on to another process says nothing of the first one.
    """
    if sys.platform == "win32":
        from portview.readers.windows.threads import suspended_among  # noqa: PLC0415

        try:
            pids = suspended_among({key.pid for key in processes})
        except OSError:
            return {}
        found = {key: Execution.SUSPENDED for key in processes if key.pid in pids}
    else:
        each = ((key, read_execution(key.pid)) for key in processes)
        found = {key: execution for key, execution in each if execution.is_suspended}
    return {key: how for key, how in found.items() if process_key(key.pid) == key}


def _linux_execution(pid: int) -> Execution:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        state = chr(stat[stat.rindex(b")") + 2])
    except (OSError, ValueError, IndexError):
        return Execution.UNKNOWN
    if state in "ZX":
        return Execution.UNKNOWN
    return _LINUX_STATES.get(state, Execution.RUNNING)
