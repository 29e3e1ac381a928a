"""The long form of paths with 8.3 names ("PROGRA~1"), which rules may be written with."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from functools import lru_cache

from portview.readers.windows.dll import bind, load_library

_LONGEST = 32768
"""Signs that a path can have with the prefix (GetLongPathNameW, fileapi.h)."""


@lru_cache(maxsize=256)
def long_path(path: str) -> str | None:
    r"""Return a path with all names in their long form, None where Windows does not say.

    A program that is gone has no long form. Local drives only: what "\\server\share" leads to may
    take long to answer.
    """
    if path[1:3] != ":\\":
        return None
    try:
        get = bind(
            load_library("kernel32.dll"),
            "GetLongPathNameW",
            wintypes.DWORD,
            *(wintypes.LPCWSTR, wintypes.LPWSTR, wintypes.DWORD),
        )
    except OSError:
        return None
    found = ctypes.create_unicode_buffer(_LONGEST)
    length = get(path, found, _LONGEST)
    return found.value if 0 < length < _LONGEST else None
