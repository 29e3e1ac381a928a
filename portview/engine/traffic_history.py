"""What went through sockets over the last minutes, kept for whoever wants a plot of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.sockets.series import LONGEST_S, Series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.domain.sockets.socket_row import SocketKey
    from portview.domain.sockets.traffic import TrafficRate

MOST_KEPT = 2000
"""Sockets whose past is kept; the one that was not measured for longest makes room."""


class TrafficHistory:
    """Keeps the rates of every reading: of connections, and of servers those of all theirs.

    Times are seconds of a clock that only goes forward. UI thread only.
    """

    def __init__(self) -> None:
        self._series: dict[SocketKey, Series] = {}
        self._last_s: dict[SocketKey, float] = {}

    def note(self, rates: Mapping[SocketKey, TrafficRate], now_s: float) -> None:
        """Take in a reading."""
        for key, rate in rates.items():
            self._add(key, rate, now_s)
        self._forget(now_s)

    def of(self, key: SocketKey) -> Series:
        """Return the past of a socket: bytes received and sent per second. Empty for none."""
        return self._series.get(key) or Series()

    def _add(self, key: SocketKey, rate: TrafficRate, now_s: float) -> None:
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series()
        series.add(now_s, rate.received_bytes_per_s, rate.sent_bytes_per_s)
        # Last in the order of the dictionary is what was measured last.
        self._last_s.pop(key, None)
        self._last_s[key] = now_s

    def _forget(self, now_s: float) -> None:
        for key in list(self._last_s):
            if len(self._last_s) <= MOST_KEPT and self._last_s[key] >= now_s - LONGEST_S:
                return
            del self._last_s[key], self._series[key]
