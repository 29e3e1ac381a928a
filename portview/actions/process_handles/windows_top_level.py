"""The windows of another process, and asking them to close as their X button does."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from functools import cache
from typing import Any

from portview.readers.windows.dll import bind, load_library

WM_CLOSE = 0x0010
GW_OWNER = 4


def close_windows(pid: int) -> bool:
    """Post WM_CLOSE to the main windows of a process; say whether there were any.

    A program may ask whether to save first, or ignore it: only its end reports.
    """
    posted = [_library().post(window, WM_CLOSE, 0, 0) for window in main_windows(pid)]
    return any(posted)


def has_windows(pid: int) -> bool:
    """Return whether a process has main windows on this desktop."""
    return bool(main_windows(pid))


def main_windows(pid: int) -> list[int]:
    """Return a process's visible top-level windows without an owner, as the taskbar shows them."""
    library = _library()
    found: list[int] = []

    def inspector(window: int, _data: int) -> bool:
        owner = wintypes.DWORD()
        library.process_of(window, ctypes.byref(owner))
        is_main = library.is_visible(window) and not library.related(window, GW_OWNER)
        if owner.value == pid and is_main:
            found.append(window)
        return True

    library.enumerate(library.callback(inspector), 0)
    return found


class _Library:
    def __init__(self) -> None:
        user32 = load_library("user32.dll")
        window, flag, number = wintypes.HWND, wintypes.BOOL, wintypes.UINT
        # Not wintypes' WINFUNCTYPE on purpose: it exists on Windows only, and 64-bit Windows has
        # one calling convention, so that CFUNCTYPE is the same there.
        self.callback: Any = ctypes.CFUNCTYPE(flag, window, wintypes.LPARAM)
        self.enumerate = bind(user32, "EnumWindows", flag, self.callback, wintypes.LPARAM)
        self.process_of = bind(
            user32,
            "GetWindowThreadProcessId",
            wintypes.DWORD,
            window,
            ctypes.POINTER(wintypes.DWORD),
        )
        self.is_visible = bind(user32, "IsWindowVisible", flag, window)
        self.related = bind(user32, "GetWindow", window, window, number)
        self.post = bind(
            user32, "PostMessageW", flag, window, number, wintypes.WPARAM, wintypes.LPARAM
        )


@cache
def _library() -> _Library:
    return _Library()
