"""The threads of a process of Windows, and whether they are suspended (tlhelp32.h, ntdll.dll)."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING

from portview.readers.windows.dll import bind, last_error, load_library, windows_error

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

TH32CS_SNAPTHREAD = 0x00000004
THREAD_QUERY_LIMITED_INFORMATION = 0x0800
THREAD_SUSPEND_COUNT = 35
"""ThreadSuspendCount of THREADINFOCLASS, since Windows 8.1."""
_INVALID_HANDLE = ctypes.c_void_p(-1).value


class ThreadEntry(ctypes.Structure):
    """THREADENTRY32."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("usage", wintypes.DWORD),
        ("thread_id", wintypes.DWORD),
        ("owner_pid", wintypes.DWORD),
        ("base_priority", wintypes.LONG),
        ("delta_priority", wintypes.LONG),
        ("flags", wintypes.DWORD),
    )


def all_threads_suspended(pid: int) -> bool:
    """Return whether every thread of a process is suspended; False where it has none.

    Raises OSError where its threads can't be asked.
    """
    has_any = False
    for thread in threads_of(pid):
        count = _suspend_count(thread)
        if count == 0:
            return False
        has_any = has_any or count is not None
    return has_any


def suspend_counts(pid: int) -> list[int]:
    """Return how often each thread of a process was suspended. Raises OSError."""
    counts = [_suspend_count(thread) for thread in threads_of(pid)]
    return [count for count in counts if count is not None]


def suspended_among(pids: Collection[int]) -> set[int]:
    """Return those of some processes of which every thread is suspended. Raises OSError.

    A process whose threads can't be asked is not among them.
    """
    suspended: set[int] = set()
    running: set[int] = set()
    for pid, thread in _all_threads():
        if pid not in pids or pid in running:
            continue
        try:
            count = _suspend_count(thread)
        except OSError:
            count = 0
        if count == 0:
            running.add(pid)
        elif count is not None:
            suspended.add(pid)
    return suspended - running


def threads_of(pid: int) -> Iterator[int]:
    """Yield the IDs of the threads of a process. Raises OSError."""
    return (thread for owner, thread in _all_threads() if owner == pid)


def _all_threads() -> Iterator[tuple[int, int]]:
    """Yield the PID and the ID of every thread of this machine."""
    library = _library()
    snapshot = library.snapshot(TH32CS_SNAPTHREAD, 0)
    if snapshot in {None, _INVALID_HANDLE}:
        raise windows_error(last_error())
    try:
        entry = ThreadEntry(size=ctypes.sizeof(ThreadEntry))
        has_more = library.first(snapshot, ctypes.byref(entry))
        while has_more:
            yield int(entry.owner_pid), int(entry.thread_id)
            has_more = library.next(snapshot, ctypes.byref(entry))
    finally:
        library.close(snapshot)


def _suspend_count(thread: int) -> int | None:
    """Return how often a thread was suspended, None where it has ended meanwhile."""
    library = _library()
    handle = library.open_thread(THREAD_QUERY_LIMITED_INFORMATION, 0, thread)
    if not handle:
        error = windows_error(last_error())
        if isinstance(error, PermissionError):
            raise error
        return None
    try:
        count = wintypes.ULONG()
        status = library.query(handle, THREAD_SUSPEND_COUNT, ctypes.byref(count), 4, None)
        if status:
            raise OSError(f"NTSTATUS {status & 0xFFFFFFFF:#x}")
        return int(count.value)
    finally:
        library.close(handle)


class _Library:
    def __init__(self) -> None:
        kernel32, ntdll = load_library("kernel32.dll"), load_library("ntdll.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        entry = ctypes.POINTER(ThreadEntry)
        self.snapshot = bind(kernel32, "CreateToolhelp32Snapshot", handle, number, number)
        self.first = bind(kernel32, "Thread32First", flag, handle, entry)
        self.next = bind(kernel32, "Thread32Next", flag, handle, entry)
        self.open_thread = bind(kernel32, "OpenThread", handle, number, flag, number)
        self.close = bind(kernel32, "CloseHandle", flag, handle)
        self.query = bind(
            ntdll,
            "NtQueryInformationThread",
            ctypes.c_long,
            handle,
            ctypes.c_int,
            ctypes.c_void_p,
            wintypes.ULONG,
            ctypes.c_void_p,
        )


@cache
def _library() -> _Library:
    return _Library()
