"""Evaluations that take their time, beside each other and bounded."""

from __future__ import annotations

import queue
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from portview.domain.cancellation import Cancelled, CancelToken
from portview.i18n import _
from portview.watch.evaluation.observation import unreadable

if TYPE_CHECKING:
    import threading

    from portview.watch.evaluation.evaluator import Evaluator
    from portview.watch.evaluation.local_facts import LocalFacts
    from portview.watch.evaluation.observation import Observation
    from portview.watch.rules.model import Watch

_MOST_AT_ONCE = 32
_GRACE_S = 15.0


class Jobs:
    """Hands evaluations to threads. For the thread that evaluates; ``wake`` is called on others."""

    def __init__(self, evaluator: Evaluator, wake: threading.Event) -> None:
        self._evaluator = evaluator
        self._wake = wake
        self._pool = ThreadPoolExecutor(_MOST_AT_ONCE, "watch")
        self._cancel = CancelToken()
        self._finished: queue.SimpleQueue[tuple[int, Watch, Observation]] = queue.SimpleQueue()
        self._running: dict[int, tuple[Watch, float]] = {}
        self._number = 0

    def start(self, watch: Watch, facts: LocalFacts | None) -> None:
        """Begin to evaluate a watch."""
        self._number += 1
        number = self._number
        self._running[number] = (watch, time.monotonic() + watch.timeout_s + _GRACE_S)
        self._pool.submit(self._evaluate, number, watch, facts)

    def _evaluate(self, number: int, watch: Watch, facts: LocalFacts | None) -> None:
        try:
            found = self._evaluator.evaluate(watch, facts, self._cancel)
        except Cancelled:
            return
        self._finished.put((number, watch, found))
        self._wake.set()

    def finished(self) -> list[tuple[Watch, Observation]]:
        """Return what has ended, and what had to end by now and did not."""
        found = []
        while True:
            try:
                number, watch, observation = self._finished.get_nowait()
            except queue.Empty:
                break
            if self._running.pop(number, None) is not None:
                found.append((watch, observation))
        now = time.monotonic()
        late = [number for number, (_watch, ends) in self._running.items() if now > ends]
        for number in late:
            watch, _ends = self._running.pop(number)
            found.append((watch, unreadable(_("The evaluation did not end in time."))))
        return found

    def stop(self) -> None:
        """Call off what runs and wait for it."""
        self._cancel.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
