"""One process of a user evaluates: whoever holds the lock. It ends with its process."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

from portview.folders import settings_folder
from portview.private_files import make_folder, open_to_append

if TYPE_CHECKING:
    from pathlib import Path

    from portview.domain.cancellation import CancelToken

_PAUSE_S = 0.1


def lock_path() -> Path:
    """Return the file that is locked."""
    return settings_folder() / "watch.lock"


class EvaluationLock:
    """The lock of this user; held until ``release`` or the end of the process. Any thread."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or lock_path()
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody has it. Raises OSError where the file can't be made."""
        if self._descriptor is not None:
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

    def wait(self, seconds: float, cancel: CancelToken) -> bool:
        """Try until the lock is there, time runs out or ``cancel``."""
        tries = max(1, round(seconds / _PAUSE_S))
        for _each in range(tries):
            if self.acquire():
                return True
            if cancel.wait(_PAUSE_S):
                return False
        return False

    def release(self) -> None:
        """Let another process evaluate. Safe to call twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


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
