"""When each watch is due. Pure: the time comes from outside."""

from __future__ import annotations

import heapq
import math
import zlib
from typing import TYPE_CHECKING

from portview.watch.evaluation.evaluator import is_answered_at_once

if TYPE_CHECKING:
    from portview.watch.rules.model import Watch

_SPREADS = 1000


class Schedule:
    """The next time of each watch, in seconds of a steady clock.

    What one snapshot answers is due at the same moments, so that one snapshot serves all of it;
    what asks over the network is spread over its interval. A watch is given out once and has to
    be put back with ``done`` or ``again``.
    """

    def __init__(self) -> None:
        self._watches: dict[str, Watch] = {}
        self._due: list[tuple[float, str]] = []
        self._next: dict[str, float] = {}

    def adopt(self, watches: list[Watch], now_s: float) -> None:
        """Take over the watches; those that did not change keep their time, others are due now."""
        before, self._watches = self._watches, {one.name: one for one in watches}
        for name, watch in self._watches.items():
            if before.get(name) != watch:
                self._put(name, now_s)
        for name in before.keys() - self._watches.keys():
            self._next.pop(name, None)

    def take_due(self, now_s: float) -> list[Watch]:
        """Return the watches that are due, and give each out once."""
        found = []
        while self._due and self._due[0][0] <= now_s:
            at_s, name = heapq.heappop(self._due)
            # What was put elsewhere meanwhile left its old entry behind.
            if self._next.get(name) == at_s and name in self._watches:
                del self._next[name]
                found.append(self._watches[name])
        return found

    def done(self, watch: Watch, now_s: float, interval_s: float | None = None) -> None:
        """Put a watch back for its next interval."""
        if watch.name in self._watches and watch.name not in self._next:
            self._put(watch.name, self._after(watch, now_s, interval_s or watch.interval_s))

    def again(self, watch: Watch, at_s: float) -> None:
        """Put a watch back for a certain moment."""
        if watch.name in self._watches:
            self._put(watch.name, at_s)

    def next_s(self) -> float:
        """Return when the next watch is due, infinity for none."""
        while self._due and self._next.get(self._due[0][1]) != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else math.inf

    def time_of(self, name: str) -> float | None:
        """Return when a watch is due next, None while it is being evaluated."""
        return self._next.get(name)

    def _put(self, name: str, at_s: float) -> None:
        self._next[name] = at_s
        heapq.heappush(self._due, (at_s, name))

    @staticmethod
    def _after(watch: Watch, now_s: float, interval_s: float) -> float:
        phase = 0.0
        if not is_answered_at_once(watch):
            share = zlib.crc32(watch.name.encode()) % _SPREADS / _SPREADS
            phase = share * interval_s
        turns = math.floor((now_s - phase) / interval_s) + 1
        at_s = turns * interval_s + phase
        # A time that is almost now was this very turn.
        return at_s + interval_s if at_s - now_s < interval_s * 0.25 else at_s
