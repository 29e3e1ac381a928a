"""Follows the Windows service that watches for everybody, and writes nothing in its store.

A service has no desktop; the window of who may read its folder shows what it finds.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from portview.domain.cancellation import CancelToken
from portview.domain.errors import PortViewError
from portview.watch.messages.desktop import messages_of_events
from portview.watch.rules.file import read_rules
from portview.watch.running.status import read_statuses
from portview.watch.store.incident_store import IncidentStore

if TYPE_CHECKING:
    from pathlib import Path

    from portview.watch.messages.texts import Message
    from portview.watch.running.status import WatchStatus

_LOOK_EVERY_S = 2.0


class ServiceFeed(QObject):
    """Looks at a folder on a thread of its own. Its signals arrive on the UI thread.

    ``statuses_changed`` carries a list of ``WatchStatus``, ``messages_came`` a list of ``Message``
    for what happened since ``start``.
    """

    statuses_changed = Signal(object)
    messages_came = Signal(object)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        """Read nothing yet."""
        super().__init__(parent)
        self._folder = folder
        self._cancel = CancelToken()
        self._thread: threading.Thread | None = None
        self._last_event: int | None = None
        self._shown: object = None

    def start(self) -> None:
        """Begin; once. Nothing is read on this thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="service feed")
            self._thread.start()

    def has_rules(self, path: Path) -> bool:
        """Return whether the service evaluates just what a file says."""
        try:
            return path.read_bytes() == (self._folder / "watches.toml").read_bytes()
        except OSError:
            return False

    def stop(self) -> None:
        """End it and wait."""
        self._cancel.cancel()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                statuses, messages = self._look()
            except (OSError, sqlite3.Error, PortViewError):
                # No service, or one that has just stopped: what it found is out of date.
                statuses, messages = [], []
            if messages:
                self.messages_came.emit(messages)
            shown = [(one.watch, one.state, one.incident, one.is_acknowledged) for one in statuses]
            if shown != self._shown:
                self._shown = shown
                self.statuses_changed.emit(statuses)
            if self._cancel.wait(_LOOK_EVERY_S):
                return

    def _look(self) -> tuple[list[WatchStatus], list[Message]]:
        parsed = read_rules(self._folder / "watches.toml")
        path = self._folder / "portview.sqlite3"
        with closing(IncidentStore.open(path, read_only=True)) as store:
            messages, self._last_event = messages_of_events(store, self._last_event)
            return read_statuses(parsed.rules, store, time.time_ns() // 1_000_000), messages
