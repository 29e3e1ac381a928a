"""Folders of Windows that no variable of the environment decides."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from pathlib import Path

from portview.readers.windows.dll import bind, load_library, windows_error

CSIDL_COMMON_APPDATA, CSIDL_PROGRAM_FILES = 0x0023, 0x0026
_LONGEST_PATH = 260
_S_OK = 0


def known_folder(number: int) -> Path:
    """Return a folder by its CSIDL (SHGetFolderPathW). Raises OSError."""
    get = bind(
        load_library("shell32.dll"),
        "SHGetFolderPathW",
        ctypes.c_long,
        *(wintypes.HWND, ctypes.c_int, wintypes.HANDLE, wintypes.DWORD, wintypes.LPWSTR),
    )
    path = ctypes.create_unicode_buffer(_LONGEST_PATH)
    result = get(None, number, None, 0, path)
    if result != _S_OK:
        raise windows_error(result)
    return Path(path.value)
