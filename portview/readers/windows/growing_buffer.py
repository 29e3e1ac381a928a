"""Tables whose size must be asked for, and that grow while one asks."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from portview.readers.windows.dll import windows_error

ERROR_SUCCESS = 0
ERROR_INSUFFICIENT_BUFFER = 122

_FIRST_SIZE = 64 * 1024
_LARGEST_SIZE = 256 * 1024 * 1024
_MOST_TRIES = 8

Fill = Callable[[ctypes.Array[ctypes.c_char], int], tuple[int, int]]
"""Fill a buffer of a size in bytes; return the error code and the size that is needed."""


class GrowingTable:
    """Reads one table again and again into a buffer that only grows.

    The buffer of the last reading usually fits the next one as well, so that a steady table costs
    one call. Belongs to one thread at a time.
    """

    def __init__(self, fill: Fill, too_small: int = ERROR_INSUFFICIENT_BUFFER) -> None:
        """Store the function that fills a buffer and the code by which it asks for a larger one."""
        self._fill = fill
        self._too_small = too_small
        self._buffer = ctypes.create_string_buffer(_FIRST_SIZE)

    def read(self) -> memoryview:
        """Return the buffer with the table at its start, valid until the next reading.

        Raises OSError with the system's reason, or if the table outgrows every buffer offered.
        """
        for _ in range(_MOST_TRIES):
            size = len(self._buffer)
            code, needed = self._fill(self._buffer, size)
            if code == ERROR_SUCCESS:
                return memoryview(self._buffer).cast("B")
            if code != self._too_small:
                raise windows_error(code)
            # A quarter of head room, because the table can grow until the next call; and at least
            # that if the size reported is not larger than what was offered.
            larger = max(needed, size) * 5 // 4
            if larger > _LARGEST_SIZE:
                break
            self._buffer = ctypes.create_string_buffer(larger)
        raise OSError("the table grew faster than it could be read")
