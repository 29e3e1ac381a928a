"""What was measured over the last minutes, for a plot. No Qt."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

LONGEST_S = 300
MOST_POINTS = 1200


class Line(NamedTuple):
    """One measured quantity over time; both tuples have the same length."""

    seconds_ago: tuple[float, ...]
    values: tuple[float, ...]


class Series:
    """A bounded ring of readings of the same few quantities; the oldest make room.

    Times are seconds of any clock that only goes forward.
    """

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self._points: deque[tuple[float, tuple[float, ...]]] = deque(maxlen=MOST_POINTS)

    def __len__(self) -> int:
        """Return how many readings are kept."""
        return len(self._points)

    def add(self, at_s: float, *values: float) -> None:
        """Add a reading, and forget those that are too old."""
        self._points.append((at_s, values))
        while self._points[0][0] < at_s - self._longest_s:
            self._points.popleft()

    def clear(self) -> None:
        """Forget all."""
        self._points.clear()

    def line(self, number: int, now_s: float) -> Line:
        """Return one of the quantities, oldest reading first."""
        return Line(
            tuple(now_s - at_s for at_s, _ in self._points),
            tuple(values[number] for _, values in self._points),
        )
