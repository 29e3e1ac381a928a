"""Windows' own programs, by their full path, so that no other program of a name is started."""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes
from functools import lru_cache
from pathlib import Path

from portview.readers.windows.dll import bind, last_error, load_library, windows_error

CREATE_NO_WINDOW = 0x08000000
"""A console program started with this flag opens no window (winbase.h)."""

_LONGEST_PATH = 32_768


def system_program(name: str) -> Path:
    """Return the path of a program in the system's folder, whether it is there or not.

    Raises OSError where Windows does not tell its folder.
    """
    return Path(_system_folder(), name)


@lru_cache(maxsize=1)
def _system_folder() -> str:
    """Ask Windows, not the environment: what runs elevated must not follow a user's variables."""
    if sys.platform != "win32":
        return r"C:\Windows\System32"
    ask = bind(
        load_library("kernel32.dll"),
        "GetSystemDirectoryW",
        wintypes.UINT,
        *(wintypes.LPWSTR, wintypes.UINT),
    )
    folder = ctypes.create_unicode_buffer(_LONGEST_PATH)
    if not ask(folder, _LONGEST_PATH):
        raise windows_error(last_error())
    return folder.value
