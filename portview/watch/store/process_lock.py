"""A lock that one process at a time holds, and that its end releases however it comes.

The system's own file locks: a killed process leaves nothing that the next one has to judge.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from portview.private_files import make_folder, open_to_append

if TYPE_CHECKING:
    from pathlib import Path


class ProcessLock:
    """A lock on a file of its own. One thread at a time."""

    def __init__(self, path: Path) -> None:
        """Name the lock's file; nothing is created before the first ``acquire``."""
        self._path = path
        self._descriptor = -1

    @property
    def is_held(self) -> bool:
        """Return whether this object holds the lock."""
        return self._descriptor >= 0

    def acquire(self) -> bool:
        """Take the lock without waiting, and return whether it is held now. Raises OSError."""
        if self.is_held:
            return True
        make_folder(self._path.parent)
        descriptor = open_to_append(self._path)
        if not _lock(descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let others have the lock. Without effect where it is not held."""
        if self.is_held:
            os.close(self._descriptor)
            self._descriptor = -1


def is_locked(path: Path) -> bool:
    """Return whether some process holds the lock now; it is not kept from anybody for long.

    Raises OSError where that can't be found out.
    """
    if not path.exists():
        return False
    lock = ProcessLock(path)
    is_free = lock.acquire()
    lock.release()
    return not is_free


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """Where the locked byte lies: behind all that is ever written."""

    def _lock(descriptor: int) -> bool:
        try:
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
