"""A whole snapshot: the sockets of one reader and the processes that own them."""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portview.domain.sockets.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.readers.listing import SocketReader
    from portview.readers.processes import ProcessReader
    from portview.readers.recognition.background import ProgramIdentities


_LONGEST_SEARCH_S = 3.0


class SnapshotReader:
    """Joins a socket reader with what is known about the owners. One thread at a time."""

    def __init__(self, sockets: SocketReader, processes: ProcessReader | None = None) -> None:
        """Take over the socket reader; ``close`` closes it."""
        self._sockets = sockets
        self._processes = processes
        self._pending = 0
        self._is_first = True
        self.identities: ProgramIdentities | None = None
        """Where what programs are is known from, joined to what is known of each process."""

    @property
    def source(self) -> str:
        """Return the name of the socket reader."""
        return self._sockets.name

    def read(self) -> Snapshot:
        """Take a snapshot. Raises PortViewError where no socket could be read."""
        started = time.perf_counter()
        if self._is_first:
            with _collector_paused():
                listing = self._sockets.read()
        else:
            listing = self._sockets.read()
        self._is_first = False
        self._pending = listing.pending
        owners = listing.owners
        if owners is None:
            owners = frozenset(row.key.owner for row in listing.rows if row.key.owner)
        if self._processes is None:
            # Loaded with the first reading, on its thread: psutil takes a while.
            from portview.readers.processes import ProcessReader  # noqa: PLC0415

            self._processes = ProcessReader()
        processes = self._processes.describe(owners)
        if self.identities is not None:
            processes = self.identities.join_to(processes)
        return Snapshot(
            rows=listing.rows,
            processes=processes,
            taken_at_ms=time.time_ns() // 1_000_000,
            source=self._sockets.name,
            read_ms=(time.perf_counter() - started) * 1000,
            notes=listing.notes,
            step=listing.step,
        )

    def read_settled(self) -> Snapshot:
        """Take a snapshot in which no owner is still being looked for, as far as time allows.

        For those who read once: a command, a plan. Raises PortViewError as ``read`` does.
        """
        deadline = time.monotonic() + _LONGEST_SEARCH_S
        snapshot = self.read()
        while self._pending and time.monotonic() < deadline:
            snapshot = self.read()
        return snapshot

    def close(self) -> None:
        """Close the socket reader."""
        self._sockets.close()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Let nothing be collected meanwhile, if it is at other times.

    A first reading makes tens of thousands of objects that all stay: looking through them again and
    again took a quarter of its time at 36,000 sockets.
    """
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()
