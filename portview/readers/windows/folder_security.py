"""Folders of Windows with an owner and rights of their own (security descriptors).

A folder is made with its rights in one call, so that nobody comes in between.
"""

from __future__ import annotations

import ctypes
import re
import stat
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING

from portview.readers.windows.dll import bind, last_error, load_library, windows_error
from portview.readers.windows.private_files import FILE_ATTRIBUTE_REPARSE_POINT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ACCESS = 0x4
_OWNER_AND_ACCESS = 0x1 | _ACCESS
_PROTECTED_ACCESS = 0x8000_0000
_SE_FILE_OBJECT = 1
_SDDL_REVISION = 1
_ERROR_ALREADY_EXISTS = 183

_TRUSTED = frozenset({"SY", "S-1-5-18", "BA", "S-1-5-32-544"})
"""SYSTEM and Administrators, as SDDL writes them."""
_SERVICE = re.compile(r"S-1-5-80(-[0-9]+){5}")
"""The SID of one service, which no program of a user has."""
_READING = frozenset({"FR", "RC", "0x1200a9", "0x120089"})
_DESCRIPTOR = re.compile(
    r"O:(?P<owner>[A-Z0-9-]+?)(?:G:[A-Z0-9-]+?)?D:(?P<flags>P?(?:AI|AR)*)(?P<entries>.*)"
)
_ENTRY = re.compile(r"\((?P<kind>[AD]);[A-Z]*;(?P<rights>[^;()]*);;;(?P<who>[A-Z0-9-]+)\)")


def make_folder(folder: Path, sddl: str) -> bool:
    """Make a folder with its owner and rights; return whether it was not there yet.

    Raises OSError.
    """
    library = _library()
    with _descriptor(sddl) as descriptor:
        attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, 0)
        if library.create_folder(str(folder), ctypes.byref(attributes)):
            return True
        code = last_error()
    if code != _ERROR_ALREADY_EXISTS:
        raise windows_error(code)
    return False


def set_rights(folder: Path, sddl: str) -> None:
    """Give a folder and what it holds the rights of a descriptor. Raises OSError."""
    library = _library()
    present, defaulted, entries = wintypes.BOOL(), wintypes.BOOL(), ctypes.c_void_p()
    with _descriptor(sddl) as descriptor:
        if not library.access_list(
            descriptor, ctypes.byref(present), ctypes.byref(entries), ctypes.byref(defaulted)
        ):
            raise windows_error(last_error())
        code = library.set_security(
            *(str(folder), _SE_FILE_OBJECT, _ACCESS | _PROTECTED_ACCESS, None, None, entries, None)
        )
    if code:
        raise windows_error(code)


def is_plain_folder(folder: Path) -> bool:
    """Return whether it is a folder, and no junction or link to another one. Raises OSError."""
    status = folder.lstat()
    attributes = getattr(status, "st_file_attributes", 0)
    return stat.S_ISDIR(status.st_mode) and not attributes & FILE_ATTRIBUTE_REPARSE_POINT


def rights_of(folder: Path) -> str:
    """Return the owner and the rights of a folder as SDDL. Raises OSError."""
    library = _library()
    descriptor = ctypes.c_void_p()
    code = library.get_security(
        *(str(folder), _SE_FILE_OBJECT, _OWNER_AND_ACCESS),
        *(None, None, None, None, ctypes.byref(descriptor)),
    )
    if code:
        raise windows_error(code)
    try:
        text = wintypes.LPWSTR()
        if not library.to_text(
            descriptor, _SDDL_REVISION, _OWNER_AND_ACCESS, ctypes.byref(text), None
        ):
            raise windows_error(last_error())
        try:
            return str(text.value)
        finally:
            library.free(text)
    finally:
        library.free(descriptor)


def is_closed(sddl: str, *, may_inherit: bool = False) -> bool:
    """Return whether only administrators and services may change what a folder holds. Pure.

    Its owner must be one of them and its rights must not be inherited, unless it is a file in a
    folder that is closed itself; others may read at most. No list of rights at all means that
    everybody has all of them.
    """
    match = _DESCRIPTOR.fullmatch(sddl)
    if match is None or match["owner"] not in _TRUSTED:
        return False
    if not may_inherit and "P" not in match["flags"]:
        return False
    entries = list(_ENTRY.finditer(match["entries"]))
    if not entries or "".join(entry[0] for entry in entries) != match["entries"]:
        return False
    return all(
        entry["kind"] == "D"
        or entry["who"] in _TRUSTED
        or bool(_SERVICE.fullmatch(entry["who"]))
        or entry["rights"] in _READING
        for entry in entries
    )


class _SecurityAttributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES."""

    _fields_ = (
        ("length", wintypes.DWORD),
        ("descriptor", ctypes.c_void_p),
        ("inherits", wintypes.BOOL),
    )


@contextmanager
def _descriptor(sddl: str) -> Iterator[ctypes.c_void_p]:
    """Give the security descriptor that Windows makes of SDDL; freed at the end of the block."""
    pointer = ctypes.c_void_p()
    if not _library().from_text(sddl, _SDDL_REVISION, ctypes.byref(pointer), None):
        raise windows_error(last_error())
    try:
        yield pointer
    finally:
        _library().free(pointer)


class _Library:
    def __init__(self) -> None:
        advapi32, kernel32 = load_library("advapi32.dll"), load_library("kernel32.dll")
        flag, number, text, data = wintypes.BOOL, wintypes.DWORD, wintypes.LPCWSTR, ctypes.c_void_p
        out = ctypes.POINTER(ctypes.c_void_p)
        self.create_folder = bind(kernel32, "CreateDirectoryW", flag, text, data)
        self.from_text = bind(
            advapi32,
            "ConvertStringSecurityDescriptorToSecurityDescriptorW",
            *(flag, text, number, out, ctypes.POINTER(number)),
        )
        self.to_text = bind(
            advapi32,
            "ConvertSecurityDescriptorToStringSecurityDescriptorW",
            *(flag, data, number, number, ctypes.POINTER(wintypes.LPWSTR)),
            ctypes.POINTER(number),
        )
        self.get_security = bind(
            advapi32,
            "GetNamedSecurityInfoW",
            *(number, text, ctypes.c_int, number, data, data, data, data, out),
        )
        self.access_list = bind(
            advapi32,
            "GetSecurityDescriptorDacl",
            *(flag, data, ctypes.POINTER(flag), out, ctypes.POINTER(flag)),
        )
        self.set_security = bind(
            advapi32,
            "SetNamedSecurityInfoW",
            *(number, text, ctypes.c_int, number, data, data, data, data),
        )
        self.free = bind(kernel32, "LocalFree", data, data)


@cache
def _library() -> _Library:
    return _Library()
