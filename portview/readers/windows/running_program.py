"""The program that a process of Windows runs: its image path and the file's own ID."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from functools import cache
from typing import Any

from portview.domain.facts import ABSENT, Known
from portview.domain.owners.program import RunningProgram, token_of
from portview.i18n import _
from portview.readers.elevation import unreadable_here
from portview.readers.windows.dll import bind, last_error, load_library, windows_error
from portview.readers.windows.file_information import (
    FILE_READ_ATTRIBUTES,
    FILE_SHARE_ALL,
    INVALID_HANDLE_VALUE,
    FileInformation,
)

_LONGEST_PATH = 32768
"""UNICODE_STRING's limit, in UTF-16 units, which QueryFullProcessImageNameW stays within."""
_OPEN_EXISTING = 3


def read_windows_program(handle: int) -> RunningProgram:
    """Return the program of the process behind a handle. Never raises; any thread.

    The handle needs PROCESS_QUERY_LIMITED_INFORMATION. A process of Windows keeps its program for
    life, so there is no load to report apart.
    """
    try:
        path = _image_path(handle)
    except OSError as error:
        unreadable = unreadable_here(
            _("the image path ({value})").format(value=error.strerror or error), error
        )
        return RunningProgram(unreadable, ABSENT, unreadable)
    file = token_of((path.casefold(), *_file_id(path)))
    return RunningProgram(Known(file), ABSENT, name_token(path.rpartition("\\")[2]))


def name_token(name: str) -> Known[str]:
    """Return what stands for a process of which only the image's name is known."""
    return Known(token_of((name.casefold(),)))


def _image_path(handle: int) -> str:
    buffer = ctypes.create_unicode_buffer(_LONGEST_PATH)
    size = wintypes.DWORD(len(buffer))
    if not _library().image_name(handle, 0, buffer, ctypes.byref(size)):
        raise windows_error(last_error())
    return buffer.value


def _file_id(path: str) -> tuple[int, ...]:
    """Return the volume's serial number and the file's index; nothing where it can't be opened."""
    library = _library()
    file = library.open_file(
        path, FILE_READ_ATTRIBUTES, FILE_SHARE_ALL, None, _OPEN_EXISTING, 0, None
    )
    if not file or file == INVALID_HANDLE_VALUE:
        return ()
    try:
        said = FileInformation()
        if not library.file_information(file, ctypes.byref(said)):
            return ()
        return (said.volume, said.index_high, said.index_low)
    finally:
        library.close(file)


class _Library:
    def __init__(self) -> None:
        kernel32 = load_library("kernel32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        text, data = wintypes.LPCWSTR, ctypes.c_void_p
        self.image_name: Any = bind(
            kernel32,
            "QueryFullProcessImageNameW",
            flag,
            *(handle, number, wintypes.LPWSTR, ctypes.POINTER(number)),
        )
        self.open_file: Any = bind(
            kernel32, "CreateFileW", handle, text, number, number, data, number, number, handle
        )
        self.file_information: Any = bind(
            kernel32, "GetFileInformationByHandle", flag, handle, data
        )
        self.close: Any = bind(kernel32, "CloseHandle", flag, handle)


@cache
def _library() -> _Library:
    return _Library()
