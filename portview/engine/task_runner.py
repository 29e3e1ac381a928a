"""Errands: callables that run on a thread pool and come back on the UI thread."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot

from portview.domain.cancellation import Cancelled, CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Pool(Enum):
    """Pools by purpose, so that a slow probe never delays the table and a click never a scan."""

    READING = 1
    PROBES = 16
    ACTIONS = 2

    @property
    def thread_count(self) -> int:
        """Return how many threads the pool has."""
        return self.value


class _Delivery(NamedTuple):
    task_id: int
    kind: str
    value: object = None


@dataclass(slots=True)
class _Receiver(Generic[T]):
    """Who is reported how a task ends; used on the UI thread only."""

    on_done: Callable[[T], None]
    on_failed: Callable[[Exception], None] | None
    on_cancelled: Callable[[], None] | None
    on_progress: Callable[[Any], None] | None
    token: CancelToken


class Task:
    """A handle on work under way, for its caller on the UI thread."""

    def __init__(self, runner: TaskRunner, task_id: int, token: CancelToken) -> None:
        self._runner = runner
        self._id = task_id
        self._token = token

    def cancel(self) -> None:
        """Call the work off. Its receiver is named ``on_cancelled``, unless it was done before."""
        self._token.cancel()

    @property
    def is_running(self) -> bool:
        """Return whether the end of the work has not been delivered yet."""
        return self._runner.has_task(self._id)


class Work(Generic[T]):
    """What a callable is given on the pool thread: the cancel token and a way to say progress."""

    def __init__(self, token: CancelToken, report: Callable[[object], None]) -> None:
        self.token = token
        self.report = report


class TaskRunner(QObject):
    """Runs callables on pools by purpose and hands results back on its own (the UI) thread.

    One long-lived signal carries everything: a runnable that owned its signal would lose results
    when it is deleted. After ``shut_down`` nothing is delivered any more.
    """

    _delivered = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids = count(1)
        self._receivers: dict[int, _Receiver[Any]] = {}
        self._is_shut_down = False
        self._pools: dict[Pool, QThreadPool] = {}
        for purpose in Pool:
            pool = QThreadPool(self)
            pool.setObjectName(f"portview-{purpose.name.lower()}")
            pool.setMaxThreadCount(purpose.thread_count)
            self._pools[purpose] = pool
        # Queued even for an emission from this very thread: a caller never gets its result
        # before it has its Task.
        self._delivered.connect(self._on_delivered, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[Work[T]], T],
        *,
        pool: Pool,
        on_done: Callable[[T], None],
        on_failed: Callable[[Exception], None] | None = None,
        on_cancelled: Callable[[], None] | None = None,
        on_progress: Callable[[Any], None] | None = None,
    ) -> Task:
        """Start ``work`` on a pool; exactly one of done, failed and cancelled follows.

        All four receivers are called on this object's thread. A failure that nobody takes is
        logged. Call on the UI thread only.
        """
        task_id = next(self._ids)
        token = CancelToken()
        if self._is_shut_down:
            token.cancel()
            return Task(self, task_id, token)
        self._receivers[task_id] = _Receiver(on_done, on_failed, on_cancelled, on_progress, token)
        # Python keeps no reference: the pool deletes the runnable when it has run.
        self._pools[pool].start(_TaskRunnable(self, task_id, work, token))
        return Task(self, task_id, token)

    def has_task(self, task_id: int) -> bool:
        """Return whether this task's end is still to be delivered."""
        return task_id in self._receivers

    def shut_down(self) -> None:
        """Cancel everything, wait for what runs, and deliver nothing more. Safe to call twice."""
        self._is_shut_down = True
        for receiver in self._receivers.values():
            receiver.token.cancel()
        self._receivers.clear()
        for pool in self._pools.values():
            pool.clear()
        for pool in self._pools.values():
            pool.waitForDone()

    def deliver(self, delivery: object) -> None:
        """Hand a delivery over to the UI thread. For tasks; any thread."""
        self._delivered.emit(delivery)

    @Slot(object)
    def _on_delivered(self, delivery: _Delivery) -> None:
        if delivery.kind == "progress":
            receiver = self._receivers.get(delivery.task_id)
            if receiver and receiver.on_progress and not receiver.token.is_cancelled:
                receiver.on_progress(delivery.value)
            return
        receiver = self._receivers.pop(delivery.task_id, None)
        if receiver is None:
            return
        if delivery.kind == "cancelled":
            if receiver.on_cancelled:
                receiver.on_cancelled()
        elif delivery.kind == "done":
            receiver.on_done(delivery.value)
        elif receiver.on_failed:
            receiver.on_failed(delivery.value)  # type: ignore[arg-type] # "failed" carries it
        else:
            logger.error("a task failed", exc_info=delivery.value)  # type: ignore[arg-type]


class _TaskRunnable(QRunnable):
    def __init__(
        self,
        runner: TaskRunner,
        task_id: int,
        work: Callable[[Work[Any]], object],
        token: CancelToken,
    ) -> None:
        super().__init__()
        self._runner = runner
        self._task_id = task_id
        self._work = work
        self._token = token

    def run(self) -> None:
        """Do the work and deliver its end; never raises into Qt."""
        try:
            self._token.raise_if_cancelled()
            value = self._work(Work(self._token, self._report))
            end = _Delivery(self._task_id, "done", value)
        except Cancelled:
            end = _Delivery(self._task_id, "cancelled")
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
            end = _Delivery(self._task_id, "failed", error)
        self._runner.deliver(end)

    def _report(self, progress: object) -> None:
        self._runner.deliver(_Delivery(self._task_id, "progress", progress))
