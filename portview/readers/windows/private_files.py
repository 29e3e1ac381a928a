"""Open a file of this user's without following what may have been put in its place (Windows)."""

from __future__ import annotations

import ctypes
import importlib
import os
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Any

from portview.readers.windows.dll import bind, last_error, load_library, windows_error
from portview.readers.windows.file_information import (
    FILE_READ_ATTRIBUTES,
    FILE_SHARE_ALL,
    INVALID_HANDLE_VALUE,
    FileInformation,
)

if TYPE_CHECKING:
    from pathlib import Path

FILE_APPEND_DATA = 0x0004
SYNCHRONIZE = 0x0010_0000
OPEN_ALWAYS = 4
FILE_ATTRIBUTE_NORMAL = 0x80
FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_REPARSE_POINT = 0x10, 0x400
FILE_FLAG_OPEN_REPARSE_POINT = 0x0020_0000
FILE_TYPE_DISK = 1


def append_to_file(path: Path) -> int:
    """Open or create a file and return a descriptor that appends.

    Raises OSError, also for a symbolic link, a pipe, a device and a file with a second name (a hard
    link), each of which may lead to a file that somebody else chose.
    """
    library = _library()
    handle = library.create(
        str(path),
        FILE_APPEND_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
        FILE_SHARE_ALL,
        None,
        OPEN_ALWAYS,
        FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT,
        None,
    )
    if handle == INVALID_HANDLE_VALUE:
        raise windows_error(last_error())
    try:
        _check(library, handle, path)
        return int(_msvcrt().open_osfhandle(handle, os.O_APPEND))
    except OSError:
        library.close(handle)
        raise


def _check(library: _Library, handle: int, path: Path) -> None:
    if library.kind(handle) != FILE_TYPE_DISK:
        raise OSError(f"{path} is not a file")
    info = FileInformation()
    if not library.inspect(handle, ctypes.byref(info)):
        raise windows_error(last_error())
    if info.attributes & (FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_DIRECTORY):
        raise OSError(f"{path} is a link to another file")
    if info.links > 1:
        raise OSError(f"{path} is a file that has another name as well")


class _Library:
    def __init__(self) -> None:
        kernel32 = load_library("kernel32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        self.create = bind(
            kernel32,
            "CreateFileW",
            handle,
            *(wintypes.LPCWSTR, number, number, ctypes.c_void_p, number, number, handle),
        )
        self.close = bind(kernel32, "CloseHandle", flag, handle)
        self.kind = bind(kernel32, "GetFileType", number, handle)
        self.inspect = bind(
            kernel32, "GetFileInformationByHandle", flag, handle, ctypes.POINTER(FileInformation)
        )


@cache
def _library() -> _Library:
    return _Library()


def _msvcrt() -> Any:
    # Type checkers on other systems know the module as an empty one.
    return importlib.import_module("msvcrt")
