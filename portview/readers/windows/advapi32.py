"""advapi32.dll: the service control manager, and what this process may do."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Any

from portview.readers.windows.dll import bind, find, last_error, load_library, windows_error
from portview.readers.windows.service_table import parse_services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.owners.service import Service

SC_MANAGER_ENUMERATE_SERVICE = 0x0004
SC_ENUM_PROCESS_INFO = 0
SERVICE_WIN32 = 0x30
SERVICE_USER_OWN_AND_SHARE = 0x60
SERVICE_STATE_ALL = 3
ERROR_MORE_DATA = 234
TAG_INFO_NAME_FROM_TAG = 1
TAG_TYPE_SERVICE = 1
TOKEN_QUERY = 0x0008
TOKEN_ELEVATION = 20

_BUFFER_SIZE = 256 * 1024
"""The most that EnumServicesStatusExW takes."""


class ServiceManager:
    """Reads the service control manager's database. Every handle is closed before a call returns.

    Belongs to one thread at a time.
    """

    def __init__(self) -> None:
        """Load the library. Raises OSError on other systems."""
        library = load_library("advapi32.dll")
        handle, flag, number, text = (
            wintypes.HANDLE,
            wintypes.BOOL,
            wintypes.DWORD,
            wintypes.LPCWSTR,
        )
        out = ctypes.POINTER(number)
        self._open = bind(library, "OpenSCManagerW", handle, text, text, number)
        self._close = bind(library, "CloseServiceHandle", flag, handle)
        self._enumerate = bind(
            library,
            "EnumServicesStatusExW",
            flag,
            *(handle, ctypes.c_int, number, number, ctypes.c_void_p, number),
            *(out, out, out, text),
        )
        # It is forwarded to sechost, where Wine has a trap under the name that ends the program.
        # Wine's advapi32 lacks it, so looking here is right for both.
        self._name_of_tag = find(
            library,
            "I_QueryTagInformation",
            wintypes.ULONG,
            *(text, ctypes.c_int, ctypes.c_void_p),
        )
        self._free = bind(
            load_library("kernel32.dll"), "LocalFree", ctypes.c_void_p, ctypes.c_void_p
        )

    def services(self) -> list[Service]:
        """List all services that are programs, running or not. Raises OSError."""
        try:
            return self._list(SERVICE_WIN32 | SERVICE_USER_OWN_AND_SHARE)
        except OSError:
            # Before Windows 10 there were no services per user, and asking for them is an error.
            return self._list(SERVICE_WIN32)

    def _list(self, kinds: int) -> list[Service]:
        found: list[Service] = []
        buffer = ctypes.create_string_buffer(_BUFFER_SIZE)
        needed, count, resume = wintypes.DWORD(), wintypes.DWORD(), wintypes.DWORD()
        with self._manager() as manager:
            while True:
                start = resume.value
                done = self._enumerate(
                    *(manager, SC_ENUM_PROCESS_INFO, kinds, SERVICE_STATE_ALL),
                    *(buffer, _BUFFER_SIZE),
                    *(ctypes.byref(needed), ctypes.byref(count), ctypes.byref(resume), None),
                )
                code = 0 if done else last_error()
                if code not in {0, ERROR_MORE_DATA}:
                    raise windows_error(code)
                address = ctypes.addressof(buffer)
                found.extend(parse_services(buffer.raw, address, count.value))
                if code == 0:
                    return found
                if resume.value == start:
                    # Wine starts over where Windows continues.
                    raise OSError("the list of services has no end")

    @contextmanager
    def _manager(self) -> Iterator[Any]:
        manager = self._open(None, None, SC_MANAGER_ENUMERATE_SERVICE)
        if not manager:
            raise windows_error(last_error())
        try:
            yield manager
        finally:
            self._close(manager)

    def name_of_tag(self, pid: int, tag: int) -> str | None:
        """Return the service whose thread has this tag in a process; None where unknown.

        I_QueryTagInformation is exported but not documented by Microsoft. What it is given and
        gives back is described in System Informer's subprocesstag.h. Not verified on Windows so
        far; Wine has none.
        """
        if self._name_of_tag is None:
            return None
        query = _NameFromTag(pid=pid, tag=tag)
        code = self._name_of_tag(None, TAG_INFO_NAME_FROM_TAG, ctypes.byref(query))
        if not query.name:
            return None
        try:
            is_service = code == 0 and query.tag_type == TAG_TYPE_SERVICE
            return ctypes.wstring_at(query.name) or None if is_service else None
        finally:
            self._free(query.name)


class _NameFromTag(ctypes.Structure):
    _fields_ = (
        ("pid", wintypes.ULONG),
        ("tag", wintypes.ULONG),
        ("tag_type", wintypes.ULONG),
        ("name", ctypes.c_void_p),
    )


@cache
def is_token_elevated() -> bool:
    """Return whether this process runs with administrator rights (TOKEN_ELEVATION, winnt.h).

    Asked once: a process keeps its token.
    """
    advapi32, kernel32 = load_library("advapi32.dll"), load_library("kernel32.dll")
    handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
    open_token = bind(advapi32, "OpenProcessToken", flag, handle, number, ctypes.POINTER(handle))
    query = bind(
        advapi32,
        "GetTokenInformation",
        flag,
        *(handle, ctypes.c_int, ctypes.c_void_p, number, ctypes.POINTER(number)),
    )
    this_process = bind(kernel32, "GetCurrentProcess", handle)()
    token, elevated, size = wintypes.HANDLE(), wintypes.DWORD(), wintypes.DWORD()
    if not open_token(this_process, TOKEN_QUERY, ctypes.byref(token)):
        raise windows_error(last_error())
    try:
        answer = (ctypes.byref(elevated), ctypes.sizeof(elevated), ctypes.byref(size))
        if not query(token, TOKEN_ELEVATION, *answer):
            raise windows_error(last_error())
    finally:
        bind(kernel32, "CloseHandle", flag, handle)(token)
    return bool(elevated.value)
