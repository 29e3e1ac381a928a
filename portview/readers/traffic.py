"""The question "how much went through these sockets?"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from portview.domain.sockets.socket_row import SocketKey
    from portview.domain.sockets.traffic import TrafficCounters


class TrafficReader(Protocol):
    """A way of reading traffic counters. It belongs to one thread at a time."""

    name: str

    @property
    def unavailable_reason(self) -> str | None:
        """Return in one sentence what counting would need here; None where it works."""
        ...

    def read(self, keys: Collection[SocketKey]) -> Mapping[SocketKey, TrafficCounters]:
        """Return the counters of those sockets among ``keys`` that have any.

        Ask for the sockets that are shown, not for all: the cost grows with their number. UDP
        sockets, sockets without a peer and sockets that have gone are left out. Never raises for
        a single socket; PortViewError where the system refuses altogether.
        """
        ...

    def close(self) -> None:
        """Let go of what the reader holds open or switched on. Reading after this is an error."""
        ...


class TrafficOnDemand:
    """Opens another reader when it is first asked anything. One thread at a time."""

    name = "on demand"  # untranslated: for the log

    def __init__(self, open_it: Callable[[], TrafficReader]) -> None:
        """Store what opens the reader; it is called once."""
        self._open = open_it
        self._reader: TrafficReader | None = None

    @property
    def unavailable_reason(self) -> str | None:
        """Return what the reader says."""
        return self._opened().unavailable_reason

    def read(self, keys: Collection[SocketKey]) -> Mapping[SocketKey, TrafficCounters]:
        """Return what the reader reads."""
        return self._opened().read(keys)

    def close(self) -> None:
        """Close the reader, if there is one."""
        if self._reader is not None:
            self._reader.close()

    def _opened(self) -> TrafficReader:
        if self._reader is None:
            self._reader = self._open()
        return self._reader


class NoTraffic:
    """Stands in where the system counts no bytes per socket, and says what it would need."""

    name = "none"

    def __init__(self, reason: str) -> None:
        """Store the sentence that reports people why."""
        self._reason = reason

    @property
    def unavailable_reason(self) -> str | None:
        """Return the reason."""
        return self._reason

    def read(self, keys: Collection[SocketKey]) -> Mapping[SocketKey, TrafficCounters]:
        """Return nothing."""
        del keys
        return {}

    def close(self) -> None:
        """Hold nothing open: nothing to do."""
