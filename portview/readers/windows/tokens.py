"""Who a process of Windows runs as, from its token (OpenProcessToken, GetTokenInformation).

Not verified on Windows so far; Wine has the same calls.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from portview.domain.owners.process_rights import ProcessRights
from portview.readers.windows.dll import bind, last_error, load_library, windows_error
from portview.readers.windows.processes import PROCESS_QUERY_LIMITED_INFORMATION, open_process

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN_QUERY = 0x0008
TOKEN_USER, TOKEN_ELEVATION_TYPE, TOKEN_ELEVATION, TOKEN_INTEGRITY_LEVEL = 1, 18, 20, 25
TOKEN_ELEVATION_TYPE_FULL = 2
SECURITY_MANDATORY_MEDIUM_RID = 0x2000
ERROR_INSUFFICIENT_BUFFER = 122
_LARGEST = 64 * 1024


class OwnToken(NamedTuple):
    """Who this process runs as, and whether the same user runs programs with fewer rights."""

    user_id: str
    is_split: bool


def read_token_rights(pid: int) -> ProcessRights:
    """Return the SID, the integrity level and whether the token is elevated. Raises OSError."""
    with _token_of(pid) as token:
        elevated = bool(_answer(token, TOKEN_ELEVATION)[0])
        level = _integrity(token)
        is_privileged = elevated or level > SECURITY_MANDATORY_MEDIUM_RID
        return ProcessRights(_user(token), f"{level:#x}", is_privileged=is_privileged)


@cache
def own_token() -> OwnToken:
    """Return what this process's token says; asked once, for it is kept. Raises OSError.

    It is split where User Account Control gave this process the full one of two tokens
    (TokenElevationTypeFull): programs of the same user run with the other one.
    """
    with _token_of(os.getpid()) as token:
        kind = int.from_bytes(_answer(token, TOKEN_ELEVATION_TYPE).raw[:4], "little")
        return OwnToken(_user(token), kind == TOKEN_ELEVATION_TYPE_FULL)


@contextmanager
def _token_of(pid: int) -> Iterator[Any]:
    with open_process(pid, PROCESS_QUERY_LIMITED_INFORMATION) as process:
        token = wintypes.HANDLE()
        if not _library().open_token(process, TOKEN_QUERY, ctypes.byref(token)):
            raise windows_error(last_error())
        try:
            yield token
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
