"""One process of a user evaluates: whoever holds the lock. It ends with its process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.folders import settings_folder
from portview.watch.store.process_lock import ProcessLock, is_locked

if TYPE_CHECKING:
    from pathlib import Path

    from portview.domain.cancellation import CancelToken

_PAUSE_S = 0.1


def lock_path() -> Path:
    """Return the file that is locked."""
    return settings_folder() / "watch.lock"


def is_evaluated() -> bool:
    """Return whether some process evaluates now; False where that can't be found out."""
    try:
        return is_locked(lock_path())
    except OSError:
        return False


class EvaluationLock(ProcessLock):
    """The lock of this user; held until ``release`` or the end of the process. Any thread."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__(path or lock_path())

    def wait(self, seconds: float, cancel: CancelToken) -> bool:
        """Try until the lock is there, time runs out or ``cancel``."""
        tries = max(1, round(seconds / _PAUSE_S))
        for _each in range(tries):
            if self.acquire():
                return True
            if cancel.wait(_PAUSE_S):
                return False
        return False
