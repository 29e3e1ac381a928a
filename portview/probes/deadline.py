"""The moment at which a piece of work must have ended, by the clock that never jumps."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, and the whole time that was given until it."""

    limit_ms: float
    ends: float

    @classmethod
    def after(cls, limit_ms: float) -> Deadline:
        """Return the moment that is ``limit_ms`` from now."""
        return cls(limit_ms, time.monotonic() + limit_ms / 1000)

    @property
    def left_s(self) -> float:
        """Return the seconds that are left, 0 where it has passed."""
        return max(0.0, self.ends - time.monotonic())

    @property
    def left_ms(self) -> float:
        """Return the milliseconds that are left, 0 where it has passed."""
        return self.left_s * 1000

    @property
    def is_over(self) -> bool:
        """Return whether no time is left."""
        return time.monotonic() >= self.ends

    def check(self) -> None:
        """Raise TimeoutError where no time is left."""
        if self.is_over:
            raise TimeoutError

    def within(self, most_ms: float) -> Deadline:
        """Return this moment, or the one ``most_ms`` from now where that comes first."""
        sooner = Deadline.after(most_ms)
        return sooner if sooner.ends < self.ends else self

    def share(self, parts: int) -> Deadline:
        """Return the deadline of the first of so many parts that divide what is left."""
        return self.within(self.left_ms / max(1, parts))
