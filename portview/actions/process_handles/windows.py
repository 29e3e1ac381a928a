"""Processes of Windows, held by a handle (OpenProcess)."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING

from portview.actions.process_handles.handle import ProcessGoneError, not_the_same
from portview.actions.process_handles.windows_close_request import (
    ask_through_console,
    console_choice,
)
from portview.actions.process_handles.windows_top_level import close_windows, has_windows
from portview.actions.safety.process_facts import CloseMethod
from portview.domain.facts import Absent, Fact, Known
from portview.domain.owners.system_owners import WINDOWS_SYSTEM_PIDS
from portview.i18n import _
from portview.readers.elevation import unreadable_here
from portview.readers.execution import read_execution
from portview.readers.windows.dll import bind, find, last_error, load_library, windows_error
from portview.readers.windows.process_list import process_key_of
from portview.readers.windows.processes import (
    PROCESS_QUERY_LIMITED_INFORMATION,
    SYNCHRONIZE,
    creation_time,
    is_running,
    open_process,
)
from portview.readers.windows.running_program import read_windows_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.owners.process import ProcessKey
    from portview.domain.owners.program import RunningProgram

PROCESS_TERMINATE = 0x0001
PROCESS_SUSPEND_RESUME = 0x0800
EXIT_CODE = 1
"""What taskkill /F gives as exit code of what it ends."""
WAIT_OBJECT_0 = 0

_IDENTITY = PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE


class WindowsProcess:
    """One process behind a handle, which keeps its PID from being given to another."""

    def __init__(self, key: ProcessKey, handle: int) -> None:
        """Store the identity and the handle, which stays the caller's to close."""
        self.key = key
        self._handle = handle

    def check_rights(self) -> None:
        """Raise PermissionError where this user may not end the process."""
        with self._with_access(PROCESS_TERMINATE):
            pass

    def program(self) -> RunningProgram:
        """Return the image behind this very handle."""
        return read_windows_program(self._handle)

    def ask(self) -> CloseMethod:
        """Send WM_CLOSE to its windows, else CTRL_BREAK or CTRL_C where only it is meant."""
        # Windows and consoles are found by PID; the handle keeps that this very process's.
        if read_execution(self.key.pid).is_suspended:
            return CloseMethod.NONE
        if close_windows(self.key.pid):
            return CloseMethod.WINDOW
        return ask_through_console(self.key.pid)

    def end(self) -> None:
        """Call TerminateProcess."""
        with self._with_access(PROCESS_TERMINATE) as handle:
            if not _library().terminate(handle, EXIT_CODE) and is_running(self._handle):
                raise windows_error(last_error())

    def suspend(self) -> None:
        """Call NtSuspendProcess (ntdll.dll; not documented, used by every task manager)."""
        self._suspend_or_resume(_library().suspend)

    def resume(self) -> None:
        """Call NtResumeProcess."""
        self._suspend_or_resume(_library().resume)

    def wait(self, seconds: float) -> bool:
        """Wait for the process to end."""
        waited: int = _library().wait_for(self._handle, max(0, round(seconds * 1000)))
        return waited == WAIT_OBJECT_0

    def _suspend_or_resume(self, function: object) -> None:
        if not callable(function):
            raise OSError("this Windows does not offer it")
        with self._with_access(PROCESS_SUSPEND_RESUME) as handle:
            status = function(handle)
            if status:
                raise OSError(f"NTSTATUS {status & 0xFFFFFFFF:#x}")

    @contextmanager
    def _with_access(self, access: int) -> Iterator[int]:
        """Open a second handle with more rights: to the same process, as the first is open."""
        with open_process(self.key.pid, access | _IDENTITY) as handle:
            yield handle


@contextmanager
def open_windows_process(key: ProcessKey) -> Iterator[WindowsProcess]:
    """Hold a process by a handle, and compare the creation time on that very handle."""
    if key.pid in WINDOWS_SYSTEM_PIDS:
        raise PermissionError(_("PID {pid} is Windows itself").format(pid=key.pid))
    try:
        opened = open_process(key.pid, _IDENTITY)
        with opened as handle:
            if process_key_of(key.pid, creation_time(handle)) != key:
                raise not_the_same(key.pid)
            if not is_running(handle):
                raise ProcessGoneError
            yield WindowsProcess(key, handle)
    except ProcessLookupError as error:
        raise ProcessGoneError from error


def is_critical(pid: int) -> Fact[bool]:
    """Return whether Windows would stop with this process (IsProcessCritical, Windows 8.1)."""
    check = _library().is_critical
    if check is None:
        return Absent()
    critical = wintypes.BOOL()
    try:
        with open_process(pid, PROCESS_QUERY_LIMITED_INFORMATION) as handle:
            if not check(handle, ctypes.byref(critical)):
                raise windows_error(last_error())
    except ProcessLookupError:
        return Absent()
    except OSError as error:
        return unreadable_here(str(error.strerror or error), error)
    return Known(bool(critical.value))


def close_method_of(pid: int) -> tuple[CloseMethod, str]:
    """Return how a process could be asked to close, or why it can't, without doing it."""
    if has_windows(pid):
        return CloseMethod.WINDOW, ""
    choice = console_choice(pid)
    return choice.method, choice.reason


class _Library:
    def __init__(self) -> None:
        kernel32, ntdll = load_library("kernel32.dll"), load_library("ntdll.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        self.terminate = bind(kernel32, "TerminateProcess", flag, handle, wintypes.UINT)
        self.wait_for = bind(kernel32, "WaitForSingleObject", number, handle, number)
        self.is_critical = find(
            kernel32, "IsProcessCritical", flag, handle, ctypes.POINTER(wintypes.BOOL)
        )
        self.suspend = find(ntdll, "NtSuspendProcess", ctypes.c_long, handle)
        self.resume = find(ntdll, "NtResumeProcess", ctypes.c_long, handle)


@cache
def _library() -> _Library:
    return _Library()
