"""Work of which only the latest matters: no end is delivered of what was replaced or called off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from portview.engine.task_runner import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.engine.task_runner import Task, TaskRunner, Work

T = TypeVar("T")


class LatestTask:
    """Starts work on a pool and forgets it on ``cancel``: nothing is delivered afterwards.

    The pool thread needs a moment to notice; the person does not wait for it. UI thread only.
    ``on_idle`` is called whenever no work is on the pool any more, replaced work included.
    """

    def __init__(
        self,
        runner: TaskRunner,
        pool: Pool = Pool.PROBES,
        on_idle: Callable[[], None] | None = None,
    ) -> None:
        self._runner = runner
        self._on_idle = on_idle
        self._on_pool = 0
        self._pool = pool
        self._task: Task | None = None
        self._number = 0

    @property
    def is_running(self) -> bool:
        """Return whether an end is still to be delivered."""
        return self._task is not None

    @property
    def is_busy(self) -> bool:
        """Return whether work is on the pool, be its end wanted or not."""
        return self._on_pool > 0

    def start(
        self,
        work: Callable[[Work[T]], T],
        on_done: Callable[[T], None],
        on_failed: Callable[[Exception], None],
        on_progress: Callable[[Any], None] | None = None,
    ) -> None:
        """Start work in place of what runs; one of done and failed follows, or ``cancel``."""
        self.cancel()
        number = self._number

        def done(value: T) -> None:
            self._on_pool -= 1
            try:
                if self._take_end(number):
                    on_done(value)
            finally:
                self._notify_if_idle()

        def failed(error: Exception) -> None:
            self._on_pool -= 1
            try:
                if self._take_end(number):
                    on_failed(error)
            finally:
                self._notify_if_idle()

        def cancelled() -> None:
            self._on_pool -= 1
            self._notify_if_idle()

        def progressed(progress: Any) -> None:
            if on_progress and number == self._number:
                on_progress(progress)

        self._on_pool += 1
        self._task = self._runner.run(
            work,
            pool=self._pool,
            on_done=done,
            on_failed=failed,
            on_progress=progressed,
            on_cancelled=cancelled,
        )

    def cancel(self) -> bool:
        """Call off and forget what runs; say whether anything did."""
        self._number += 1
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return task is not None

    def _take_end(self, number: int) -> bool:
        if number != self._number:
            return False
        self._task = None
        return True

    def _notify_if_idle(self) -> None:
        if self._on_pool == 0 and self._on_idle:
            self._on_idle()
