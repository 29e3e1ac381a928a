"""Wakes watches of services when the system says that something happened to one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from portview.watch.rules.model import RepairKind

if TYPE_CHECKING:
    from portview.actions.service_control.events import ServiceEvents
    from portview.watch.rules.model import Watch, WatchRules
    from portview.watch.running.schedule import Schedule

SETTLE_S = 0.3
"""How long after an event a watch is checked: a service that starts has no socket at once."""

LEAST_APART_S = 1.0
"""A service that comes and goes wakes its watches no more often than this."""


class Wakeups:
    """Follows the services of the rules. Methods are for the thread that evaluates."""

    def __init__(self, wake: threading.Event) -> None:
        """``wake`` is set with each event, on another thread."""
        self._wake = wake
        self._events: ServiceEvents | None = None
        self._names: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._heard: set[str] = set()
        self._woken_s: dict[str, float] = {}

    def adopt(self, rules: WatchRules) -> None:
        """Follow the services that enabled watches name, and no others."""
        names = frozenset(name for watch in rules.watches for name in services_of(watch))
        if names == self._names:
            return
        self.close()
        self._names = names
        if names:
            from portview.actions.service_control.events import (  # noqa: PLC0415 - when wanted
                follow_services,
            )

            self._events = follow_services(names, self._on_event)

    def hurry(self, watches: tuple[Watch, ...], schedule: Schedule, now_s: float) -> None:
        """Have the watches of services that were heard of checked soon."""
        with self._lock:
            heard, self._heard = self._heard, set()
        if not heard:
            return
        for watch in watches:
            due_s = schedule.time_of(watch.name)
            if due_s is None or not heard.intersection(services_of(watch)):
                continue
            at_s = max(now_s + SETTLE_S, self._woken_s.get(watch.name, 0.0) + LEAST_APART_S)
            if at_s < due_s:
                self._woken_s[watch.name] = at_s
                schedule.again(watch, at_s)

    def close(self) -> None:
        """Follow nothing any more."""
        events, self._events, self._names = self._events, None, frozenset()
        if events is not None:
            events.close()

    def _on_event(self, name: str) -> None:
        with self._lock:
            self._heard.add(name)
        self._wake.set()


def services_of(watch: Watch) -> frozenset[str]:
    """Return the services whose start or end changes what a watch finds."""
    if not watch.is_enabled:
        return frozenset()
    named = {step.service for step in watch.repair if step.kind is RepairKind.RESTART_SERVICE}
    return frozenset(name for name in (watch.service, *named) if name)
