"""Name servers, byte counters and services that answer what a test wants, when it wants."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from portview.domain.facts import Known

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from portview.domain.facts import Fact
    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.socket_row import SocketKey
    from portview.domain.sockets.traffic import TrafficCounters


class FakeResolver:
    """Knows some names; a real name server neither hangs nor fails when asked to."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = dict(names)
        self.error: OSError | None = None
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def __call__(self, address: str) -> str | None:
        with self._lock:
            self.asked.append(address)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            assert self.gate.wait(30)
            if self.error:
                raise self.error
            return self.names.get(address)
        finally:
            with self._lock:
                self._at_once -= 1


class FakeTraffic:
    """Counts as the test says; real counters can't be made to fail or to begin again."""

    name = "fake"

    def __init__(self, unavailable_reason: str | None = None) -> None:
        self.unavailable_reason = unavailable_reason
        self.counters: dict[SocketKey, TrafficCounters] = {}
        self.error: Exception | None = None
        self.asked: list[tuple[SocketKey, ...]] = []
        self.is_closed = False

    def read(self, keys: Collection[SocketKey]) -> Mapping[SocketKey, TrafficCounters]:
        self.asked.append(tuple(keys))
        if self.error:
            raise self.error
        return {key: self.counters[key] for key in keys if key in self.counters}

    def close(self) -> None:
        self.is_closed = True


class FakeServices:
    """Says that every process is one service with a display name."""

    def names_of(self, process: ProcessKey) -> Fact[tuple[str, ...]]:
        return Known(("Dnscache",))

    def display_name(self, name: str) -> str:
        return "DNS Client"


def refuse_services() -> FakeServices:
    """Fail as a service manager does that may not be asked."""
    raise OSError(5, "access denied")


class FakeClock:
    """A clock that is suspended until it is told to continue."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s
