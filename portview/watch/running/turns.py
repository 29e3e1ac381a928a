"""The turns of the loop that evaluates: what is due, what was found, what follows from it."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.domain.facts import Known
from portview.i18n import _
from portview.watch.evaluation.evaluator import (
    REMOTE,
    Evaluator,
    is_answered_at_once,
    needs_snapshot,
)
from portview.watch.evaluation.local_facts import LocalReader
from portview.watch.evaluation.local_kinds import evaluate_locally
from portview.watch.incidents.machine import Condition, Evaluation, EventKind
from portview.watch.incidents.suppression import is_in_maintenance
from portview.watch.messages import outbox
from portview.watch.messages.alertmanager import AlertmanagerSender
from portview.watch.messages.delivery import Deliveries, tidy
from portview.watch.repair.repairer import Repairer
from portview.watch.rules.file import RulesFile, problem_lines, rules_path
from portview.watch.rules.model import Expectation, WatchRules
from portview.watch.running.diagnoser import Diagnoser
from portview.watch.running.jobs import Jobs
from portview.watch.running.round import (
    evaluate_baseline,
    moment_now,
    steady_s,
    surroundings_now,
)
from portview.watch.running.schedule import Schedule
from portview.watch.running.wakeups import Wakeups
from portview.watch.store.incident_store import IncidentStore
from portview.watch.tracking.tracker import Tracker, may_be_diagnosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.cancellation import CancelToken
    from portview.domain.sockets.snapshot import Snapshot
    from portview.watch.evaluation.local_facts import LocalFacts
    from portview.watch.evaluation.observation import Observation
    from portview.watch.incidents.suppression import Surroundings
    from portview.watch.rules.model import Watch
    from portview.watch.tracking.tracker import Transition

logger = logging.getLogger(__name__)

_LONGEST_TURN_S = 1.0
"""How long a change of the file, or what another process stored, may wait."""
_TIDY_EVERY_S = 60.0
_SLEPT_S = 60.0
_CALM_INTERVAL_S = 5.0
"""A server that has been down for long is asked no more often than this."""
_CALM_AFTER_MS = 60_000


@dataclass(frozen=True, slots=True)
class WatcherHooks:
    """What others want to hear, on the thread that evaluates.

    ``on_snapshot`` gets each snapshot, one at least every ``snapshot_every_s`` seconds where that
    is given; ``on_transitions`` what became known, after it was stored; ``on_problem`` a sentence
    on what keeps it from working; ``on_turn`` is called with every turn, at least once a second;
    ``on_rules`` with the rules that are in force from now on.
    """

    on_snapshot: Callable[[Snapshot], None] | None = None
    snapshot_every_s: float | None = None
    on_transitions: Callable[[list[Transition]], None] | None = None
    on_problem: Callable[[str], None] | None = None
    on_turn: Callable[[], None] | None = None
    on_rules: Callable[[WatchRules], None] | None = None

    def notify(self, problem: str) -> None:
        """Log a problem and hand it on."""
        logger.warning("%s", problem)
        if self.on_problem is not None:
            self.on_problem(problem)


class Turns:
    """What one run keeps. For the thread that evaluates."""

    def __init__(self, hooks: WatcherHooks, cancel: CancelToken) -> None:
        """Open the store. Raises PortViewError and sqlite3.Error."""
        self._hooks = hooks
        self._cancel = cancel
        self._store = IncidentStore.open()
        self._tracker = Tracker(self._store)
        self._file = RulesFile(rules_path())
        self._rules = WatchRules()
        self._has_rules = False
        self._schedule = Schedule()
        self._reader = LocalReader()
        self._evaluator = Evaluator()
        self._wake = threading.Event()
        self._jobs = Jobs(self._evaluator, self._wake)
        self._deliveries = Deliveries()
        self._alertmanager = AlertmanagerSender()
        self._diagnoser = Diagnoser()
        self._wakeups = Wakeups(self._wake)
        self._repairer = Repairer(self._reader, self._evaluator)
        self._retries: dict[str, int] = {}
        self._began_ms = moment_now().wall_ms
        self._grace_from_s = steady_s()
        self._last_turn_s = self._grace_from_s
        self._snapshot_at_s = float("-inf")
        self._tidy_at_s = float("-inf")
        self._version = -1
        self._problem = ""

    def turn(self) -> None:
        """Evaluate what is due, store it, and wait for what is next."""
        now_s = steady_s()
        if now_s - self._last_turn_s > _SLEPT_S:
            # The machine slept: what comes up again with it gets the time that a start gives.
            self._grace_from_s = now_s
        self._last_turn_s = now_s
        try:
            self._reload(now_s)
            self._look_at_store(now_s)
            self._wakeups.hurry(self._rules.watches, self._schedule, now_s)
            self._evaluate(now_s)
            self._problem = ""
        except sqlite3.Error as error:
            # A full disk, or a lock that lasts: all is as before, and is tried again.
            if not self._problem:
                self._problem = str(error)
                self._hooks.notify(
                    _("What was found can't be stored: {error}.").format(error=error)
                )
            self._cancel.wait(_LONGEST_TURN_S)
        if self._hooks.on_turn is not None:
            self._hooks.on_turn()
        self._wait()

    def close(self) -> None:
        """End all threads and free what is held open."""
        self._wakeups.close()
        self._jobs.stop()
        self._repairer.stop()
        self._diagnoser.stop()
        self._deliveries.stop()
        self._alertmanager.stop()
        self._evaluator.close()
        self._reader.close()
        self._store.close()

    def _reload(self, now_s: float) -> None:
        try:
            parsed = self._file.read_if_changed()
        except PortViewError as error:
            self._hooks.notify(error.message)
            return
        if parsed is None:
            return
        for line in problem_lines(rules_path(), parsed.problems):
            self._hooks.notify(line)
        if parsed.problems and self._has_rules:
            self._hooks.notify(_("The last good rules stay in force."))
            return
        is_first, self._has_rules = not self._has_rules, True
        self._rules = parsed.rules
        if self._hooks.on_rules is not None:
            self._hooks.on_rules(parsed.rules)
        self._tracker.adopt(parsed.rules, moment_now(), is_new_run=is_first)
        self._schedule.adopt([one for one in parsed.rules.watches if one.is_enabled], now_s)
        self._wakeups.adopt(parsed.rules)
        self._deliveries.adopt(parsed.rules)
        self._alertmanager.adopt(parsed.rules.alertmanager_url)
        tidy(parsed.rules, self._store)
        self._deliveries.wake(outbox.waiting_channels(self._store.connection))

    def _look_at_store(self, now_s: float) -> None:
        version = self._store.data_version()
        if version != self._version:
            self._version = version
            self._tracker.refresh_incidents()
        if self._deliveries.are_sending:
            with self._store.transaction():
                now_ms = moment_now().wall_ms
                outbox.mark_alive(self._store.connection, self._began_ms, now_ms)
        if now_s - self._tidy_at_s >= _TIDY_EVERY_S:
            self._tidy_at_s = now_s
            tidy(self._rules, self._store)
            self._deliveries.wake(outbox.waiting_channels(self._store.connection))

    def _evaluate(self, now_s: float) -> None:
        due = self._schedule.take_due(now_s)
        facts = self._facts(due, now_s)
        found: list[tuple[Watch, list[Observation]]] = []
        for watch in due:
            if not is_answered_at_once(watch) or facts is None:
                self._jobs.start(watch, facts if needs_snapshot(watch) else None)
            elif watch.expect is Expectation.NO_NEW_LISTENERS:
                subjects = self._tracker.subjects_of(watch.name)
                at_ms = moment_now().wall_ms
                found.append((watch, evaluate_baseline(watch, facts, self._store, subjects, at_ms)))
                self._schedule.done(watch, now_s)
            elif (one := self._settled(watch, evaluate_locally(watch, facts), now_s)) is not None:
                found.append((watch, [one]))
        for watch, observation in self._jobs.finished():
            if (one := self._settled(watch, observation, now_s)) is not None:
                found.append((watch, [one]))
        known = {one.name: one for one in self._rules.watches}
        # A watch that was edited while it was asked is asked again.
        found = [(watch, seen) for watch, seen in found if known.get(watch.name) == watch]
        if found:
            self._store_round(found, now_s)

    def _facts(self, due: list[Watch], now_s: float) -> LocalFacts | None:
        every_s = self._hooks.snapshot_every_s
        is_for_others = every_s is not None and now_s - self._snapshot_at_s >= every_s
        if not is_for_others and not any(map(needs_snapshot, due)):
            return None
        self._snapshot_at_s = now_s
        facts = self._reader.read()
        if self._hooks.on_snapshot is not None and isinstance(facts.snapshot, Known):
            self._hooks.on_snapshot(facts.snapshot.value)
        return facts

    def _settled(self, watch: Watch, found: Observation, now_s: float) -> Observation | None:
        """Return an observation that counts; None for one after which the watch is asked again."""
        condition = self._tracker.condition_of(watch.name)
        used = self._retries.get(watch.name, 0)
        is_undecided = condition in {None, Condition.OK, Condition.PENDING}
        if found.evaluation is Evaluation.BAD and is_undecided and used < watch.retries:
            self._retries[watch.name] = used + 1
            self._schedule.again(watch, now_s + watch.retry_interval_s)
            return None
        self._retries.pop(watch.name, None)
        self._schedule.done(watch, now_s, self._interval_s(watch, condition))
        return found

    def _interval_s(self, watch: Watch, condition: Condition | None) -> float:
        kept = self._tracker.state_of(watch.name)
        if watch.expect not in REMOTE or condition is not Condition.FIRING or kept is None:
            return watch.interval_s
        is_long = moment_now().wall_ms - kept.state.since_ms > _CALM_AFTER_MS
        return max(watch.interval_s, _CALM_INTERVAL_S) if is_long else watch.interval_s

    def _store_round(self, found: list[tuple[Watch, list[Observation]]], now_s: float) -> None:
        grace_s = self._rules.startup_grace_s
        around = surroundings_now(self._store, is_starting=now_s - self._grace_from_s < grace_s)
        transitions = self._tracker.record(found, moment_now(), around)
        for one in transitions:
            if one.kind is EventKind.FIRING and one.incident and may_be_diagnosed(one.watch):
                self._diagnoser.ask(one.watch, one.incident)
        for watch, _seen in found:
            self._repair(watch, around)
        waiting = outbox.waiting_channels(self._store.connection)
        if waiting:
            self._deliveries.wake(waiting)
        if transitions:
            self._alertmanager.wake()
        if transitions and self._hooks.on_transitions is not None:
            self._hooks.on_transitions(transitions)

    def _repair(self, watch: Watch, around: Surroundings) -> None:
        kept = self._tracker.state_of(watch.name)
        if not watch.repair or not self._rules.repairs or kept is None:
            return
        if kept.state.condition is not Condition.FIRING or kept.state.is_unknown:
            return
        if is_in_maintenance(watch, around.now) or around.is_starting:
            return
        if any(
            self._tracker.condition_of(parent) not in {None, Condition.OK}
            for parent in watch.depends_on
        ):
            return
        self._repairer.consider(watch, kept.state.incident or "", kept.good_program)

    def _wait(self) -> None:
        next_s = self._schedule.next_s()
        if self._hooks.snapshot_every_s is not None:
            next_s = min(next_s, self._snapshot_at_s + self._hooks.snapshot_every_s)
        wait_s = min(max(0.0, next_s - steady_s()), _LONGEST_TURN_S)
        with self._cancel.waking(self._wake.set):
            self._wake.wait(wait_s)
        self._wake.clear()
        if wait_s == 0:
            time.sleep(0)
