"""The byte layout of Windows' list of processes (SYSTEM_PROCESS_INFORMATION, winternl.h). Pure."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from portview.domain.owners.attribution import RunningProcess
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.system_owners import WINDOWS_SYSTEM_PIDS
from portview.readers.windows.filetime import unix_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENTRY = struct.Struct("<II24xQ40xQQ")
"""x64: NextEntryOffset at 0, NumberOfThreads at 4, CreateTime at 32, UniqueProcessId at 80, the
parent's PID at 88."""


def parse_processes(table: memoryview | bytes) -> Iterator[RunningProcess]:
    """Yield every running process of a list of 64-bit Windows.

    Each entry says where the next one begins, and a list that leads out of the table ends there.
    A process without threads has ended; someone merely holds a handle on it.
    """
    start = 0
    while start + _ENTRY.size <= len(table):
        next_entry, threads, created, pid, parent_pid = _ENTRY.unpack_from(table, start)
        if threads or pid in WINDOWS_SYSTEM_PIDS:
            yield RunningProcess(process_key_of(pid, created), parent_pid)
        if not next_entry:
            return
        start += next_entry


def process_key_of(pid: int, created: int) -> ProcessKey:
    """Return the identity of a process that was created at this FILETIME.

    The idle and the system process are always the same ones; what Windows reports as their start
    differs from call to call.
    """
    return ProcessKey(pid, 0 if pid in WINDOWS_SYSTEM_PIDS else unix_ms(created))
