"""The folder of the service's watches, store and log: below ProgramData, closed to others.

Everybody may create folders in ProgramData. So one that is there already is used only where an
administrator made it and its access list is a protected one: what others put there would rule a
service.
"""

from __future__ import annotations

import ctypes
import hashlib
import stat
import struct
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _
from portview.readers.windows.dll import bind, last_error, load_library, windows_error
from portview.readers.windows.known_folders import CSIDL_COMMON_APPDATA, known_folder
from portview.readers.windows.private_files import FILE_ATTRIBUTE_REPARSE_POINT

if TYPE_CHECKING:
    from pathlib import Path

_FULL, _MODIFY, _READ = "FA", "0x1301bf", "0x1200a9"
_ACCESS = 0x4
_OWNER_AND_ACCESS = 0x1 | _ACCESS
_PROTECTED_ACCESS = 0x8000_0000
_SE_FILE_OBJECT = 1
_SDDL_REVISION = 1
_ERROR_ALREADY_EXISTS = 183
_TRUSTED = ("S-1-5-18", "S-1-5-32-544", "SY", "BA")
"""SYSTEM and Administrators, as SDDL writes them."""


def service_folder() -> Path:
    """Return the folder. Raises OSError where Windows does not say where ProgramData is."""
    return known_folder(CSIDL_COMMON_APPDATA) / "PortView"


def service_sid(name: str) -> str:
    r"""Return the SID of ``NT SERVICE\name``: its name in capitals as SHA-1, five numbers.

    [MS-DTYP] 2.4.2.4; the service that carries it is the only process that has it.
    """
    digest = hashlib.sha1(name.upper().encode("utf-16-le")).digest()  # noqa: S324 - Windows' rule
    return "S-1-5-80-" + "-".join(str(number) for number in struct.unpack("<5I", digest))


def folder_sddl(name: str, reader: str) -> str:
    """Return the security descriptor in SDDL: the service may change, ``reader`` may read.

    Administrators own it; protected, so that what Users may do in ProgramData does not count here.
    """
    entries = (
        (_FULL, "SY"),
        (_FULL, "BA"),
        (_MODIFY, service_sid(name)),
        *(((_READ, reader),) if reader else ()),
    )
    return "O:BAD:P" + "".join(f"(A;OICI;{rights};;;{who})" for rights, who in entries)


def is_closed(sddl: str) -> bool:
    """Return whether a descriptor is one that administrators own and that inherits nothing."""
    owner, separator, access = sddl.partition("D:")
    flags = access.partition("(")[0]
    return bool(separator) and owner in {f"O:{each}" for each in _TRUSTED} and "P" in flags


def prepare_folder(folder: Path, name: str, reader: str, *, is_in_use: bool) -> None:
    """Create the folder with its access list, or check the one that is there.

    ``is_in_use`` where the service is installed, and the folder was checked then. Raises
    PortViewError for a folder that others may have filled, and OSError.
    """
    library = _library()
    with _Descriptor(folder_sddl(name, reader)) as descriptor:
        attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, 0)
        if library.create_folder(str(folder), ctypes.byref(attributes)):
            return
        code = last_error()
        if code != _ERROR_ALREADY_EXISTS:
            raise windows_error(code)
        if not is_in_use and not (_is_plain(folder) and is_closed(_sddl_of(folder))):
            raise PortViewError(
                "open_folder",
                _("{path} is not a folder that administrators alone can fill.").format(path=folder),
                _("See what it holds, move it away and try again."),
                Outcome.NOT_DONE,
            )
        _set_access(folder, descriptor)


def _set_access(folder: Path, descriptor: ctypes.c_void_p) -> None:
    """Give the folder and what it holds an access list: another account may read from now on."""
    library = _library()
    present, defaulted, entries = wintypes.BOOL(), wintypes.BOOL(), ctypes.c_void_p()
    if not library.access_list(
        descriptor, ctypes.byref(present), ctypes.byref(entries), ctypes.byref(defaulted)
    ):
        raise windows_error(last_error())
    code = library.set_security(
        *(str(folder), _SE_FILE_OBJECT, _ACCESS | _PROTECTED_ACCESS, None, None, entries, None)
    )
    if code:
        raise windows_error(code)


def _is_plain(folder: Path) -> bool:
    """Return whether it is a folder, and no junction or link to another one."""
    status = folder.lstat()
    attributes = getattr(status, "st_file_attributes", 0)
    return stat.S_ISDIR(status.st_mode) and not attributes & FILE_ATTRIBUTE_REPARSE_POINT


def _sddl_of(folder: Path) -> str:
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


class _SecurityAttributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES."""

    _fields_ = (
        ("length", wintypes.DWORD),
        ("descriptor", ctypes.c_void_p),
        ("inherits", wintypes.BOOL),
    )


class _Descriptor:
    """A security descriptor that Windows made of SDDL; freed at the end of the block."""

    def __init__(self, sddl: str) -> None:
        self._sddl = sddl
        self._pointer = ctypes.c_void_p()

    def __enter__(self) -> ctypes.c_void_p:
        made = _library().from_text(self._sddl, _SDDL_REVISION, ctypes.byref(self._pointer), None)
        if not made:
            raise windows_error(last_error())
        return self._pointer

    def __exit__(self, *_exception: object) -> None:
        _library().free(self._pointer)


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
