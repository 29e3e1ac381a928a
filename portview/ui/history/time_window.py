"""Which time is shown: the last hours up to now, or a stretch of the past."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Signal

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SHORTEST_MS = 10_000
LONGEST_MS = 730 * DAY_MS


class TimeWindow(QObject):
    """A length, and an end that is now or a moment. ``changed`` follows each change."""

    changed = Signal()

    def __init__(self, length_ms: int = HOUR_MS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.length_ms = length_ms
        self.end_ms: int | None = None
        """None where it follows the clock."""
        self.moment_ms: int | None = None
        """The moment that was jumped to last, until another period is chosen."""

    @property
    def follows_now(self) -> bool:
        """Return whether the end moves with the clock."""
        return self.end_ms is None

    def bounds(self) -> tuple[int, int]:
        """Return the first and the last moment, in Unix milliseconds."""
        end = _now_ms() if self.end_ms is None else self.end_ms
        return end - self.length_ms, end

    def show_last(self, length_ms: int) -> None:
        """Show the time up to now."""
        self.length_ms, self.end_ms, self.moment_ms = length_ms, None, None
        self.changed.emit()

    def zoom(self, factor: float, around_ms: float) -> None:
        """Show more or less around a moment, which stays where it is."""
        from_ms, _to_ms = self.bounds()
        length = min(max(self.length_ms * factor, SHORTEST_MS), LONGEST_MS)
        share = (around_ms - from_ms) / self.length_ms
        self.length_ms = round(length)
        self._end_at(round(around_ms + (1 - share) * length))

    def pan(self, share: float) -> None:
        """Move by a share of what is shown; later moments are at positive ones."""
        _from_ms, to_ms = self.bounds()
        self._end_at(round(to_ms + share * self.length_ms))

    def jump(self, moment_ms: int) -> None:
        """Show a moment in the middle, and remember it."""
        self.moment_ms = moment_ms
        self._end_at(moment_ms + self.length_ms // 2)

    def _end_at(self, end_ms: int) -> None:
        self.end_ms = None if end_ms >= _now_ms() else end_ms
        self.changed.emit()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
