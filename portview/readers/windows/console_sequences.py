"""Whether a console of Windows obeys control sequences: colours, and moves of the cursor.

https://learn.microsoft.com/windows/console/setconsolemode
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes

from portview.readers.windows.dll import bind, load_library

_ENABLE_VIRTUAL_TERMINAL_PROCESSING = 0x0004


def enable_sequences(descriptor: int) -> bool:
    """Have the console of a descriptor obey sequences; return whether it does."""
    if sys.platform != "win32":
        return False
    import msvcrt  # noqa: PLC0415 - of Windows

    kernel32 = load_library("kernel32.dll")
    read = bind(
        kernel32,
        "GetConsoleMode",
        wintypes.BOOL,
        wintypes.HANDLE,
        ctypes.POINTER(wintypes.DWORD),
    )
    change = bind(kernel32, "SetConsoleMode", wintypes.BOOL, wintypes.HANDLE, wintypes.DWORD)
    handle, mode = msvcrt.get_osfhandle(descriptor), wintypes.DWORD()
    if not read(handle, ctypes.byref(mode)):
        return False
    wanted = mode.value | _ENABLE_VIRTUAL_TERMINAL_PROCESSING
    return wanted == mode.value or bool(change(handle, wanted))
