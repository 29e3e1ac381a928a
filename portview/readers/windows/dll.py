"""Windows' own libraries, loaded from the system's folder only."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

LOAD_LIBRARY_SEARCH_USER_DIRS = 0x400
LOAD_LIBRARY_SEARCH_SYSTEM32 = 0x800


def restrict_library_search() -> None:
    """Let this process find libraries only in the system's folder and in folders that it adds.

    Without it Windows also looks beside the program, in the working directory and along PATH, for
    what libraries of its own load by name later. Packages add the folders of their libraries with
    ``os.add_dll_directory``, the packaged program with SetDllDirectory. Does nothing elsewhere.
    https://learn.microsoft.com/windows/win32/api/libloaderapi/nf-libloaderapi-setdefaultdlldirectories
    """
    if sys.platform != "win32":
        return
    kernel32 = load_library("kernel32.dll")
    restrict = bind(kernel32, "SetDefaultDllDirectories", ctypes.c_int, ctypes.c_uint32)
    if not restrict(LOAD_LIBRARY_SEARCH_SYSTEM32 | LOAD_LIBRARY_SEARCH_USER_DIRS):
        raise windows_error(last_error())


def load_library(name: str) -> ctypes.CDLL:
    """Load a library of Windows, from the system's folder only, never from beside the program.

    Raises OSError on other systems and where the library is missing.
    """
    if sys.platform != "win32":
        raise OSError(f"{name} is a part of Windows")
    return ctypes.WinDLL(name, use_last_error=True, winmode=LOAD_LIBRARY_SEARCH_SYSTEM32)


def bind(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    """Return a function of a library with its types declared. Raises OSError if it is absent."""
    try:
        function = library[name]
    except AttributeError as error:
        raise OSError(f"this system's libraries lack {name}") from error
    function.restype = result
    function.argtypes = arguments
    return function


def find(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any | None:
    """Return a function like ``bind`` does, None where this system's library lacks it."""
    try:
        return bind(library, name, result, *arguments)
    except OSError:
        return None


def last_error() -> int:
    """Return the error code that the last call on this thread left behind, 0 elsewhere."""
    if sys.platform != "win32":
        return 0
    return ctypes.get_last_error()


def windows_error(code: int) -> OSError:
    """Return the exception that says what a Windows error code means."""
    if sys.platform != "win32":
        return OSError(code, f"Windows error {code}")
    return ctypes.WinError(signed_code(code))


def signed_code(code: int) -> int:
    """Return a code as the signed 32 bits that exceptions take: NTSTATUS and HRESULT are above."""
    code &= 0xFFFFFFFF
    return code - (1 << 32) if code >> 31 else code
