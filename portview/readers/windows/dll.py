"""The one door to Windows' own libraries."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

LOAD_LIBRARY_SEARCH_SYSTEM32 = 0x800


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
    return ctypes.WinError(code)
