"""The tick: read the machine again and again without ever queueing up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from portview.engine.task_runner import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.sockets.snapshot import Snapshot
    from portview.engine.task_runner import Task, TaskRunner, Work


_LARGEST_SHARE_OF_TIME = 0.5
"""At most this share of the time goes into reading; a slower machine is read less often."""


class Poller(QObject):
    """Takes a snapshot every interval, never two at once. UI thread.

    The single-shot timer is armed again after each delivery, so that a slow read lengthens the
    interval instead of queueing. A failed read is reported and the next one is tried all the same.
    """

    snapshot_taken = Signal(object)
    read_failed = Signal(object)
    paused_changed = Signal(bool)
    interval_changed = Signal(int)

    def __init__(
        self,
        read: Callable[[], Snapshot],
        runner: TaskRunner,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._read = read
        self._runner = runner
        self._interval_ms = 1000
        self._is_started = False
        self._is_paused = False
        self._task: Task | None = None
        self._is_wanted_again = self._is_dropped = False
        self._last_cost_ms = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timeout)

    @property
    def interval_ms(self) -> int:
        """Return the chosen interval between two reads."""
        return self._interval_ms

    @property
    def is_paused(self) -> bool:
        """Return whether no read is started by the timer."""
        return self._is_paused

    @property
    def is_reading(self) -> bool:
        """Return whether a read is under way."""
        return self._task is not None

    def start(self) -> None:
        """Read now and from then on every interval."""
        self._is_started = True
        self.refresh()

    def stop(self) -> None:
        """Start no more reads and forget the one under way; its result is not delivered."""
        self._is_started = False
        self._is_wanted_again = False
        self._timer.stop()
        if self._task is not None:
            self._task.cancel()
            self._is_dropped = True

    def set_interval(self, interval_ms: int) -> None:
        """Change the interval; the wait that is under way is measured again from now."""
        if interval_ms == self._interval_ms:
            return
        self._interval_ms = interval_ms
        self.interval_changed.emit(interval_ms)
        if self._timer.isActive():
            self._arm()

    def set_paused(self, is_paused: bool) -> None:  # noqa: FBT001 - Qt's form of a setter
        """Pause or resume; resuming reads at once. A read under way still arrives."""
        if is_paused == self._is_paused:
            return
        self._is_paused = is_paused
        self.paused_changed.emit(is_paused)
        if is_paused:
            self._timer.stop()
        elif self._is_started:
            self.refresh()

    def refresh(self) -> None:
        """Read now, also when paused; with a read under way, once more right after it."""
        if self._task is not None:
            self._is_wanted_again = True
            return
        self._timer.stop()
        self._is_dropped = False
        self._task = self._runner.run(
            self._read_timed,
            pool=Pool.READING,
            on_done=self._on_read,
            on_failed=self._on_failed,
            on_cancelled=self._on_cancelled,
        )

    def _read_timed(self, work: Work[tuple[Snapshot, float]]) -> tuple[Snapshot, float]:
        started = time.perf_counter()
        snapshot = self._read()
        # One that nobody waits for any more is dropped here, not shown.
        work.token.raise_if_cancelled()
        return snapshot, (time.perf_counter() - started) * 1000

    def _on_read(self, result: tuple[Snapshot, float]) -> None:
        snapshot, self._last_cost_ms = result
        self._task = None
        try:
            # One that was read before it was called off is on its way all the same.
            if not self._is_dropped:
                self.snapshot_taken.emit(snapshot)
        finally:
            self._go_on()

    def _on_failed(self, error: Exception) -> None:
        self._task = None
        try:
            if not self._is_dropped:
                self.read_failed.emit(error)
        finally:
            self._go_on()

    def _on_cancelled(self) -> None:
        self._task = None
        self._go_on()

    def _go_on(self) -> None:
        if self._is_wanted_again and self._is_started:
            self._is_wanted_again = False
            self.refresh()
        elif self._is_started and not self._is_paused:
            self._arm()

    def _arm(self) -> None:
        rest_ms = self._last_cost_ms * (1 / _LARGEST_SHARE_OF_TIME - 1)
        self._timer.start(round(max(self._interval_ms - self._last_cost_ms, rest_ms, 0)))

    @Slot()
    def _on_timeout(self) -> None:
        self.refresh()
