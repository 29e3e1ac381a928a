"""The program that a process of Linux runs, distinguished from /proc so that an exec is noticed."""

from __future__ import annotations

import os
from itertools import chain, islice
from pathlib import Path

from portview.domain.facts import ABSENT, Fact, Known, Remedy, Unreadable
from portview.domain.owners.program import RunningProgram, token_of
from portview.i18n import _
from portview.readers.elevation import unreadable_here

_DELETED = " (deleted)"
_STAT_BYTES = 4096
_START_OF_STACK_AFTER_COMM = 25
"""Index of ``startstack`` (field 28 of proc_pid_stat(5)) behind the command's closing bracket."""
_MOST_THREADS = 64
_LONGEST_COMMAND = 1 << 20


def read_linux_program(pid: int, proc: str = "/proc") -> RunningProgram:
    """Return the program of the process that has this PID now. Never raises; any thread.

    The caller makes sure that the PID still means the same process afterwards. Needs the right to
    trace the process (PTRACE_MODE_READ), but for the command.
    """
    return RunningProgram(_file(pid, proc), _load(pid, proc), _command(pid, proc))


def _file(pid: int, proc: str) -> Fact[str]:
    try:
        # The main thread may have ended before the others; each of them knows the executable.
        for place in chain([f"{proc}/{pid}"], _threads(pid, proc)):
            try:
                path = str(Path(f"{place}/exe").readlink())
                status = Path(f"{place}/exe").stat()  # By the link: its text may name another file.
            except FileNotFoundError:
                continue
            return Known(token_of((status.st_dev, status.st_ino, path.removesuffix(_DELETED))))
    except ProcessLookupError:
        return ABSENT
    except OSError as error:
        return unreadable_here(f"/proc/{pid}/exe: {error.strerror}", error)
    return ABSENT  # A thread of the kernel, or a process that has ended.


def _threads(pid: int, proc: str) -> list[str]:
    try:
        names = list(islice(os.listdir(f"{proc}/{pid}/task"), _MOST_THREADS))  # noqa: PTH208
    except OSError:
        return []
    return [f"{proc}/{pid}/task/{name}" for name in names if name != str(pid)]


def _load(pid: int, proc: str) -> Fact[str]:
    """Return where the stack of the main thread starts, which every exec places again."""
    try:
        stat = _read(f"{proc}/{pid}/stat", _STAT_BYTES)
        start = int(stat[stat.rindex(b")") + 2 :].split()[_START_OF_STACK_AFTER_COMM])
    except (FileNotFoundError, ProcessLookupError):
        return ABSENT
    except (OSError, ValueError, IndexError) as error:
        return Unreadable(_("/proc/{pid}/stat: {error}").format(pid=pid, error=error), Remedy.RETRY)
    # The kernel shows 0 to those who may not trace the process, and for one without memory.
    if not start:
        return Unreadable(
            _("/proc/{pid}/stat shows no start of the stack").format(pid=pid), Remedy.ADMINISTRATOR
        )
    return Known(token_of((start,)))


def _command(pid: int, proc: str) -> Fact[str]:
    try:
        name = _read(f"{proc}/{pid}/comm", _STAT_BYTES)
        line = _read(f"{proc}/{pid}/cmdline", _LONGEST_COMMAND)
    except (FileNotFoundError, ProcessLookupError):
        return ABSENT
    except OSError as error:
        return unreadable_here(f"/proc/{pid}/cmdline: {error.strerror}", error)
    return Known(token_of((name.hex(), line.hex())))


def _read(path: str, most_bytes: int) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = []
        while most_bytes > 0 and (piece := os.read(file, min(most_bytes, 65536))):
            pieces.append(piece)
            most_bytes -= len(piece)
        return b"".join(pieces)
    finally:
        os.close(file)
