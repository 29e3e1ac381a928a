"""A lock that one process at a time holds, and that its end releases however it comes.

The system's own file locks: a killed process leaves nothing that the next one has to judge.
"""

from __future__ import annotations

import errno
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
        """Take the lock without waiting, and return whether it is held now.

        Raises OSError where the file can't be made or locked.
        """
        if self.is_held:
            return True
        make_folder(self._path.parent)
        descriptor = _open(self._path)
        try:
            _lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            # Not every C library of Windows says why; opened for writing, only a lock refuses.
            if error.errno in _HELD or sys.platform == "win32":
                return False
            raise
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


_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK})
"""What flock(2) says of a lock that another process holds."""

if sys.platform == "win32":
    import msvcrt

    def _open(path: Path) -> int:
        # Checked as a file of this user's first. LockFile then wants a handle that reads or writes.
        os.close(open_to_append(path))
        return os.open(path, os.O_RDWR | os.O_BINARY)

    def _lock(descriptor: int) -> None:
        # The first byte; it need not be there.
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _open(path: Path) -> int:
        return open_to_append(path)

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
