"""The system's own window about a file: its Properties, as Explorer shows them (Windows)."""

from __future__ import annotations

import ctypes

from portview.actions.elevation.uac import (
    SEE_MASK_FLAG_NO_UI,
    SEE_MASK_NOASYNC,
    ShellExecuteInfo,
)
from portview.domain.errors import Outcome, PortViewError
from portview.readers.windows.dll import bind, last_error, load_library, windows_error

SEE_MASK_INVOKEIDLIST = 0x0000000C
"""Take the verb from the file's context menu, where "properties" is. Without it the verb is looked
up for the file's type only, and where none is found there the file is *run* (so does Wine)."""
_SW_SHOW = 5


def show_file_properties(path: str) -> None:
    """Open Explorer's Properties of a file (ShellExecuteExW, verb "properties"); UI thread.

    The window lives as long as the thread that asked for it handles messages. Raises PortViewError.
    Not verified on Windows so far; Wine has no such verb and says so.
    """
    info = ShellExecuteInfo(
        size=ctypes.sizeof(ShellExecuteInfo),
        mask=SEE_MASK_INVOKEIDLIST | SEE_MASK_NOASYNC | SEE_MASK_FLAG_NO_UI,
        verb="properties",
        file=path,
        show=_SW_SHOW,
    )
    execute = bind(load_library("shell32.dll"), "ShellExecuteExW", ctypes.c_int, ctypes.c_void_p)
    if not execute(ctypes.byref(info)):
        raise PortViewError(
            "no_properties",
            f"Windows showed no properties of the file: {windows_error(last_error()).strerror}",
            "Open its folder instead.",
            Outcome.NOT_DONE,
        )
