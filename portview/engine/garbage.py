"""Garbage collection on the UI thread alone, because garbage may hold objects of Qt's."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERVAL_MS = 1000


class UiThreadCollector(QObject):
    """Collects on the UI thread what Python would collect on whichever thread allocates next.

    On a pool's thread that can stop the program for good: the destructor of a QObject holds a lock
    of Qt's while it waits for the interpreter, and the UI thread may wait for that lock with the
    interpreter in its hands. Python's thresholds count, looked at once a second.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        """Begin at once. UI thread."""
        super().__init__(parent)
        gc.disable()
        timer = QTimer(self)
        timer.setInterval(_INTERVAL_MS)
        timer.timeout.connect(self.collect)
        timer.start()

    @Slot()
    def collect(self) -> None:
        """Collect the oldest generation that is due, as Python would have."""
        # A first reading that was under way at the beginning has switched it on again.
        gc.disable()
        generation = due_generation(gc.get_count(), gc.get_threshold())
        if generation is not None:
            gc.collect(generation)


def due_generation(counts: Sequence[int], thresholds: Sequence[int]) -> int | None:
    """Return the oldest generation whose count is above its threshold, None where none is.

    A threshold of 0 switches the collector off.
    """
    due = [number for number, count in enumerate(counts) if count > thresholds[number]]
    return max(due) if due and thresholds[0] else None
