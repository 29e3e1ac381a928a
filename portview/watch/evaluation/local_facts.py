"""What the kinds of watches that look at this machine share: one snapshot and its ranges."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.domain.facts import Fact, Known, Unreadable
from portview.domain.owners.identity import identity_of, what_of
from portview.domain.sockets.socket_row import Protocol, State, awaits_clients
from portview.i18n import join_sentences, without_full_stop
from portview.watch.evaluation.programs import shown_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.port_ranges import PortRanges
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import SocketRow
    from portview.readers.snapshots import SnapshotReader

_RANGES_STAY_S = 10.0
_RECOGNISING_S = 1.0
_MOST_RECOGNISED = 1024


class LocalFacts:
    """One snapshot for all watches of a round, indexed by port. Immutable but for what it keeps."""

    def __init__(
        self,
        snapshot: Fact[Snapshot],
        ranges: Callable[[Protocol], Fact[PortRanges]],
        recognise: Callable[[ProcessInfo], str] = lambda _info: "",
    ) -> None:
        self.snapshot = snapshot
        self._ranges = ranges
        self._recognise = recognise

    def ranges(self, protocol: Protocol) -> Fact[PortRanges]:
        """Return the dynamic and the excluded ranges."""
        return self._ranges(protocol)

    @cached_property
    def _holding(self) -> dict[tuple[Protocol, int], list[SocketRow]]:
        found: dict[tuple[Protocol, int], list[SocketRow]] = defaultdict(list)
        if isinstance(self.snapshot, Known):
            for row in self.snapshot.value.rows:
                if awaits_clients(row) or row.state is State.BOUND:
                    found[row.protocol, row.local.port].append(row)
        return found

    def holding(self, protocol: Protocol, port: int) -> list[SocketRow]:
        """Return the sockets that hold a port: listeners, and those that are only bound."""
        return self._holding.get((protocol, port), [])

    def listeners(self) -> list[SocketRow]:
        """Return every socket that waits for clients."""
        return [row for rows in self._holding.values() for row in rows if awaits_clients(row)]

    def info(self, row: SocketRow) -> ProcessInfo | None:
        """Return what is known about the owner of a row."""
        if row.owner is None or not isinstance(self.snapshot, Known):
            return None
        return self.snapshot.value.processes.get(row.owner)

    def program(self, row: SocketRow) -> str:
        """Return the owner of a row as messages name it: what it is, its name and its PID."""
        info = self.info(row)
        what = "" if info is None else what_of(row, info) or self._recognise(info)
        return shown_program(info, row.pid, what)


class LocalReader:
    """Takes snapshots; any thread, one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recognised: dict[ProcessKey, tuple[ProcessInfo, str]] = {}
        self._reader: SnapshotReader | None = None
        self._ranges: dict[Protocol, tuple[float, Fact[PortRanges]]] = {}
        self._ranges_lock = threading.Lock()

    def read(self, *, settled: bool = False) -> LocalFacts:
        """Read the sockets. Never raises: what fails is an unreadable fact."""
        with self._lock:
            return LocalFacts(self._snapshot(settled=settled), self.ranges, self._recognise)

    def _recognise(self, info: ProcessInfo) -> str:
        """Return what a program is, read once for each that a watch is about."""
        before = self._recognised.get(info.key)
        if before is not None and before[0].command_line == info.command_line:
            return before[1]
        from portview.readers.recognition.identities import identify  # noqa: PLC0415 - when wanted

        # A folder that hangs must not hold up a round for long, nor more than once.
        found = identify({info.key: info}, deadline_s=_RECOGNISING_S)[info.key]
        what = identity_of(found).what
        self._recognised[info.key] = (info, what)
        while len(self._recognised) > _MOST_RECOGNISED:
            del self._recognised[next(iter(self._recognised))]
        return what

    def _snapshot(self, *, settled: bool) -> Fact[Snapshot]:
        try:
            if self._reader is None:
                from portview.readers.choose import open_reader  # noqa: PLC0415 - when wanted

                self._reader = open_reader()
            return Known(self._reader.read_settled() if settled else self._reader.read())
        except (PortViewError, OSError) as error:
            reason = error.message if isinstance(error, PortViewError) else str(error)
            return Unreadable(without_full_stop(reason))

    def ranges(self, protocol: Protocol) -> Fact[PortRanges]:
        """Return the port ranges, read at most every few seconds: Windows asks netsh for them."""
        with self._ranges_lock:
            read_at, kept = self._ranges.get(protocol, (float("-inf"), None))
            now = time.monotonic()
            if kept is None or now - read_at > _RANGES_STAY_S:
                kept = _read_ranges(protocol)
                self._ranges[protocol] = (now, kept)
            return kept

    def close(self) -> None:
        """Close the socket reader."""
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


def _read_ranges(protocol: Protocol) -> Fact[PortRanges]:
    from portview.readers.port_ranges import read_port_ranges  # noqa: PLC0415 - when wanted

    try:
        ranges = read_port_ranges(protocol)
    except (PortViewError, OSError) as error:
        return Unreadable(without_full_stop(str(error)))
    if ranges.notes:
        return Unreadable(without_full_stop(join_sentences(*ranges.notes)))
    return Known(ranges)
