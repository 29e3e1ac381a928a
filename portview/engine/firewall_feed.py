"""What the firewall does to the sockets that a person looks at."""

from __future__ import annotations

import logging
import sys
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from portview.domain.sockets.socket_row import awaits_clients, is_loopback
from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from portview.domain.firewall import (
        FirewallAnswer,
        FirewallQuestion,
        FirewallStatus,
        ManagedRule,
    )
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketKey
    from portview.engine.task_runner import TaskRunner
    from portview.firewall.interface import FirewallReader, FirewallRules

logger = logging.getLogger(__name__)

REREAD_S = 5.0
"""How old rules may get while somebody looks at what they do."""

_LARGEST_SHARE_OF_TIME = 0.05
"""At most this share of the time goes into reading rules; a slower firewall is read less often."""

_TURN_S = 0.1
"""For how long verdicts are worked out before those that are there are shown."""

_MOST_KEPT = 20_000


class _Reading(NamedTuple):
    rules: FirewallRules
    answers: Mapping[SocketKey, FirewallAnswer]
    is_complete: bool


class FirewallFeed(QObject):
    """Answers for rows that are looked at, worked out on a pool thread. UI thread.

    Rules are read when somebody looks, at most every ``REREAD_S`` seconds, and verdicts are kept
    until the rules are others. ``answers_changed`` follows whenever something new is known.
    """

    answers_changed = Signal()

    def __init__(
        self,
        firewall: FirewallReader,
        runner: TaskRunner,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._desk = _VerdictCache(firewall, clock)
        self._rules: FirewallRules | None = None
        self._answers: Mapping[SocketKey, FirewallAnswer] = MappingProxyType({})
        self._failure = ""
        self._visible_rows: tuple[SocketEntry, ...] = ()
        self._closer: SocketEntry | None = None
        self._inquiry: LatestQuery[tuple[SocketEntry, ...], _Reading] = LatestQuery(
            self._desk.answer,
            runner,
            Pool.PROBES,
            on_answered=self._on_answered,
            on_failed=self._on_failed,
        )

    @property
    def answers(self) -> Mapping[SocketKey, FirewallAnswer]:
        """Return what is known under the present rules. A mapping that does not change any more."""
        return self._answers

    @property
    def status(self) -> FirewallStatus | None:
        """Return the state of the firewall, None before the first reading."""
        return self._rules.status if self._rules else None

    @property
    def managed_rules(self) -> tuple[ManagedRule, ...]:
        """Return the rules that PortView made, as of the last reading."""
        return self._rules.managed_rules if self._rules else ()

    @property
    def hint(self) -> str:
        """Return why nothing is known, empty where it can be."""
        return self._failure

    @property
    def is_asking(self) -> bool:
        """Return whether an answer is still to come."""
        return self._inquiry.is_asking

    def look_at(self, entries: Iterable[SocketEntry]) -> None:
        """Answer for these rows as far as clients can come to them. To be called every tick."""
        self._visible_rows = tuple(filter(_is_asked_about, entries))
        wanted = self._visible_rows
        if self._closer is not None:
            wanted = (self._closer, *wanted)
            self._closer = None
        if wanted:
            self._inquiry.ask(wanted)

    def look_closer(self, entry: SocketEntry) -> None:
        """Answer for one row as well: at once where nothing is known, else with the next tick."""
        self._closer = entry
        if self._rules is None or (_is_asked_about(entry) and entry.row.key not in self._answers):
            self._inquiry.ask((entry, *self._visible_rows))

    def reread(self) -> None:
        """Read the rules again with the next look: they were changed just now."""
        self._desk.is_stale = True
        if self._rules is not None and (self._closer is not None or self._visible_rows):
            closer = (self._closer,) if self._closer else ()
            self._inquiry.ask((*closer, *self._visible_rows))

    def _on_answered(self, entries: tuple[SocketEntry, ...], reading: _Reading) -> None:
        before, self._rules = self._rules, reading.rules
        self._failure = ""
        known = self._answers
        is_other = before is None or before.generation != reading.rules.generation
        if is_other or len(known) > _MOST_KEPT:
            known = {}
        reported = reading.answers
        if is_other or any(known.get(key) is not answer for key, answer in reported.items()):
            self._answers = MappingProxyType({**known, **reported})
            self.answers_changed.emit()
        if not reading.is_complete and not self._inquiry.has_waiting:
            self._inquiry.ask(entries)

    def _on_failed(self, error: Exception) -> None:
        logger.error("asking the firewall failed", exc_info=error)
        self._failure = _("The firewall could not be read; the log has the details.")
        self._rules = None
        self._answers = MappingProxyType({})
        self.answers_changed.emit()


class _VerdictCache:
    """Where questions are answered, one at a time, on whichever pool thread."""

    def __init__(self, firewall: FirewallReader, clock: Callable[[], float]) -> None:
        self._firewall = firewall
        self._clock = clock
        self._rules: FirewallRules | None = None
        self._next_reading_s = 0.0
        self._answers: dict[FirewallQuestion, FirewallAnswer] = {}
        self.is_stale = False

    def answer(self, entries: tuple[SocketEntry, ...]) -> _Reading:
        # Loaded with the first question: a window starts the sooner for it.
        from portview.firewall.row_question import question_of_row  # noqa: PLC0415

        rules = self._up_to_date()
        found: dict[SocketKey, FirewallAnswer] = {}
        until = time.perf_counter() + _TURN_S
        has_decided = False
        for entry in entries:
            if not _is_asked_about(entry):
                continue
            question = question_of_row(entry.row, entry.info, sys.platform)
            answer = self._answers.get(question)
            if answer is None:
                if has_decided and time.perf_counter() > until:
                    return _Reading(rules, found, is_complete=False)
                answer = self._answers[question] = rules.decide(question)
                has_decided = True
            found[entry.row.key] = answer
        return _Reading(rules, found, is_complete=True)

    def _up_to_date(self) -> FirewallRules:
        started = self._clock()
        if self._rules is not None and not self.is_stale and started < self._next_reading_s:
            return self._rules
        self.is_stale = False
        before, self._rules = self._rules, self._firewall.read()
        now = self._clock()
        self._next_reading_s = now + max(REREAD_S, (now - started) / _LARGEST_SHARE_OF_TIME)
        is_other = before is None or before.generation != self._rules.generation
        if is_other or len(self._answers) > _MOST_KEPT:
            self._answers.clear()
        return self._rules


def _is_asked_about(entry: SocketEntry) -> bool:
    return awaits_clients(entry.row) and not is_loopback(entry.row.local.address)
