"""Who made a named pipe (GetSecurityInfo), so that nobody else can speak for PortView."""

from __future__ import annotations

import ctypes
import os
from ctypes import wintypes
from functools import cache

from portview.readers.windows.dll import bind, load_library, windows_error
from portview.readers.windows.tokens import read_token_rights

SE_KERNEL_OBJECT = 6
OWNER_SECURITY_INFORMATION = 1
_ADMINISTRATORS, _LOCAL_SYSTEM = "S-1-5-32-544", "S-1-5-18"
"""What an elevated process of this user makes may belong to the group."""


def is_own_pipe(handle: int) -> bool:
    """Return whether this user or an administrator made a pipe. Raises OSError.

    ``handle`` needs the right READ_CONTROL, which GENERIC_READ includes. Not verified on Windows.
    """
    owner = _owner(handle)
    return owner in {_own_sid(), _ADMINISTRATORS, _LOCAL_SYSTEM}


@cache
def _own_sid() -> str:
    return read_token_rights(os.getpid()).user_id


def _owner(handle: int) -> str:
    advapi32 = load_library("advapi32.dll")
    free = bind(load_library("kernel32.dll"), "LocalFree", ctypes.c_void_p, ctypes.c_void_p)
    pointer = ctypes.POINTER(ctypes.c_void_p)
    ask = bind(
        advapi32,
        "GetSecurityInfo",
        wintypes.DWORD,
        *(wintypes.HANDLE, ctypes.c_int, wintypes.DWORD),
        *(pointer, pointer, pointer, pointer, pointer),
    )
    to_text = bind(
        advapi32,
        "ConvertSidToStringSidW",
        wintypes.BOOL,
        *(ctypes.c_void_p, ctypes.POINTER(wintypes.LPWSTR)),
    )
    sid, descriptor = ctypes.c_void_p(), ctypes.c_void_p()
    code = ask(
        *(handle, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION),
        *(ctypes.byref(sid), None, None, None, ctypes.byref(descriptor)),
    )
    if code:
        raise windows_error(code)
    text = wintypes.LPWSTR()
    try:
        if not to_text(sid, ctypes.byref(text)):
            raise OSError("the owner of the pipe has no SID")
        return str(text.value)
    finally:
        free(text)
        free(descriptor)
