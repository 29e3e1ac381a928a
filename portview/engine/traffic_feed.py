"""What goes through the sockets that a person looks at, read once per tick."""

from __future__ import annotations

import logging
import time
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from portview.domain.errors import PortViewError
from portview.domain.sockets.connections import total_rate
from portview.domain.sockets.socket_row import Protocol
from portview.domain.sockets.traffic import traffic_rate
from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool
from portview.engine.traffic_history import TrafficHistory
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from portview.domain.sockets.socket_row import SocketKey
    from portview.domain.sockets.traffic import TrafficCounters, TrafficRate
    from portview.engine.task_runner import TaskRunner
    from portview.readers.traffic import TrafficReader

logger = logging.getLogger(__name__)


class _Reading(NamedTuple):
    counters: Mapping[SocketKey, TrafficCounters]
    at_ms: float


class TrafficFeed(QObject):
    """Turns counters into rates. UI thread; the reader is used on the reading pool alone.

    ``rates_changed`` follows every reading. A socket has a rate from its second reading on, and
    loses it when it is not asked for any more.
    """

    rates_changed = Signal()

    def __init__(
        self,
        reader: TrafficReader,
        runner: TaskRunner,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._reader = reader
        self._clock = clock
        self._unavailable: str | None = None
        self._failure = ""
        self._before: _Reading | None = None
        self._rates: Mapping[SocketKey, TrafficRate] = MappingProxyType({})
        self._totals: Mapping[SocketKey, TrafficRate] = MappingProxyType({})
        self._groups: Mapping[SocketKey, Collection[SocketKey]] = MappingProxyType({})
        self.history = TrafficHistory()
        self._inquiry: LatestQuery[tuple[SocketKey, ...], _Reading] = LatestQuery(
            self._read,
            runner,
            Pool.READING,
            on_answered=self._on_read,
            on_failed=self._on_failed,
        )

    @property
    def rates(self) -> Mapping[SocketKey, TrafficRate]:
        """Return the rates of the last reading. A mapping that does not change any more."""
        return self._rates

    @property
    def totals(self) -> Mapping[SocketKey, TrafficRate]:
        """Return what goes through all connections of the servers that were asked about."""
        return self._totals

    def now_s(self) -> float:
        """Return the time on the clock of ``history``, in seconds."""
        return self._clock()

    @property
    def counters(self) -> Mapping[SocketKey, TrafficCounters]:
        """Return the counters of the last reading."""
        return self._before.counters if self._before else {}

    @property
    def hint(self) -> str:
        """Return why no rates are known; empty where they can be, and before the first reading."""
        return self._unavailable or self._failure

    def look_at(
        self,
        keys: Collection[SocketKey],
        groups: Mapping[SocketKey, Collection[SocketKey]] = MappingProxyType({}),
    ) -> None:
        """Read the counters of these sockets as far as they are connections over TCP.

        ``groups`` are connections of servers, by the server: they are read as well, and summed up.
        """
        self._groups = groups
        if groups:
            keys = dict.fromkeys(chain(keys, *groups.values()))
        if self._unavailable is None:
            # Not before: it may open the reader, which a window that starts does not wait for.
            self._unavailable = self._reader.unavailable_reason or ""
        if self._unavailable:
            return
        wanted = tuple(key for key in keys if key.protocol is Protocol.TCP and key.remote)
        if wanted or self._before is not None:
            self._inquiry.ask(wanted)

    def _read(self, keys: tuple[SocketKey, ...]) -> _Reading:
        counters = self._reader.read(keys)
        return _Reading(counters, self._clock() * 1000)

    def _on_read(self, keys: tuple[SocketKey, ...], now: _Reading) -> None:
        before, self._before = self._before, now if keys else None
        self._failure = ""
        rates: dict[SocketKey, TrafficRate] = {}
        if before is not None:
            elapsed_ms = now.at_ms - before.at_ms
            for key, counters in now.counters.items():
                earlier = before.counters.get(key)
                rate = traffic_rate(earlier, counters, elapsed_ms) if earlier else None
                if rate is not None:
                    rates[key] = rate
        self._rates = MappingProxyType(rates)
        totals = {key: total_rate(members, rates) for key, members in self._groups.items()}
        self._totals = MappingProxyType({key: one for key, one in totals.items() if one})
        self.history.note({**self._totals, **rates}, now.at_ms / 1000)
        self.rates_changed.emit()

    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, PortViewError):
            self._failure = f"{error.message} {error.hint}".strip()
        else:
            logger.error("reading the traffic failed", exc_info=error)
            self._failure = _("Traffic could not be read; the log has the details.")
        self._before = None
        self._rates = self._totals = MappingProxyType({})
        self.rates_changed.emit()
