"""The windows of another process, found and closed as the system does it."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from dataclasses import dataclass
from typing import Any, Final

WM_CLOSE: Final = 0x0010
_LONGEST_TEXT: Final = 512


@dataclass(frozen=True, slots=True)
class NativeWindow:
    """One visible top-level window."""

    handle: int
    title: str
    class_name: str
    size: tuple[int, int]


def windows_of(pid: int) -> list[NativeWindow]:
    """Return the visible top-level windows of a process."""
    user32 = _user32()
    found: list[NativeWindow] = []

    def note(handle: int, _: int) -> bool:
        owner = wintypes.DWORD()
        user32.GetWindowThreadProcessId(handle, ctypes.byref(owner))
        if owner.value == pid and user32.IsWindowVisible(handle):
            found.append(_describe(handle))
        return True

    # Kept alive by its name until the enumeration is over.
    callback = _enumeration()(note)
    user32.EnumWindows(callback, 0)
    return found


def ask_to_close(handle: int) -> None:
    """Post WM_CLOSE, as the button in the title bar does."""
    _user32().PostMessageW(handle, WM_CLOSE, 0, 0)


def _describe(handle: int) -> NativeWindow:
    user32 = _user32()
    text = ctypes.create_unicode_buffer(_LONGEST_TEXT)
    user32.GetWindowTextW(handle, text, _LONGEST_TEXT)
    title = text.value
    user32.GetClassNameW(handle, text, _LONGEST_TEXT)
    place = wintypes.RECT()
    user32.GetWindowRect(handle, ctypes.byref(place))
    size = (place.right - place.left, place.bottom - place.top)
    return NativeWindow(handle, title, text.value, size)


def _enumeration() -> Any:
    return ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)  # type: ignore[attr-defined,unused-ignore]


def _user32() -> Any:
    user32 = ctypes.WinDLL("user32")  # type: ignore[attr-defined,unused-ignore]
    user32.PostMessageW.argtypes = (
        wintypes.HWND,
        wintypes.UINT,
        wintypes.WPARAM,
        wintypes.LPARAM,
    )
    for name in ("GetWindowTextW", "GetClassNameW"):
        getattr(user32, name).argtypes = (wintypes.HWND, wintypes.LPWSTR, ctypes.c_int)
    user32.GetWindowThreadProcessId.argtypes = (wintypes.HWND, ctypes.POINTER(wintypes.DWORD))
    user32.IsWindowVisible.argtypes = (wintypes.HWND,)
    user32.GetWindowRect.argtypes = (wintypes.HWND, ctypes.POINTER(wintypes.RECT))
    return user32
