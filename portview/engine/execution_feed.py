"""Which of the processes that a person looks at are suspended, read once per tick."""

from __future__ import annotations

import logging
import time
from types import MappingProxyType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from portview.domain.owners.process import Execution, ProcessKey
    from portview.engine.task_runner import TaskRunner

    Read = Callable[[tuple[ProcessKey, ...]], Mapping[ProcessKey, Execution]]

logger = logging.getLogger(__name__)


class ExecutionFeed(QObject):
    """Reports suspended processes from running ones. UI thread; ``read`` is called on a pool.

    ``changed`` follows when others are suspended than before. A process that is not asked for any
    more is not reported of. Where asking is dear, ``pause_s`` seconds pass before it is done again.
    """

    changed = Signal()

    def __init__(
        self,
        read: Read,
        runner: TaskRunner,
        parent: QObject | None = None,
        *,
        pause_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._pause_s = pause_s
        self._clock = clock
        self._next_s = clock()
        self._standing: Mapping[ProcessKey, Execution] = MappingProxyType({})
        self._inquiry: LatestQuery[tuple[ProcessKey, ...], Mapping[ProcessKey, Execution]] = (
            LatestQuery(
                read, runner, Pool.READING, on_answered=self._on_read, on_failed=self._on_failed
            )
        )

    @property
    def standing(self) -> Mapping[ProcessKey, Execution]:
        """Return the processes that are suspended. A mapping that does not change any more."""
        return self._standing

    def look_at(self, processes: Iterable[ProcessKey | None]) -> None:
        """Ask which of these are suspended; None is nobody."""
        now_s = self._clock()
        if now_s < self._next_s:
            return
        wanted = tuple(dict.fromkeys(key for key in processes if key is not None))
        if wanted or self._standing:
            self._next_s = now_s + self._pause_s
            self._inquiry.ask(wanted)

    def _on_read(
        self, _asked: tuple[ProcessKey, ...], standing: Mapping[ProcessKey, Execution]
    ) -> None:
        self._show(standing)

    def _on_failed(self, error: Exception) -> None:
        logger.error("asking which processes are suspended failed", exc_info=error)
        self._show({})

    def _show(self, standing: Mapping[ProcessKey, Execution]) -> None:
        if dict(standing) != dict(self._standing):
            self._standing = MappingProxyType(dict(standing))
            self.changed.emit()
