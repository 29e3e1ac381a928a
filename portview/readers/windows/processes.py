"""Which processes run, by the two calls that Windows has for it (kernel32.dll and ntdll.dll)."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING

from portview.domain.owners.process import FieldProblem, ProcessKey
from portview.domain.owners.system_owners import WINDOWS_SYSTEM_PIDS
from portview.i18n import _
from portview.readers.windows.dll import bind, last_error, load_library, windows_error
from portview.readers.windows.growing_buffer import GrowingTable
from portview.readers.windows.process_list import parse_processes, process_key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.owners.attribution import RunningProcess

SYSTEM_PROCESS_INFORMATION = 5
STATUS_INFO_LENGTH_MISMATCH = 0xC0000004
PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
SYNCHRONIZE = 0x100000
NOT_INHERITABLE = 0
ERROR_INVALID_PARAMETER = 87
WAIT_TIMEOUT = 258


class ProcessTable:
    """Lists all processes in one call, also those that this user may not open.

    NtQuerySystemInformation (winternl.h). Belongs to one thread at a time.
    """

    def __init__(self) -> None:
        """Load the library. Raises OSError on other systems."""
        query = bind(
            load_library("ntdll.dll"),
            "NtQuerySystemInformation",
            wintypes.ULONG,
            ctypes.c_int,
            ctypes.c_void_p,
            wintypes.ULONG,
            ctypes.POINTER(wintypes.ULONG),
        )

        def fill(buffer: ctypes.Array[ctypes.c_char], size: int) -> tuple[int, int]:
            needed = wintypes.ULONG()
            status = query(SYSTEM_PROCESS_INFORMATION, buffer, size, ctypes.byref(needed))
            return status, needed.value

        self._table = GrowingTable(fill, too_small=STATUS_INFO_LENGTH_MISMATCH)

    def read(self) -> dict[int, RunningProcess]:
        """Return every running process by its PID. Raises OSError if there is no list."""
        return {process.key.pid: process for process in parse_processes(self._table.read())}


def read_process_key(pid: int) -> ProcessKey | FieldProblem:
    """Return the identity of the process that has this PID now, or why there is none."""
    if pid in WINDOWS_SYSTEM_PIDS:
        return process_key_of(pid, 0)
    try:
        with open_process(pid) as handle:
            created, still_runs = creation_time(handle), is_running(handle)
    except PermissionError:
        return _key_from_list(pid)
    except ProcessLookupError:
        return FieldProblem.PROCESS_GONE
    except OSError:
        return FieldProblem.UNAVAILABLE
    return process_key_of(pid, created) if still_runs else FieldProblem.PROCESS_GONE


def _key_from_list(pid: int) -> ProcessKey | FieldProblem:
    try:
        process = ProcessTable().read().get(pid)
    except OSError:
        return FieldProblem.ACCESS_DENIED
    return process.key if process else FieldProblem.PROCESS_GONE


@contextmanager
def open_process(
    pid: int, access: int = PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE
) -> Iterator[int]:
    """Hold a handle on a process, which keeps its PID from being given to another.

    Raises PermissionError, ProcessLookupError if no process has the PID, or another OSError.
    """
    kernel32 = _kernel32()
    handle = kernel32.open_process(access, NOT_INHERITABLE, pid)
    if not handle:
        code = last_error()
        if code == ERROR_INVALID_PARAMETER:
            raise ProcessLookupError(_("no process has the PID {pid}").format(pid=pid))
        raise windows_error(code)
    try:
        yield handle
    finally:
        kernel32.close_handle(handle)


def creation_time(handle: int) -> int:
    """Return when the process behind a handle was created, as FILETIME."""
    times = [wintypes.FILETIME() for _unused in range(4)]
    if not _kernel32().get_process_times(handle, *(ctypes.byref(time) for time in times)):
        raise windows_error(last_error())
    return times[0].dwHighDateTime << 32 | times[0].dwLowDateTime


def is_running(handle: int) -> bool:
    """Return whether the process behind a handle still runs.

    The process object outlives the process for as long as anyone holds a handle on it. Needs the
    right SYNCHRONIZE; an exit code would not do, because a program may end with 259 itself.
    """
    return _kernel32().wait_for(handle, 0) == WAIT_TIMEOUT  # type: ignore[no-any-return]


class _Kernel32:
    def __init__(self) -> None:
        library = load_library("kernel32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        time = ctypes.POINTER(wintypes.FILETIME)
        self.open_process = bind(library, "OpenProcess", handle, number, flag, number)
        self.close_handle = bind(library, "CloseHandle", flag, handle)
        self.get_process_times = bind(
            library, "GetProcessTimes", flag, handle, time, time, time, time
        )
        self.wait_for = bind(library, "WaitForSingleObject", number, handle, number)


@cache
def _kernel32() -> _Kernel32:
    return _Kernel32()
