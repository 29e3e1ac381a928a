"""Windows' own programs, by their full path, so that no other program of a name is started."""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import wintypes
from functools import lru_cache
from pathlib import Path

from portview.readers.windows.dll import bind, last_error, load_library, windows_error

CREATE_NO_WINDOW = 0x08000000
"""A console program started with this flag opens no window (winbase.h)."""

_LONGEST_PATH = 32_768
_HANDED_ON = ("TEMP", "TMP", "USERPROFILE", "USERNAME", "USERDOMAIN", "COMPUTERNAME")


def system_program(name: str) -> Path:
    """Return the path of a program in the system's folder, whether it is there or not.

    Raises OSError where Windows does not say its folder.
    """
    return Path(_system_folder(), name)


def system_folder() -> Path:
    """Return the folder System32. Raises OSError where Windows does not say it."""
    return Path(_system_folder())


def windows_folder() -> Path:
    """Return the folder of Windows. Raises OSError where Windows does not say it."""
    return Path(_windows_folder())


def program_folder() -> Path | None:
    """Return the working directory for a program of Windows' own, None on other systems."""
    return system_folder() if sys.platform == "win32" else None


def program_environment() -> dict[str, str] | None:
    """Return the variables for a program of Windows' own: none that say it what to load or run.

    None, which hands on this process's own, on other systems. Raises OSError where Windows does not
    report its folders.
    """
    if sys.platform != "win32":
        return None
    windows, system = windows_folder(), system_folder()
    return {
        **{name: os.environ[name] for name in _HANDED_ON if name in os.environ},
        "SYSTEMROOT": str(windows),
        "WINDIR": str(windows),
        "SYSTEMDRIVE": windows.drive,
        "COMSPEC": str(system / "cmd.exe"),
        "PATH": f"{system};{windows};{system / 'wbem'}",
        "PATHEXT": ".COM;.EXE;.BAT;.CMD",
    }


@lru_cache(maxsize=1)
def _system_folder() -> str:
    return _ask_folder("GetSystemDirectoryW", r"C:\Windows\System32")


@lru_cache(maxsize=1)
def _windows_folder() -> str:
    # GetWindowsDirectoryW may name a folder of the user's on a server with Terminal Services.
    return _ask_folder("GetSystemWindowsDirectoryW", r"C:\Windows")


def _ask_folder(function: str, elsewhere: str) -> str:
    """Ask Windows, not the environment: what runs elevated must not follow a user's variables."""
    if sys.platform != "win32":
        return elsewhere
    ask = bind(
        load_library("kernel32.dll"), function, wintypes.UINT, wintypes.LPWSTR, wintypes.UINT
    )
    folder = ctypes.create_unicode_buffer(_LONGEST_PATH)
    length = ask(folder, _LONGEST_PATH)
    if not 0 < length < _LONGEST_PATH:
        raise windows_error(last_error())
    return folder.value
