"""Records who listens, on a thread of its own: never on the tick's way.

The window hands over the snapshots that it takes anyhow; where none comes for a while (it is
paused, or there is no window) the recorder reads by itself. Of all processes of a user one records,
by a lock; the others try again with each reading.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.errors import PortViewError
from portview.i18n import _
from portview.watch.history.choices import ChoicesFile, HistoryChoices
from portview.watch.history.counts_recorder import CountsRecorder
from portview.watch.history.retention import prune
from portview.watch.history.schema import HISTORY, recording_lock_path
from portview.watch.history.tracker import ListenerTracker, is_listening
from portview.watch.history.writing import HistoryWriter
from portview.watch.incidents.machine import Moment
from portview.watch.store.database import is_disk_full, open_store, store_path
from portview.watch.store.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from portview.domain.sockets.snapshot import Snapshot
    from portview.readers.recognition.background import ProgramIdentities
    from portview.readers.snapshots import SnapshotReader

logger = logging.getLogger(__name__)

LOOK_INTERVAL_S = 1.0
"""How often the recorder looks where nobody hands it snapshots."""

_HANDED_PAUSE_S = 1.8
"""After how long without a snapshot of the window the recorder reads by itself."""

_RETRY_S = 10.0
_PRUNE_INTERVAL_S = 3600.0
_FIRST_PRUNE_S = 60.0
_END_S = 2.0


class _Handed(NamedTuple):
    snapshot: Snapshot
    at: Moment


class HistoryRecorder:
    """A thread that keeps history as long as it runs and has the lock.

    ``submit`` may be called from any thread and never waits: of several snapshots only the newest
    is kept, since each reading compares with the last one that was written.
    """

    def __init__(
        self,
        open_reader: Callable[[], SnapshotReader],
        looker: str,
        *,
        path: Path | None = None,
        interval_s: float = LOOK_INTERVAL_S,
        choices: Callable[[], HistoryChoices] | None = None,
        on_problem: Callable[[str], None] | None = None,
        identities: ProgramIdentities | None = None,
    ) -> None:
        """Start the thread. ``on_problem`` is reported once, on it, when recording begins to fail.

        ``identities`` says what programs are, where the recorder reads by itself; ``choices`` what
        is recorded and kept, asked with each reading: by the settings file, where nothing is given.
        """
        self._identities = identities
        self._open_reader = open_reader
        self._looker = looker
        self._path = path or store_path()
        self._interval_s = interval_s
        self._choose = choices or ChoicesFile().read
        self._choices = HistoryChoices()
        self._on_problem = on_problem
        self._lock = ProcessLock(recording_lock_path(self._path))
        self._reader: SnapshotReader | None = None
        self._connection: sqlite3.Connection | None = None
        self._tracker = ListenerTracker()
        self._counts = CountsRecorder()
        self._writer: HistoryWriter | None = None
        self._handed: _Handed | None = None
        self._was_handed = False
        self._is_closing = False
        self._is_failing = False
        self._prune_at_s = time.monotonic() + _FIRST_PRUNE_S
        self._wake = threading.Condition()
        self.is_recording = False
        """Whether this process is the one that records; read it from any thread."""
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    def submit(self, snapshot: Snapshot) -> None:
        """Hand over a snapshot that was just taken."""
        with self._wake:
            self._handed = _Handed(snapshot, Moment(time.monotonic(), snapshot.taken_at_ms))
            self._wake.notify()

    def close(self) -> None:
        """End the thread, for which at most two seconds are waited."""
        with self._wake:
            self._is_closing = True
            self._wake.notify()
        self._thread.join(_END_S)

    def _run(self) -> None:
        pause_s = 0.0
        try:
            while not self._is_asked_to_end(pause_s):
                started = time.monotonic()
                pause_s = self._interval_s
                try:
                    is_recording = self._look()
                except (PortViewError, OSError, sqlite3.Error) as error:
                    self._failed(error)
                    is_recording, pause_s = False, _RETRY_S
                except Exception as error:
                    # A mistake must not end recording for good; the log has where it is.
                    logger.exception("history: an unexpected failure")
                    self._failed(error)
                    is_recording, pause_s = False, _RETRY_S
                self.is_recording = is_recording
                if self._was_handed:
                    pause_s = max(pause_s, _HANDED_PAUSE_S)
                pause_s = max(0.05, pause_s - (time.monotonic() - started))
        finally:
            self._flush()
            self._drop_store()
            self._lock.release()
            self._counts.close()
            if self._reader is not None:
                self._reader.close()

    def _is_asked_to_end(self, pause_s: float) -> bool:
        with self._wake:
            self._wake.wait_for(lambda: self._is_closing or self._handed is not None, pause_s)
            return self._is_closing

    def _look(self) -> bool:
        with self._wake:
            handed, self._handed = self._handed, None
        self._was_handed = handed is not None
        choices, before = self._choose(), self._choices
        self._choices = choices
        if not choices.is_on:
            self._flush()
            self._drop_store()
            self._lock.release()
            return False
        if choices != before:
            self._prune_at_s = time.monotonic()
        if not self._lock.acquire():
            return False
        if handed is None:
            handed = self._read()
        writer = self._open_writer()
        if forgotten := writer.take_forgotten():
            self._tracker.begin_again(forgotten)
        look = self._tracker.look(handed.snapshot, handed.at)
        writer.write(look)
        if self._connection is not None:
            self._counts.look(
                self._connection, handed.snapshot, look, self._tracker, choices.with_peers
            )
        if self._is_failing:
            logger.info("history is recorded again")
            self._is_failing = False
        self._prune()
        return True

    def _read(self) -> _Handed:
        if self._reader is None:
            self._reader = self._open_reader()
            self._reader.identities = self._identities
        snapshot = self._reader.read()
        if self._identities is not None:
            owners = {row.owner for row in snapshot.rows if is_listening(row)}
            known = snapshot.processes
            self._identities.want(known[one] for one in owners if one is not None and one in known)
        return _Handed(snapshot, Moment(time.monotonic(), snapshot.taken_at_ms))

    def _open_writer(self) -> HistoryWriter:
        if self._writer is None:
            self._connection = open_store(self._path, [HISTORY])
            self._writer = HistoryWriter(self._connection, self._looker)
        return self._writer

    def _prune(self) -> None:
        if self._connection is None or time.monotonic() < self._prune_at_s:
            return
        self._prune_at_s = time.monotonic() + _PRUNE_INTERVAL_S
        prune(self._connection, self._choices.retention, time.time_ns() // 1_000_000)

    def _failed(self, error: Exception) -> None:
        """Begin again with the next look that can be written; what lies between is a gap."""
        self._drop_store()
        if self._is_failing:
            return
        self._is_failing = True
        logger.error("history is not recorded: %s", error)
        if self._on_problem is not None:
            self._on_problem(_problem_sentence(error))

    def _flush(self) -> None:
        """Write what is gathered still, at an end."""
        if self._connection is None:
            return
        try:
            self._counts.flush(self._connection)
        except sqlite3.Error as error:
            logger.warning("the last counts of connections were not recorded: %s", error)

    def _drop_store(self) -> None:
        self._tracker, self._writer = ListenerTracker(), None
        self._counts.begin_again()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _problem_sentence(error: Exception) -> str:
    if isinstance(error, sqlite3.Error) and is_disk_full(error):
        return _("The disk is full: history is not recorded until there is room.")
    return _("History is not recorded: {reason}").format(reason=error)
