"""Just enough COM: objects whose methods are called by their place in the table."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from ctypes import wintypes
from typing import TYPE_CHECKING, Any
from uuid import UUID

from portview.readers.windows.dll import bind, load_library

if TYPE_CHECKING:
    from collections.abc import Iterator

CLSCTX_INPROC_SERVER, CLSCTX_LOCAL_SERVER = 0x1, 0x4
COINIT_MULTITHREADED = 0
COINIT_SINGLE_THREADED = 0x2 | 0x4
"""COINIT_APARTMENTTHREADED and COINIT_DISABLE_OLE1DDE, as the shell wants it."""
RPC_E_CHANGED_MODE = -0x7FFEFEFA
_RELEASE = 2


class ComObject:
    """A reference to an interface. Call ``release`` when done."""

    def __init__(self, pointer: int) -> None:
        """Take over a reference."""
        self._pointer = pointer
        # Not WINFUNCTYPE, which other systems lack; x64 has one convention for both.
        table = ctypes.cast(pointer, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))
        self._methods = table.contents

    def call(self, place: int, *arguments: tuple[Any, Any]) -> int:
        """Call the method at a place, 0 being QueryInterface, and return its HRESULT.

        Each argument is a pair of its ctypes type and its value. A negative result is a failure.
        """
        kinds = [kind for kind, _ in arguments]
        method = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, *kinds)(self._methods[place])
        return int(method(self._pointer, *(value for _, value in arguments)))

    def release(self) -> None:
        """Give the reference back."""
        self.call(_RELEASE)


@contextmanager
def apartment(mode: int = COINIT_MULTITHREADED) -> Iterator[None]:
    """Have COM ready on this thread for the length of a block. Raises OSError."""
    ole32 = load_library("ole32.dll")
    start = bind(ole32, "CoInitializeEx", ctypes.c_long, ctypes.c_void_p, wintypes.DWORD)
    code = start(None, mode)
    # A thread that has COM in another mode can call all the same, and ends it itself.
    if code < 0 and code != RPC_E_CHANGED_MODE:
        raise OSError(f"COM can't be started: {code & 0xFFFFFFFF:#x}")
    try:
        yield
    finally:
        if code >= 0:
            bind(ole32, "CoUninitialize", None)()


@contextmanager
def com_object(class_id: str, interface_id: str) -> Iterator[ComObject]:
    """Make an object for the length of a block. Raises OSError where the system has none."""
    create = bind(
        load_library("ole32.dll"),
        "CoCreateInstance",
        ctypes.c_long,
        *(ctypes.c_void_p, ctypes.c_void_p, wintypes.DWORD, ctypes.c_void_p, ctypes.c_void_p),
    )
    pointer = ctypes.c_void_p()
    where = CLSCTX_INPROC_SERVER | CLSCTX_LOCAL_SERVER
    code = create(_guid(class_id), None, where, _guid(interface_id), ctypes.byref(pointer))
    if code < 0 or not pointer.value:
        raise OSError(f"COM has no {class_id}: {code & 0xFFFFFFFF:#x}")
    made = ComObject(pointer.value)
    try:
        yield made
    finally:
        made.release()


def _guid(text: str) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(UUID(text).bytes_le, 16)
