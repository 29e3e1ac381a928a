"""Repairs what fires: one attempt after the other, verified by the watch's own check."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.errors import PortViewError
from portview.i18n import _, labelled
from portview.watch.evaluation.evaluator import needs_snapshot
from portview.watch.incidents.machine import Evaluation
from portview.watch.messages.grouping import REPAIR
from portview.watch.messages.outbox import enqueue
from portview.watch.repair.attempts import (
    RepairResult,
    add_attempt,
    attempts_of,
    end_attempt,
    next_step,
    step_key,
    was_refused,
)
from portview.watch.repair.gate import why_it_can_not_help
from portview.watch.repair.steps import carry_out, service_holder, step_words
from portview.watch.store.incident_store import IncidentStore
from portview.watch.tracking.tracker import channels_of

if TYPE_CHECKING:
    from pathlib import Path

    from portview.watch.evaluation.evaluator import Evaluator
    from portview.watch.evaluation.local_facts import LocalReader
    from portview.watch.repair.attempts import NextStep
    from portview.watch.rules.model import Watch

logger = logging.getLogger(__name__)

_USED_UP = "used up"  # untranslated: a code


class Repairer:
    """Repairs watches, each on a thread of its own while an attempt lasts.

    ``consider`` is for the thread that evaluates.
    """

    def __init__(self, reader: LocalReader, evaluator: Evaluator, path: Path | None = None) -> None:
        self._reader = reader
        self._evaluator = evaluator
        self._path = path
        self._cancel = CancelToken()
        self._running: dict[str, threading.Thread] = {}

    def consider(self, watch: Watch, incident: str, good_program: str) -> None:
        """Begin the next attempt for a watch that fires, unless one lasts or none is due."""
        running = self._running.get(watch.name)
        if running is not None and running.is_alive():
            return
        with closing(IncidentStore.open(self._path)) as store:
            coming = self._next(store, watch)
            if coming is None:
                self._report_once(store, watch, incident, _USED_UP, _used_up_words())
                return
            if coming.wait_ms > 0:
                return
        thread = threading.Thread(
            target=self._attempt,
            args=(watch, incident, good_program, coming),
            name=f"repair {watch.name}",
            daemon=True,
        )
        self._running[watch.name] = thread
        thread.start()

    def stop(self) -> None:
        """Call off what lasts and wait for it."""
        self._cancel.cancel()
        for thread in self._running.values():
            thread.join(5.0)

    @staticmethod
    def _next(store: IncidentStore, watch: Watch) -> NextStep | None:
        attempts = attempts_of(store.connection, watch.name, watch.repair)
        return next_step(watch.repair, attempts, _now_ms())

    def _attempt(self, watch: Watch, incident: str, good_program: str, coming: NextStep) -> None:
        try:
            with closing(IncidentStore.open(self._path)) as store:
                self._try(store, watch, incident, good_program, coming)
        except Cancelled:
            return
        except (sqlite3.Error, PortViewError) as error:
            logger.warning("the repair of %s could not be stored: %s", watch.name, error)
        except Exception:
            logger.exception("the repair of %s failed", watch.name)

    def _try(
        self, store: IncidentStore, watch: Watch, incident: str, good_program: str, coming: NextStep
    ) -> None:
        step, key = coming.step, step_key(coming.place, coming.step)
        facts = self._reader.read(settled=True)
        reason = why_it_can_not_help(watch, step, facts, good_program, service_holder)
        if reason:
            self._report_once(store, watch, incident, key, labelled(step_words(step), reason))
            return
        with store.transaction():
            number = add_attempt(
                store.connection, watch.name, key, incident, _now_ms(), RepairResult.STARTED,
                step_words(step),
            )  # fmt: skip
        ended = carry_out(watch, step, incident, self._cancel)
        result, detail = ended.result, ended.detail
        if not result.is_refused:
            self._cancel.wait(step.settle_s)
            self._cancel.raise_if_cancelled()
            is_good = self._is_good(watch)
            if is_good:
                result = RepairResult.REPAIRED
            elif result is RepairResult.STARTED:
                result = RepairResult.NOT_REPAIRED
            detail = f"{detail}. {_result_words(result)}"
        with store.transaction():
            end_attempt(store.connection, number, result, detail)
            self._note(store, watch, incident, detail)
        logger.info("watch %s: repair %s: %s", watch.name, result.value, detail)

    def _is_good(self, watch: Watch) -> bool:
        facts = self._reader.read(settled=True) if needs_snapshot(watch) else None
        found = self._evaluator.evaluate(watch, facts, self._cancel)
        return found.evaluation is Evaluation.GOOD

    def _report_once(
        self, store: IncidentStore, watch: Watch, incident: str, key: str, detail: str
    ) -> None:
        """Keep a refusal, and say it, once for each incident: it costs no attempt."""
        if was_refused(store.connection, incident, key, detail):
            return
        with store.transaction():
            add_attempt(
                store.connection, watch.name, key, incident, _now_ms(), RepairResult.REFUSED, detail
            )
            self._note(store, watch, incident, detail)
        logger.info("watch %s: repair refused: %s", watch.name, detail)

    @staticmethod
    def _note(store: IncidentStore, watch: Watch, incident: str, detail: str) -> None:
        now_ms = _now_ms()
        store.add_event(now_ms, REPAIR, watch.name, watch.port, incident, detail)
        for channel in channels_of(watch):
            enqueue(store.connection, channel, REPAIR, watch.name, incident, now_ms, now_ms, detail)


def preview(watch: Watch, store: IncidentStore, reader: LocalReader) -> str:
    """Return what a repair would do next, without doing it."""
    coming = next_step(
        watch.repair, attempts_of(store.connection, watch.name, watch.repair), _now_ms()
    )
    if coming is None:
        return _used_up_words()
    words = step_words(coming.step)
    kept = next((one for one in store.states() if one.watch == watch.name), None)
    reason = why_it_can_not_help(
        watch,
        coming.step,
        reader.read(settled=True),
        kept.good_program if kept else "",
        service_holder,
    )
    if reason:
        return _("Step {number} would not be tried: {words}. {reason}").format(
            number=coming.place + 1, words=words, reason=reason
        )
    if coming.wait_ms > 0:
        return _("Step {number} would be tried in {seconds:.0f} s: {words}.").format(
            number=coming.place + 1, seconds=coming.wait_ms / 1000, words=words
        )
    return _("Step {number} would be tried now: {words}.").format(
        number=coming.place + 1, words=words
    )


def _used_up_words() -> str:
    return _("Every step of the repair was tried as often as allowed; it needs your attention.")


def _result_words(result: RepairResult) -> str:
    if result is RepairResult.REPAIRED:
        return _("The watch's own check succeeds after it.")
    return _("It did not help: the watch's own check still fails.")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
