"""Who a process of Windows runs as, from its token (OpenProcessToken, GetTokenInformation).

Not verified on Windows so far; Wine has the same calls.
"""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from functools import cache
from typing import Any

from portview.domain.owners.process_rights import ProcessRights
from portview.readers.windows.dll import bind, last_error, load_library, windows_error
from portview.readers.windows.processes import PROCESS_QUERY_LIMITED_INFORMATION, open_process

TOKEN_QUERY = 0x0008
TOKEN_USER, TOKEN_ELEVATION, TOKEN_INTEGRITY_LEVEL = 1, 20, 25
SECURITY_MANDATORY_MEDIUM_RID = 0x2000
ERROR_INSUFFICIENT_BUFFER = 122
_LARGEST = 64 * 1024


def read_token_rights(pid: int) -> ProcessRights:
    """Return the SID, the integrity level and whether the token is elevated. Raises OSError."""
    with open_process(pid, PROCESS_QUERY_LIMITED_INFORMATION) as process:
        token = wintypes.HANDLE()
        if not _library().open_token(process, TOKEN_QUERY, ctypes.byref(token)):
            raise windows_error(last_error())
        try:
            elevated = bool(_answer(token, TOKEN_ELEVATION)[0])
            level = _integrity(token)
            is_privileged = elevated or level > SECURITY_MANDATORY_MEDIUM_RID
            return ProcessRights(_user(token), f"{level:#x}", is_privileged=is_privileged)
        finally:
            _library().close_handle(token)


def _answer(token: Any, kind: int) -> ctypes.Array[ctypes.c_char]:
    """Ask for the size first, as the documentation does, and then for as much."""
    query, needed = _library().query, wintypes.DWORD()
    query(token, kind, None, 0, ctypes.byref(needed))
    code = last_error()
    if code != ERROR_INSUFFICIENT_BUFFER or not 0 < needed.value <= _LARGEST:
        raise windows_error(code)
    buffer = ctypes.create_string_buffer(needed.value)
    if not query(token, kind, buffer, len(buffer), ctypes.byref(needed)):
        raise windows_error(last_error())
    return buffer


class _SidAndAttributes(ctypes.Structure):
    """TOKEN_USER and TOKEN_MANDATORY_LABEL begin with this."""

    _fields_ = (("sid", ctypes.c_void_p), ("attributes", wintypes.DWORD))


def _sid_of(buffer: ctypes.Array[ctypes.c_char]) -> str:
    """Return the SID in letters; it points into the buffer, which has to live meanwhile."""
    entry = _SidAndAttributes.from_buffer(buffer)
    text = wintypes.LPWSTR()
    if not _library().sid_text(entry.sid, ctypes.byref(text)):
        raise windows_error(last_error())
    try:
        return str(text.value)
    finally:
        _library().free(text)


def _user(token: Any) -> str:
    return _sid_of(_answer(token, TOKEN_USER))


def _integrity(token: Any) -> int:
    """Return the RID of the integrity level, the last part of a SID such as S-1-16-8192."""
    return int(_sid_of(_answer(token, TOKEN_INTEGRITY_LEVEL)).rpartition("-")[2])


class _Library:
    def __init__(self) -> None:
        advapi32, kernel32 = load_library("advapi32.dll"), load_library("kernel32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        data, out = ctypes.c_void_p, ctypes.POINTER(number)
        self.open_token = bind(
            advapi32, "OpenProcessToken", flag, handle, number, ctypes.POINTER(handle)
        )
        self.query = bind(
            advapi32, "GetTokenInformation", flag, handle, ctypes.c_int, data, number, out
        )
        self.sid_text = bind(
            advapi32, "ConvertSidToStringSidW", flag, data, ctypes.POINTER(wintypes.LPWSTR)
        )
        self.free = bind(kernel32, "LocalFree", data, data)
        self.close_handle = bind(kernel32, "CloseHandle", flag, handle)


@cache
def _library() -> _Library:
    return _Library()
