"""From a PID to the one process that has it now."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

import psutil

from portview.domain.owners.process import FieldProblem, ProcessKey

if sys.platform == "win32":
    from portview.readers.windows.processes import read_process_key

_STAT_START_TIME_AFTER_COMM = 19
"""Index of ``starttime`` (field 22 of proc_pid_stat(5)) behind the command's closing bracket."""


def process_key(pid: int) -> ProcessKey | FieldProblem:
    """Return the identity of the process that has this PID now, or why there is none.

    Costs one small read of /proc on Linux and one handle on Windows. Safe on any thread.
    """
    if sys.platform == "linux":
        return _linux_process_key(pid)
    if sys.platform == "win32":
        return read_process_key(pid)
    try:
        return ProcessKey(pid, round(psutil.Process(pid).create_time() * 1000))
    except psutil.NoSuchProcess:
        return FieldProblem.PROCESS_GONE
    except psutil.AccessDenied:
        return FieldProblem.ACCESS_DENIED
    except OSError:
        return FieldProblem.UNAVAILABLE


def has_ended(key: ProcessKey) -> bool:
    """Return whether it is proved that a process has ended: its PID is free, or another's now.

    One that can't be read now may still be there.
    """
    now = process_key(key.pid)
    return now is FieldProblem.PROCESS_GONE or (isinstance(now, ProcessKey) and now != key)


def _linux_process_key(pid: int) -> ProcessKey | FieldProblem:
    try:
        return key_from_stat(pid, Path(f"/proc/{pid}/stat").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return FieldProblem.PROCESS_GONE
    except PermissionError:
        return FieldProblem.ACCESS_DENIED
    except (OSError, ValueError, IndexError):
        return FieldProblem.UNAVAILABLE


def key_from_stat(pid: int, stat: bytes) -> ProcessKey:
    """Return the identity that the text of /proc/PID/stat names. Raises ValueError, IndexError."""
    # The command may hold blanks and brackets: what counts is behind the last bracket.
    ticks = int(stat[stat.rindex(b")") + 2 :].split()[_STAT_START_TIME_AFTER_COMM])
    # psutil re-reads the boot time, which a clock adjustment moves; a process would then seem to
    # be another one. Ticks since boot never move, so the boot time is read once per run.
    return ProcessKey(pid, _boot_time_ms() + ticks * 1000 // _ticks_per_second())


@cache
def _boot_time_ms() -> int:
    return round(psutil.boot_time() * 1000)


@cache
def _ticks_per_second() -> int:
    if sys.platform == "win32":
        raise OSError("Windows counts no ticks")
    return os.sysconf("SC_CLK_TCK")
