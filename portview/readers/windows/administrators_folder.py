"""A folder that administrators alone can enter, for what an elevated process keeps (Windows).

Everybody may make folders below ProgramData. So the folder is made with its owner and its rights
in one call, and one that is there already counts only if its owner is the Administrators group or
the system and nobody else has any right. Not verified on Windows so far; Wine keeps no such rights.
"""

from __future__ import annotations

import ctypes
import re
import uuid
from ctypes import wintypes
from functools import cache
from pathlib import Path
from typing import Any

from portview.readers.windows.dll import bind, last_error, load_library, windows_error
from portview.readers.windows.private_files import FileInformation
from portview.readers.windows.tokens import own_token

ADMINISTRATORS_ALONE = "O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;RC;;;S-1-3-4)"
"""Owner and rights in the security descriptor definition language: Administrators (BA), the system
(SY), and no right for an owner as such (S-1-3-4), who could otherwise change the rights."""

_PROGRAM_DATA = "{62AB5D82-FDC1-4DC3-A9DD-070D1D495D97}"
_SDDL_REVISION = 1
_OWNER_AND_DACL = 0x1 | 0x4
_SE_FILE_OBJECT = 1
_READ_CONTROL, _READ_ATTRIBUTES = 0x0002_0000, 0x0080
_SHARE_ALL, _OPEN_EXISTING = 0x7, 3
_BACKUP_SEMANTICS, _OPEN_REPARSE_POINT = 0x0200_0000, 0x0020_0000
_DIRECTORY, _REPARSE_POINT = 0x10, 0x400
_ALREADY_EXISTS = 183
_INVALID_HANDLE = ctypes.c_void_p(-1).value

_TRUSTED = frozenset({"BA", "S-1-5-32-544", "SY", "S-1-5-18"})
_OWNER_RIGHTS = frozenset({"OW", "S-1-3-4"})
_DESCRIPTOR = re.compile(
    r"O:(?P<owner>[A-Z0-9-]+?)(?:G:[A-Z0-9-]+?)?D:(?P<flags>[A-Z]*)(?P<rest>.*)"
)
_ENTRY = re.compile(
    r"\((?P<kind>[A-Z]+);(?P<flags>[A-Z]*);(?P<rights>[^;()]*);;;(?P<who>[A-Z0-9-]+)\)"
)


def administrators_folder() -> Path:
    """Return this user's folder among those of administrators, made where it is missing.

    Raises OSError, also where somebody else made it first.
    """
    folder = _program_data() / "PortView"
    make_administrators_folder(folder)
    own = folder / own_token().user_id
    make_administrators_folder(own)
    return own


def make_administrators_folder(folder: Path) -> None:
    """Make a folder with its rights, or make sure that an existing one has them. Raises OSError."""
    library = _library()
    descriptor = ctypes.c_void_p()
    if not library.from_text(ADMINISTRATORS_ALONE, _SDDL_REVISION, ctypes.byref(descriptor), None):
        raise windows_error(last_error())
    try:
        attributes = _SecurityAttributes(
            ctypes.sizeof(_SecurityAttributes), descriptor, wintypes.BOOL(0)
        )
        if not library.make_folder(str(folder), ctypes.byref(attributes)):
            code = last_error()
            if code != _ALREADY_EXISTS:
                raise windows_error(code)
    finally:
        library.free(descriptor)
    if not is_for_administrators_alone(security_of_folder(folder)):
        raise OSError(f"{folder} is not for administrators alone")


def security_of_folder(folder: Path) -> str:
    """Return the owner and the rights of a folder as text. Raises OSError, also for a link."""
    library = _library()
    handle = library.open(
        str(folder),
        _READ_CONTROL | _READ_ATTRIBUTES,
        _SHARE_ALL,
        None,
        _OPEN_EXISTING,
        _BACKUP_SEMANTICS | _OPEN_REPARSE_POINT,
        None,
    )
    if handle == _INVALID_HANDLE:
        raise windows_error(last_error())
    try:
        info = FileInformation()
        if not library.inspect(handle, ctypes.byref(info)):
            raise windows_error(last_error())
        if info.attributes & (_DIRECTORY | _REPARSE_POINT) != _DIRECTORY:
            raise OSError(f"{folder} is not a folder itself")
        return _text_of(library, handle)
    finally:
        library.close(handle)


