"""Evaluates the watches while the window is there, or follows the process that does."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from portview.domain.cancellation import CancelToken
from portview.domain.errors import PortViewError
from portview.watch.messages.desktop import take_desktop_messages
from portview.watch.rules.file import problem_lines, read_rules, rules_path
from portview.watch.rules.model import WatchRules
from portview.watch.running.lock import is_evaluated
from portview.watch.running.status import read_statuses
from portview.watch.running.strip import STRIP_MS, watch_strip
from portview.watch.running.turns import WatcherHooks
from portview.watch.running.watcher import Watcher
from portview.watch.store.database import store_path
from portview.watch.store.incident_store import IncidentStore

if TYPE_CHECKING:
    from portview.watch.running.status import WatchStatus
    from portview.watch.running.strip import WatchStrip
    from portview.watch.store.incident_store import Incident

logger = logging.getLogger(__name__)

_TRY_AGAIN_S = 5.0
_LOOK_EVERY_S = 1.0
_MOST_EVENTS = 100
_MOST_ALERTS = 500
_ALERTS_MS = 30 * 86_400_000


class WatchFeed(QObject):
    """Runs the loop on a thread of its own. Its signals arrive on the UI thread.

    ``statuses_changed`` carries a list of ``WatchStatus`` whenever a state changed,
    ``messages_came`` a list of ``Message`` for the desktop, ``problem_found`` a sentence.
    """

    statuses_changed = Signal(object)
    messages_came = Signal(object)
    problem_found = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cancel = CancelToken()
        self._thread: threading.Thread | None = None
        self._watcher: Watcher | None = None
        self._store: IncidentStore | None = None
        self._rules = WatchRules()
        self._looked_at_s = float("-inf")
        self._shown: object = None

    @property
    def is_running(self) -> bool:
        """Return whether it was started."""
        return self._thread is not None

    def start(self) -> None:
        """Begin; once. Nothing is read on this thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="watch feed")
            self._thread.start()

    def stop(self) -> None:
        """End it and wait."""
        self._cancel.cancel()
        watcher, thread = self._watcher, self._thread
        if watcher is not None:
            watcher.cancel()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        try:
            self._store = IncidentStore.open()
            while not self._cancel.is_cancelled:
                self._evaluate_or_follow()
        except (PortViewError, sqlite3.Error) as error:
            logger.warning("the watches can't be followed: %s", error)
            self.problem_found.emit(str(error))
        finally:
            if self._store is not None:
                self._store.close()

    def _evaluate_or_follow(self) -> None:
        hooks = WatcherHooks(
            on_problem=self.problem_found.emit, on_turn=self._look, on_rules=self._take_rules
        )
        self._watcher = Watcher(hooks, lock_patience_s=0.0)
        if self._cancel.is_cancelled:
            return
        try:
            self._watcher.run()
        except PortViewError as error:
            if error.code != "already_evaluating":
                raise
            # Another process evaluates, such as `watch run`: what it found is shown.
            ends = time.monotonic() + _TRY_AGAIN_S
            while time.monotonic() < ends and not self._cancel.wait(_LOOK_EVERY_S):
                self._follow()

    def _follow(self) -> None:
        parsed = read_rules(rules_path())
        if not parsed.problems:
            self._rules = parsed.rules
        self._look()

    def _take_rules(self, rules: WatchRules) -> None:
        self._rules = rules
        self._looked_at_s = float("-inf")

    def _look(self) -> None:
        """Look at what was stored, at most once a second."""
        now_s = time.monotonic()
        if self._store is None or now_s - self._looked_at_s < _LOOK_EVERY_S:
            return
        self._looked_at_s = now_s
        messages = take_desktop_messages(self._store, self._rules.group_wait_s)
        if messages:
            self.messages_came.emit(messages)
        statuses = read_statuses(self._rules, self._store, time.time_ns() // 1_000_000)
        shown = [(one.watch, one.state, one.incident, one.is_acknowledged) for one in statuses]
        if shown != self._shown:
            self._shown = shown
            self.statuses_changed.emit(statuses)


class WatchesRead(NamedTuple):
    """What the window of watches shows."""

    rules: WatchRules
    problems: list[str]
    """The mistakes in the file, one line each."""
    statuses: list[WatchStatus]
    events: list[tuple[int, str, str]]
    """The last lines of the timeline, newest first: when, what, of which watch and why."""
    strips: dict[str, WatchStrip]
    """The last day of each watch, by its name."""
    is_evaluated: bool
    """Whether any process evaluates now."""


def read_watches() -> WatchesRead:
    """Return what the file and the store say now. Blocks; any thread. Raises PortViewError."""
    parsed = read_rules(rules_path())
    now_ms = time.time_ns() // 1_000_000
    problems = problem_lines(rules_path(), parsed.problems)
    if not store_path().exists():
        statuses = read_statuses(parsed.rules, None, now_ms)
        return WatchesRead(parsed.rules, problems, statuses, [], {}, is_evaluated=False)
    with closing(IncidentStore.open()) as store:
        statuses = read_statuses(parsed.rules, store, now_ms)
        events = [
            (at_ms, kind, f"{watch}: {detail}" if detail else watch)
            for at_ms, kind, watch, detail in store.connection.execute(
                "SELECT at_ms, kind, watch, detail FROM watch_events ORDER BY id DESC LIMIT ?",
                (_MOST_EVENTS,),
            )
        ]
        strips = _strips(store, [one.watch.name for one in statuses], now_ms)
    return WatchesRead(
        parsed.rules, problems, statuses, events, strips, is_evaluated=is_evaluated()
    )


def _strips(store: IncidentStore, names: list[str], now_ms: int) -> dict[str, WatchStrip]:
    from_ms = now_ms - STRIP_MS
    times: dict[str, list[tuple[int, int | None]]] = {name: [] for name in names}
    for one in store.recent_incidents(from_ms):
        if one.watch in times:
            times[one.watch].append((one.began_ms, one.ended_ms))
    looks = []
    found = store.connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'looks'")
    if found.fetchone() is not None:
        looks = store.connection.execute(
            "SELECT from_ms, until_ms FROM looks WHERE until_ms >= ?", (from_ms,)
        ).fetchall()
    return {name: watch_strip(own, looks, now_ms) for name, own in times.items()}


class AlertsRead(NamedTuple):
    """What the window of alerts shows."""

    incidents: list[Incident]
    """Open ones first, then the newest."""
    events: list[tuple[int, str, str]]
    """What happened in the one that was asked for, in its order."""


def read_alerts(chosen: str) -> AlertsRead:
    """Return the incidents of the last days, and what happened in one. Blocks; any thread.

    Raises PortViewError and sqlite3.Error.
    """
    if not store_path().exists():
        return AlertsRead([], [])
    with closing(IncidentStore.open()) as store:
        incidents = store.recent_incidents(time.time_ns() // 1_000_000 - _ALERTS_MS)
        events = store.connection.execute(
            "SELECT at_ms, kind, detail FROM watch_events WHERE incident = ? ORDER BY id LIMIT ?",
            (chosen, _MOST_EVENTS),
        ).fetchall()
    incidents.sort(key=lambda one: (one.ended_ms is not None, -one.began_ms))
    return AlertsRead(incidents[:_MOST_ALERTS], events)
