"""One full round over all watches, for ``watch check``."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

from portview.domain.cancellation import CancelToken
from portview.watch.evaluation.baseline import compare, learned
from portview.watch.evaluation.evaluator import Evaluator, needs_snapshot
from portview.watch.evaluation.local_facts import LocalReader
from portview.watch.incidents.machine import Evaluation, Moment
from portview.watch.incidents.suppression import Surroundings
from portview.watch.rules.listener_key import parse_entry
from portview.watch.rules.model import Expectation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.watch.evaluation.local_facts import LocalFacts
    from portview.watch.evaluation.observation import Observation
    from portview.watch.rules.model import Watch, WatchRules
    from portview.watch.store.incident_store import IncidentStore
    from portview.watch.tracking.tracker import Tracker, Transition

MOST_AT_ONCE = 32


def moment_now() -> Moment:
    """Return this moment by both clocks."""
    return Moment(steady_s(), time.time_ns() // 1_000_000)


def steady_s() -> float:
    """Return seconds that no clock step changes and that continue while the machine sleeps."""
    if sys.platform == "linux":
        # Linux's monotonic clock stands while the machine sleeps; that of Windows continues.
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def surroundings_now(store: IncidentStore, *, is_starting: bool = False) -> Surroundings:
    """Return what is true around a round that is stored now."""
    # Local time without its zone: maintenance windows are written by the clock on the wall.
    now = datetime.now()  # noqa: DTZ005
    return Surroundings(now, store.silences(time.time_ns() // 1_000_000), is_starting)


def evaluate_baseline(
    watch: Watch, facts: LocalFacts, store: IncidentStore, subjects: Iterable[str], at_ms: int
) -> list[Observation]:
    """Compare who listens with a watch's baseline, which a first reading learns."""
    if watch.baseline is not None:
        entries = [*watch.baseline, *(store.baseline(watch.name) or ())]
    else:
        kept = store.baseline(watch.name)
        if kept is None:
            found = learned(facts)
            if found is not None:
                kept = [str(key) for key in found]
                with store.transaction():
                    store.learn_baseline(watch.name, kept, at_ms)
        entries = kept or []
    keys = [key for key in map(parse_entry, entries) if key is not None]
    return compare(keys, facts, subjects)


def run_round(
    rules: WatchRules, tracker: Tracker, store: IncidentStore, cancel: CancelToken | None = None
) -> list[Transition]:
    """Evaluate every watch once, its retries included, and store what was found.

    Raises sqlite3.Error, and Cancelled.
    """
    cancel = cancel or CancelToken()
    watches = [one for one in rules.watches if one.is_enabled]
    reader, evaluator = LocalReader(), Evaluator()
    try:
        facts = reader.read(settled=True) if any(map(needs_snapshot, watches)) else None
        found: list[tuple[Watch, list[Observation]]] = []
        asked = [one for one in watches if one.expect is not Expectation.NO_NEW_LISTENERS]
        with ThreadPoolExecutor(MOST_AT_ONCE, "watch") as pool:
            results = pool.map(
                lambda watch: _with_retries(watch, facts, reader, evaluator, cancel), asked
            )
            for watch in watches:
                if watch.expect is Expectation.NO_NEW_LISTENERS and facts is not None:
                    subjects = tracker.subjects_of(watch.name)
                    at_ms = moment_now().wall_ms
                    found.append((watch, evaluate_baseline(watch, facts, store, subjects, at_ms)))
            found += [(watch, [one]) for watch, one in zip(asked, results, strict=True)]
        return tracker.record(found, moment_now(), surroundings_now(store))
    finally:
        evaluator.close()
        reader.close()


def _with_retries(
    watch: Watch,
    facts: LocalFacts | None,
    reader: LocalReader,
    evaluator: Evaluator,
    cancel: CancelToken,
) -> Observation:
    found = evaluator.evaluate(watch, facts, cancel)
    for _each in range(watch.retries):
        if found.evaluation is not Evaluation.BAD or cancel.wait(watch.retry_interval_s):
            break
        again = reader.read(settled=True) if needs_snapshot(watch) else None
        found = evaluator.evaluate(watch, again, cancel)
    return found
