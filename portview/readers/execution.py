"""Whether a process runs or stands still."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

from portview.domain.processes import Execution

_LINUX_STATES = {"T": Execution.SUSPENDED, "t": Execution.TRACED}
"""States of proc_pid_stat(5) in which a process does nothing until somebody lets it go on."""


def read_execution(pid: int) -> Execution:
    """Tell whether the process that has this PID now runs or stands still. Any thread.

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
            pass  # Another user's: the system's own list, which psutil reads, tells as well.
    # Windows also freezes apps from the store, which no count of their threads shows.
    try:
        is_stopped = psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except (psutil.Error, OSError):
        return Execution.UNKNOWN
    return Execution.SUSPENDED if is_stopped else Execution.RUNNING


def _linux_execution(pid: int) -> Execution:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        state = chr(stat[stat.rindex(b")") + 2])
    except (OSError, ValueError, IndexError):
        return Execution.UNKNOWN
    if state in "ZX":
        return Execution.UNKNOWN
    return _LINUX_STATES.get(state, Execution.RUNNING)
