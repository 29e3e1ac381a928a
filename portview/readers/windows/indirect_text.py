"""Texts that Windows keeps in its libraries: ``@FirewallAPI.dll,-25301``."""

from __future__ import annotations

import ctypes
import os
from ctypes import wintypes
from functools import lru_cache

from portview.readers.windows.dll import bind, load_library

_LONGEST = 1024


@lru_cache(maxsize=4096)
def indirect_text(text: str) -> str:
    """Return what Windows shows for a text, the text itself where there is nothing. Any thread.

    Loads a library the first time, which takes a moment (SHLoadIndirectString, shlwapi.h).
    """
    if not text.startswith("@"):
        return text
    # Windows fills in variables itself, Wine does not.
    wanted = os.path.expandvars(text)
    # A share is not asked: a name must not make this machine talk to another one.
    if wanted.startswith(("@\\\\", "@//")):
        return text
    try:
        load = bind(
            load_library("shlwapi.dll"),
            "SHLoadIndirectString",
            ctypes.c_long,
            *(wintypes.LPCWSTR, wintypes.LPWSTR, wintypes.UINT, ctypes.c_void_p),
        )
        shown = ctypes.create_unicode_buffer(_LONGEST)
        code = load(wanted, shown, _LONGEST, None)
    except (OSError, ValueError):
        # ValueError: a NUL in the text, which nobody but a prankster writes.
        return text
    return shown.value if code == 0 and shown.value else text
