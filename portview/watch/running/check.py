"""``watch check``: one round, or what the process that evaluates has found."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from portview.domain.cancellation import CancelToken
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _
from portview.watch.incidents.machine import EventKind
from portview.watch.rules.file import read_rules, require_right, rules_path
from portview.watch.rules.model import DESKTOP
from portview.watch.running.diagnoser import diagnosis_sentence
from portview.watch.running.lock import EvaluationLock
from portview.watch.running.round import moment_now, run_round
from portview.watch.running.status import WatchStatus, read_statuses
from portview.watch.store.database import is_disk_full, store_path
from portview.watch.store.incident_store import IncidentStore
from portview.watch.tracking.tracker import Tracker, channels_of, may_be_diagnosed

if TYPE_CHECKING:
    from portview.watch.rules.model import WatchRules
    from portview.watch.tracking.tracker import Transition

_MOST_EXPLAINED = 2


def check() -> list[WatchStatus]:
    """Return the state of every watch. Raises PortViewError, also where the file is wrong."""
    path = rules_path()
    parsed = read_rules(path)
    require_right(path, parsed)
    lock = EvaluationLock()
    try:
        if not lock.acquire():
            return stored_statuses(parsed.rules)
        try:
            return _evaluated(parsed.rules)
        finally:
            lock.release()
    except sqlite3.Error as error:
        raise store_failed(error) from error
    except OSError as error:
        raise PortViewError(
            "no_lock",
            _("Whether another process evaluates can't be determined: {reason}.").format(
                reason=error.strerror or error
            ),
            _("Give this account access to the settings' folder."),
        ) from error


def stored_statuses(rules: WatchRules) -> list[WatchStatus]:
    """Return what was stored last. Raises PortViewError and sqlite3.Error."""
    if not store_path().exists():
        return read_statuses(rules, None, _now_ms())
    with closing(IncidentStore.open(read_only=True)) as store:
        return read_statuses(rules, store, _now_ms())


def store_failed(error: sqlite3.Error) -> PortViewError:
    """Return the error for a store that takes nothing."""
    if is_disk_full(error):
        return PortViewError(
            "disk_full",
            _("The disk is full: what was found can't be stored, and nothing was sent."),
            _("Make room, then try again."),
            Outcome.NOT_DONE,
        )
    return PortViewError(
        "store_failed",
        _("The store can't be used: {error}.").format(error=error),
        _("Close other programs that use it, then try again."),
        Outcome.NOT_DONE,
    )


def _evaluated(rules: WatchRules) -> list[WatchStatus]:
    from portview.watch.messages.delivery import deliver_now  # noqa: PLC0415 - when wanted

    with closing(IncidentStore.open()) as store:
        tracker = Tracker(store)
        tracker.adopt(rules, moment_now())
        transitions = run_round(rules, tracker, store)
        _explain(transitions, store)
        deliver_now(rules, store)
        return read_statuses(rules, store, _now_ms())


def _explain(transitions: list[Transition], store: IncidentStore) -> None:
    """Have the first few incidents that began explained: their messages go out now."""
    cancel = CancelToken()
    begun = [one for one in transitions if one.kind is EventKind.FIRING and one.incident]
    asked = [one for one in begun if may_be_diagnosed(one.watch)]
    for number, one in enumerate(asked):
        is_wanted = number < _MOST_EXPLAINED and set(channels_of(one.watch)) != {DESKTOP}
        sentence = diagnosis_sentence(one.watch, cancel) if is_wanted else ""
        with store.transaction():
            store.put_diagnosis(one.incident or "", sentence)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
