"""Waiting longer after each failure. Pure: chance is handed in."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_DOUBLINGS = 64


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential delays with a cap and jitter.

    The delay after failure n (from 0) is ``first_ms * factor ** n``, at most ``cap_ms``, of which
    chance takes away up to the share ``jitter``, so that many who wait don't come back together.
    """

    first_ms: float
    cap_ms: float
    factor: float = 2.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        """Refuse values that would make waits that don't grow or never happen."""
        if not 0 < self.first_ms <= self.cap_ms or self.factor < 1 or not 0 <= self.jitter < 1:
            raise ValueError(f"no back-off: {self}")

    def delay_ms(self, failures_before: int, chance: float) -> float:
        """Return the wait after one more failure; ``chance`` is from 0 to 1."""
        # The power is bounded, because a float overflows after some thousand failures.
        grown = self.first_ms * self.factor ** min(failures_before, _MOST_DOUBLINGS)
        return min(grown, self.cap_ms) * (1 - self.jitter * chance)