def _text_of(library: _Library, handle: int) -> str:
    descriptor, text = ctypes.c_void_p(), wintypes.LPWSTR()
    code = library.security(
        *(handle, _SE_FILE_OBJECT, _OWNER_AND_DACL, None, None, None, None),
        ctypes.byref(descriptor),
    )
    if code:
        raise windows_error(code)
    try:
        if not library.to_text(
            *(descriptor, _SDDL_REVISION, _OWNER_AND_DACL, ctypes.byref(text), None)
        ):
            raise windows_error(last_error())
        try:
            return str(text.value)
        finally:
            library.free(text)
    finally:
        library.free(descriptor)


def is_for_administrators_alone(security: str) -> bool:
    """Return whether a security descriptor gives nobody but administrators any right. Pure.

    Its owner must be one of them, its rights must not be inherited, and no list of rights at all
    means that everybody has all of them.
    """
    match = _DESCRIPTOR.fullmatch(security)
    if match is None or match["owner"] not in _TRUSTED or "P" not in match["flags"]:
        return False
    entries = list(_ENTRY.finditer(match["rest"]))
    if not entries or "".join(entry[0] for entry in entries) != match["rest"]:
        return False
    return all(
        entry["who"] in _TRUSTED
        or (entry["who"] in _OWNER_RIGHTS and entry["rights"] == "RC")
        or entry["kind"] == "D"
        for entry in entries
    )


def _program_data() -> Path:
    """Return the folder ProgramData, as Windows and not the environment names it."""
    folder = ctypes.c_void_p()
    shell32, ole32 = load_library("shell32.dll"), load_library("ole32.dll")
    ask = bind(
        shell32,
        "SHGetKnownFolderPath",
        ctypes.c_long,
        *(ctypes.c_void_p, wintypes.DWORD, wintypes.HANDLE, ctypes.POINTER(ctypes.c_void_p)),
    )
    free = bind(ole32, "CoTaskMemFree", None, ctypes.c_void_p)
    which = ctypes.create_string_buffer(uuid.UUID(_PROGRAM_DATA).bytes_le, 16)
    result = ask(which, 0, None, ctypes.byref(folder))
    try:
        if result or not folder.value:
            raise OSError(f"Windows does not tell the folder ProgramData ({result:#x})")
        return Path(ctypes.wstring_at(folder.value))
    finally:
        free(folder)


class _SecurityAttributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES."""

    _fields_ = (
        ("length", wintypes.DWORD),
        ("descriptor", ctypes.c_void_p),
        ("is_inherited", wintypes.BOOL),
    )


class _Library:
    def __init__(self) -> None:
        advapi32, kernel32 = load_library("advapi32.dll"), load_library("kernel32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        text, data, out = wintypes.LPCWSTR, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)
        self.from_text = bind(
            advapi32,
            "ConvertStringSecurityDescriptorToSecurityDescriptorW",
            flag,
            *(text, number, out, data),
        )
        self.to_text = bind(
            advapi32,
            "ConvertSecurityDescriptorToStringSecurityDescriptorW",
            flag,
            *(data, number, number, ctypes.POINTER(wintypes.LPWSTR), data),
        )
        self.security = bind(
            advapi32,
            "GetSecurityInfo",
            number,
            *(handle, ctypes.c_int, number, data, data, data, data, out),
        )
        self.make_folder = bind(kernel32, "CreateDirectoryW", flag, text, data)
        self.open: Any = bind(
            kernel32, "CreateFileW", handle, text, number, number, data, number, number, handle
        )
        self.inspect = bind(
            kernel32, "GetFileInformationByHandle", flag, handle, ctypes.POINTER(FileInformation)
        )
        self.close = bind(kernel32, "CloseHandle", flag, handle)
        self.free = bind(kernel32, "LocalFree", data, data)


@cache
def _library() -> _Library:
    return _Library()
