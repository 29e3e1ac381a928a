"""Records connections, bytes and peers of the ports that listen. For the recorder's thread."""

from __future__ import annotations

import logging
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.readers.choose import open_traffic_reader
from portview.watch.history.counters import CounterBuffer, thin
from portview.watch.history.counting import ConnectionCounter
from portview.watch.history.peers import write_peers

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import SocketKey
    from portview.domain.sockets.traffic import TrafficCounters
    from portview.readers.traffic import TrafficReader
    from portview.watch.history.tracker import ListenerTracker, Look

logger = logging.getLogger(__name__)

_FLUSH_MS = 10_000
"""How often counts are written, and bytes are read."""

_THIN_MS = 300_000


class CountsRecorder:
    """Counts from look to look, and writes every ten seconds. One thread."""

    def __init__(self) -> None:
        """Begin with nothing known; the traffic reader is opened when bytes are first read."""
        self._traffic: TrafficReader | None = None
        self._thinned_ms = 0
        self.begin_again()

    def begin_again(self) -> None:
        """Forget what was gathered: the next look begins."""
        self._counter = ConnectionCounter()
        self._buffer = CounterBuffer()
        self._listening: frozenset[int] = frozenset()
        self._bytes: Mapping[SocketKey, TrafficCounters] = {}
        self._flushed_ms = 0

    def look(
        self,
        connection: sqlite3.Connection,
        snapshot: Snapshot,
        look: Look,
        tracker: ListenerTracker,
        with_peers: bool,  # noqa: FBT001 - the choice of the moment
    ) -> None:
        """Take in a reading that was written. Raises sqlite3.Error."""
        if look.begins_stretch:
            # What was counted before says nothing of the time between.
            self._counter = ConnectionCounter()
            self._bytes = {}
        if look.opened or look.ended or look.identified or look.begins_stretch:
            self._listening = tracker.tcp_ports()
        counted = self._counter.look(snapshot, self._listening, with_peers=with_peers)
        self._buffer.count(look.at_ms, counted.counts)
        if counted.peers:
            write_peers(connection, look.at_ms, counted.peers)
        if abs(look.at_ms - self._flushed_ms) >= _FLUSH_MS:
            self._flushed_ms = look.at_ms
            self._read_bytes(look.at_ms)
            self.flush(connection)
            if abs(look.at_ms - self._thinned_ms) >= _THIN_MS:
                self._thinned_ms = look.at_ms
                thin(connection, look.at_ms)

    def flush(self, connection: sqlite3.Connection) -> None:
        """Write what is gathered. Raises sqlite3.Error."""
        if self._buffer:
            self._buffer.write(connection)

    def close(self) -> None:
        """Let go of the traffic reader."""
        if self._traffic is not None:
            self._traffic.close()

    def _read_bytes(self, at_ms: int) -> None:
        keys = self._counter.keys()
        if sys.platform == "win32" or not keys:
            # Windows counts only where somebody switches it on, for which this is no reason.
            return
        if self._traffic is None:
            self._traffic = open_traffic_reader()
        if self._traffic.unavailable_reason is not None:
            return
        try:
            found = self._traffic.read(keys)
        except (PortViewError, OSError) as error:
            logger.warning("history: bytes could not be read: %s", error)
            return
        received: defaultdict[int, int] = defaultdict(int)
        sent: defaultdict[int, int] = defaultdict(int)
        for key, now in found.items():
            before = self._bytes.get(key)
            if before is not None:
                received[key.local.port] += max(0, now.received_bytes - before.received_bytes)
                sent[key.local.port] += max(0, now.sent_bytes - before.sent_bytes)
        self._bytes = found
        self._buffer.move(at_ms, received, sent)
