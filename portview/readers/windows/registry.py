"""The registry: whole keys at once, and word of their changes."""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes
from typing import TYPE_CHECKING, Any, TypeAlias

from portview.readers.windows.dll import bind, last_error, load_library, windows_error

if sys.platform == "win32":
    import winreg

if TYPE_CHECKING:
    from collections.abc import Iterator

REG_NOTIFY_CHANGE_NAME = 0x1
REG_NOTIFY_CHANGE_LAST_SET = 0x4
REG_NOTIFY_THREAD_AGNOSTIC = 0x10000000
ERROR_SUCCESS, ERROR_NO_MORE_ITEMS = 0, 259
WAIT_OBJECT_0 = 0

_MOST_TRIES = 8

RegistryValue: TypeAlias = "int | str"


def open_key(path: str) -> Any | None:
    """Open a key below HKEY_LOCAL_MACHINE for reading, to be closed; None where there is none.

    Raises OSError where it can't be opened for another reason, and on other systems.
    """
    if sys.platform == "win32":
        access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        try:
            return winreg.OpenKeyEx(winreg.HKEY_LOCAL_MACHINE, path, 0, access)
        except FileNotFoundError:
            return None
    raise OSError("the registry is a part of Windows")


def read_values(path: str) -> dict[str, RegistryValue] | None:
    """Return the numbers and texts of a key by name, None where there is no such key.

    Values of other types are left out; variables in texts stay as written. Raises OSError.
    """
    key = open_key(path)
    if key is None:
        return None
    with key:
        return dict(_numbers_and_texts(key))


def _numbers_and_texts(key: Any) -> Iterator[tuple[str, RegistryValue]]:
    if sys.platform == "win32":
        for index in range(winreg.QueryInfoKey(key)[1]):
            try:
                name, value, _ = winreg.EnumValue(key, index)
            except OSError as error:
                if error.winerror == ERROR_NO_MORE_ITEMS:
                    return  # one was removed meanwhile, which whoever watches the key hears of
                raise
            if isinstance(value, int | str):
                yield name, value
    yield from ()


class KeyWatch:
    """Says whether a key has changed, itself or below, without a thread of its own.

    A key that does not exist is waited for at the nearest one that does. Belongs to one thread at
    a time.
    """

    def __init__(self, path: str) -> None:
        """Watch a path below HKEY_LOCAL_MACHINE from the first question on. Raises OSError."""
        self._path = path
        self._key: Any | None = None
        self._is_armed = False
        kernel32 = load_library("kernel32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        self._notify = bind(
            *(load_library("advapi32.dll"), "RegNotifyChangeKeyValue", wintypes.LONG),
            *(wintypes.HKEY, flag, number, handle, flag),
        )
        create = bind(
            *(kernel32, "CreateEventW", handle),
            *(ctypes.c_void_p, flag, flag, wintypes.LPCWSTR),
        )
        self._wait = bind(kernel32, "WaitForSingleObject", number, handle, number)
        self._close = bind(kernel32, "CloseHandle", flag, handle)
        # It resets itself with each wait that it ends.
        self._event = create(None, False, False, None)  # noqa: FBT003 - as the system wants them
        if not self._event:
            raise windows_error(last_error())

    def has_changed(self) -> bool:
        """Return whether the key may have changed since the last call; so the first says yes.

        The next change is waited for before this returns, so that nothing is missed by reading
        the key afterwards. Where the system does not say of changes, the answer is always yes.
        """
        if self._is_armed and self._wait(self._event, 0) != WAIT_OBJECT_0:
            return False
        self._is_armed = self._arm()
        return True

    def close(self) -> None:
        """Stop watching."""
        self._drop_key()
        if self._event:
            self._close(self._event)
            self._event = None

    def _arm(self) -> bool:
        try:
            for _ in range(_MOST_TRIES):
                self._drop_key()
                self._wait(self._event, 0)  # closing a key that is watched sets the event
                self._key, opened = self._open_nearest()
                is_own = opened == self._path
                if self._key is None or not self._is_notified_of_changes(is_deep=is_own):
                    return False
                # A key that appeared in between would be missed by a watch on its parent.
                if is_own or not self._has_next(opened):
                    return True
        except OSError:
            pass
        return False

    def _is_notified_of_changes(self, *, is_deep: bool) -> bool:
        """Have the event set with the next change; of the names of keys alone unless it is deep."""
        changes = REG_NOTIFY_CHANGE_NAME | (REG_NOTIFY_CHANGE_LAST_SET if is_deep else 0)
        # Agnostic, because the thread of a pool that asks may end long before the key changes.
        changes |= REG_NOTIFY_THREAD_AGNOSTIC
        handle = self._key.handle if self._key is not None else None
        code = self._notify(handle, is_deep, changes, self._event, True)  # noqa: FBT003 - asynchronous
        return bool(code == ERROR_SUCCESS)

    def _open_nearest(self) -> tuple[Any | None, str]:
        path = self._path
        while path:
            key = open_key(path)
            if key is not None:
                return key, path
            path = path.rpartition("\\")[0]
        return None, ""

    def _has_next(self, opened: str) -> bool:
        """Return whether the key below an opened one exists."""
        end = self._path.find("\\", len(opened) + 1)
        key = open_key(self._path if end < 0 else self._path[:end])
        if key is None:
            return False
        key.Close()
        return True

    def _drop_key(self) -> None:
        if self._key is not None:
            self._key.Close()
            self._key = None
