"""The registry: whole keys at once, and word of their changes."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from typing import TYPE_CHECKING, TypeAlias

from portview.readers.windows.dll import bind, last_error, load_library, windows_error

if TYPE_CHECKING:
    from collections.abc import Iterator

HKEY_LOCAL_MACHINE = ctypes.c_void_p(-0x7FFFFFFE).value  # a negative 32-bit number, winreg.h
KEY_READ = 0x20019
KEY_WOW64_64KEY = 0x0100
REG_SZ, REG_EXPAND_SZ, REG_DWORD = 1, 2, 4
REG_NOTIFY_CHANGE_NAME = 0x1
REG_NOTIFY_CHANGE_LAST_SET = 0x4
REG_NOTIFY_THREAD_AGNOSTIC = 0x10000000
ERROR_SUCCESS, ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND = 0, 2, 3
ERROR_MORE_DATA, ERROR_NO_MORE_ITEMS = 234, 259
WAIT_OBJECT_0 = 0

_LONGEST_NAME = 16_384
"""Characters of the longest name of a value, with its end (RegEnumValueW)."""

_FIRST_SIZE = 64 * 1024
_LARGEST_SIZE = 16 * 1024 * 1024

RegistryValue: TypeAlias = "int | str"


class Registry:
    """Reads keys below HKEY_LOCAL_MACHINE. Belongs to one thread at a time.

    Its own enumeration, because that of ``winreg`` asks for the size of the whole key before each
    value, which makes a thousand rules take three times as long.
    """

    def __init__(self) -> None:
        """Load the library. Raises OSError on other systems."""
        advapi32 = load_library("advapi32.dll")
        key, number, code = wintypes.HKEY, wintypes.DWORD, wintypes.LONG
        out, buffer = ctypes.POINTER(number), ctypes.c_void_p
        self._open = bind(
            *(advapi32, "RegOpenKeyExW", code),
            *(key, wintypes.LPCWSTR, number, number, ctypes.POINTER(key)),
        )
        self._close = bind(advapi32, "RegCloseKey", code, key)
        self._enumerate = bind(
            *(advapi32, "RegEnumValueW", code),
            *(key, number, buffer, out, out, out, buffer, out),
        )
        self._notify = bind(
            *(advapi32, "RegNotifyChangeKeyValue", code),
            *(key, wintypes.BOOL, number, wintypes.HANDLE, wintypes.BOOL),
        )
        self._name = ctypes.create_unicode_buffer(_LONGEST_NAME)
        self._data = ctypes.create_string_buffer(_FIRST_SIZE)

    def open(self, path: str) -> int | None:
        """Open a key for reading and return its handle, None where there is none.

        Raises OSError where it can't be opened for another reason. Close it with ``close``.
        """
        handle = wintypes.HKEY()
        access = KEY_READ | KEY_WOW64_64KEY
        code = self._open(HKEY_LOCAL_MACHINE, path, 0, access, ctypes.byref(handle))
        if code in {ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND}:
            return None
        if code != ERROR_SUCCESS:
            raise windows_error(code)
        return handle.value

    def close(self, handle: int) -> None:
        """Close a key."""
        self._close(handle)

    def values(self, path: str) -> dict[str, RegistryValue] | None:
        """Return the numbers and texts of a key by name, None where there is no such key.

        Values of other types are left out; variables in texts stay as written. Raises OSError.
        """
        handle = self.open(path)
        if handle is None:
            return None
        try:
            return dict(self._read_values(handle))
        finally:
            self.close(handle)

    def notify(self, handle: int, event: int, *, is_deep: bool) -> bool:
        """Have an event set when a key changes next; tell whether that could be arranged.

        ``is_deep`` takes in all keys below and their values, else only names of keys below count.
        """
        changes = REG_NOTIFY_CHANGE_NAME | (REG_NOTIFY_CHANGE_LAST_SET if is_deep else 0)
        # Agnostic, because the thread of a pool that asks may end long before the key changes.
        changes |= REG_NOTIFY_THREAD_AGNOSTIC
        code = self._notify(handle, is_deep, changes, event, True)  # noqa: FBT003 - asynchronous
        return bool(code == ERROR_SUCCESS)

    def _read_values(self, handle: int) -> Iterator[tuple[str, RegistryValue]]:
        name_length, size, kind = wintypes.DWORD(), wintypes.DWORD(), wintypes.DWORD()
        sizes = (ctypes.byref(name_length), None, ctypes.byref(kind))
        index = 0
        while True:
            name_length.value, size.value = _LONGEST_NAME, len(self._data)
            code = self._enumerate(
                handle, index, self._name, *sizes, self._data, ctypes.byref(size)
            )
            if code == ERROR_NO_MORE_ITEMS:
                return
            if code == ERROR_MORE_DATA and len(self._data) < _LARGEST_SIZE:
                self._data = ctypes.create_string_buffer(4 * len(self._data))
                continue
            if code != ERROR_SUCCESS:
                raise windows_error(code)
            data = ctypes.string_at(self._data, size.value)
            value = parse_value(kind.value, data)
            if value is not None:
                yield ctypes.wstring_at(self._name, name_length.value), value
            index += 1


class KeyWatch:
    """Tells whether a key has changed, itself or below, without a thread of its own.

    A key that does not exist is waited for at the nearest one that does. Belongs to one thread at
    a time.
    """

    def __init__(self, registry: Registry, path: str) -> None:
        """Watch a path from the first question on. Raises OSError."""
        self._registry = registry
        self._path = path
        self._handle: int | None = None
        self._is_armed = False
        kernel32 = load_library("kernel32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
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
        """Tell whether the key may have changed since the last call; so the first says yes.

        The next change is waited for before this returns, so that nothing is missed by reading
        the key afterwards. Where the system does not tell of changes, the answer is always yes.
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
            while True:
                self._drop_key()
                self._wait(self._event, 0)  # closing a key that is watched sets the event
                self._handle, opened = self._open_nearest()
                if self._handle is None:
                    return False
                is_own = opened == self._path
                if not self._registry.notify(self._handle, self._event, is_deep=is_own):
                    return False
                # A key that appeared in between would be missed by a watch on its parent.
                if is_own or self._next_below(opened) is None:
                    return True
        except OSError:
            return False

    def _open_nearest(self) -> tuple[int | None, str]:
        path = self._path
        while path:
            handle = self._registry.open(path)
            if handle is not None:
                return handle, path
            path = path.rpartition("\\")[0]
        return None, ""

    def _next_below(self, opened: str) -> str | None:
        end = self._path.find("\\", len(opened) + 1)
        path = self._path if end < 0 else self._path[:end]
        handle = self._registry.open(path)
        if handle is None:
            return None
        self._registry.close(handle)
        return path

    def _drop_key(self) -> None:
        if self._handle is not None:
            self._registry.close(self._handle)
            self._handle = None


def parse_value(kind: int, data: bytes) -> RegistryValue | None:
    """Read the data of a value: REG_DWORD as a number, REG_SZ and REG_EXPAND_SZ as text."""
    if kind == REG_DWORD and len(data) == 4:  # noqa: PLR2004 - the size of a DWORD
        return int.from_bytes(data, "little")
    if kind in {REG_SZ, REG_EXPAND_SZ}:
        # A text may lack its end, or go on after it.
        return data[: len(data) & ~1].decode("utf-16-le", "surrogatepass").partition("\0")[0]
    return None
