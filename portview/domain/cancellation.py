"""Calling off work that is under way."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Cancelled(Exception):  # noqa: N818 - being called off is an outcome, not an error
    """Raised by work that noticed that nobody wants its result any more."""


class CancelToken:
    """Reports one piece of work that it is called off. Safe on any thread; never un-cancelled."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], None]] = []

    @property
    def is_cancelled(self) -> bool:
        """Return whether the work is called off."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Call the work off and wake it where it waits."""
        with self._lock:
            self._event.set()
            # Under the lock, so that none runs after its block: by then the handle that it wakes
            # may be closed, and its number another one's.
            for wake in self._wakers:
                wake()

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled where the work is called off."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> bool:
        """Sleep, but wake at once on cancel; return whether the work is called off."""
        return self._event.wait(seconds)

    @contextlib.contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """Have ``wake`` called on cancel while the block runs, for waits on something else.

        It is called on the cancelling thread, at once where the work is already called off, and
        never after the block. It must be quick and may not call this token.
        """
        with self._lock:
            self._wakers.append(wake)
            if self._event.is_set():
                wake()
        try:
            yield
        finally:
            with self._lock:
                self._wakers.remove(wake)
