"""How many dynamic ports are in use, looked at now and then: before there are none left."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.diagnosis.overview import PortsOverview
    from portview.domain.sockets.snapshot import Snapshot
    from portview.engine.task_runner import TaskRunner

    Overviews = tuple[PortsOverview, ...]

logger = logging.getLogger(__name__)

PAUSE_S = 10.0


def read_usage(snapshot: Snapshot) -> Overviews:
    """Return the overview of both protocols for a snapshot. Any thread but the UI's."""
    from portview.diagnosis.overview import read_overview  # noqa: PLC0415 - not before it is wanted

    return read_overview(snapshot, ())


class PortUsageFeed(QObject):
    """Counts the dynamic ports in use on a pool. UI thread; ``counted`` has the overviews.

    The first count is ``PAUSE_S`` seconds after the start, and so is each after the one before.
    """

    counted = Signal(object)

    def __init__(
        self,
        runner: TaskRunner,
        parent: QObject | None = None,
        *,
        read: Callable[[Snapshot], Overviews] = read_usage,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._next_s = clock() + PAUSE_S
        self._query: LatestQuery[Snapshot, Overviews] = LatestQuery(
            read, runner, Pool.READING, on_answered=self._on_counted, on_failed=self._on_failed
        )

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Count in this snapshot, unless the last count was a moment ago."""
        now_s = self._clock()
        if now_s >= self._next_s:
            self._next_s = now_s + PAUSE_S
            self._query.ask(snapshot)

    def _on_counted(self, _snapshot: Snapshot, overviews: Overviews) -> None:
        self.counted.emit(overviews)

    @staticmethod
    def _on_failed(error: Exception) -> None:
        logger.error("the dynamic ports could not be counted", exc_info=error)
