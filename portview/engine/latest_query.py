"""Questions to one reader, one at a time, of which only the latest matters."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Generic, TypeVar

from portview.engine.latest_task import LatestTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.engine.task_runner import Pool, TaskRunner

logger = logging.getLogger(__name__)

Q = TypeVar("Q")
A = TypeVar("A")


class LatestQuery(Generic[Q, A]):
    """Asks on a pool and hands the answer back on the UI thread; call it there only.

    Never two questions are under way, so that a slow machine is not asked ever more. Of the
    questions that come meanwhile the last one is asked when its turn comes.
    """

    def __init__(
        self,
        answer: Callable[[Q], A],
        runner: TaskRunner,
        pool: Pool,
        *,
        on_answered: Callable[[Q, A], None],
        on_failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Store who is reported; a failure that nobody takes is logged."""
        self._answer = answer
        self._on_answered = on_answered
        self._on_failed = on_failed or _log
        self._task = LatestTask(runner, pool, on_idle=self._go_on)
        self._waiting: list[Q] = []

    @property
    def is_asking(self) -> bool:
        """Return whether an answer is still to come."""
        return self._task.is_busy

    @property
    def has_waiting(self) -> bool:
        """Return whether another question waits for its turn."""
        return bool(self._waiting)

    def ask(self, question: Q) -> None:
        """Ask now, or right after the question that is under way."""
        if self._task.is_busy:
            self._waiting = [question]
            return
        self._task.start(
            lambda _work: self._answer(question),
            lambda answer: self._on_answered(question, answer),
            self._on_failed,
        )

    def drop(self) -> None:
        """Want no answer any more to what was asked so far."""
        self._waiting = []
        self._task.cancel()

    def _go_on(self) -> None:
        if self._waiting:
            self.ask(self._waiting.pop())


def _log(error: Exception) -> None:
    logger.error("a question failed", exc_info=error)
