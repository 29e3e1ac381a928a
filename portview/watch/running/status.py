"""What is known of every watch, as commands, windows and metrics show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portview.i18n import _, join_sentences
from portview.watch.incidents.machine import Condition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.watch.rules.model import Watch, WatchRules
    from portview.watch.store.incident_store import IncidentStore, StoredState

UNKNOWN = "unknown"
_WORST_FIRST = ("firing", "recovering", "pending", UNKNOWN, "ok")


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """The state of one watch, its subjects summed up."""

    watch: Watch
    state: str
    """ok, pending, firing, recovering or unknown."""
    since_ms: int | None
    incident: str | None
    detail: str
    checked_ms: int | None = None
    is_flapping: bool = False
    is_acknowledged: bool = False
    silenced_until_ms: int | None = None
    incidents: tuple[str, ...] = ()
    """Every open incident of the watch."""

    @property
    def fires(self) -> bool:
        """Return whether an incident of the watch is open."""
        return self.incident is not None


def read_statuses(rules: WatchRules, store: IncidentStore | None, now_ms: int) -> list[WatchStatus]:
    """Return the status of every enabled watch, in the order of the file. Raises sqlite3.Error.

    ``store`` is None where nothing was ever stored.
    """
    kept: dict[str, list[StoredState]] = {}
    acknowledged: set[str] = set()
    silences: dict[str, int] = {}
    if store is not None:
        for one in store.states():
            kept.setdefault(one.watch, []).append(one)
        acknowledged = {one.id for one in store.open_incidents() if one.acknowledged_ms}
        silences = store.silences(now_ms)
    return [
        _summed_up(watch, kept.get(watch.name, ()), acknowledged, silences.get(watch.name))
        for watch in rules.watches
        if watch.is_enabled
    ]


def _summed_up(
    watch: Watch,
    states: Iterable[StoredState],
    acknowledged: set[str],
    silenced_until_ms: int | None,
) -> WatchStatus:
    ordered = sorted(states, key=lambda one: (_WORST_FIRST.index(one.state.shown), one.subject))
    if not ordered:
        text = _("It was not evaluated yet.")
        return WatchStatus(watch, UNKNOWN, None, None, text, silenced_until_ms=silenced_until_ms)
    worst = ordered[0]
    incidents = tuple(one.state.incident for one in ordered if one.state.incident)
    detail = worst.detail
    if len(incidents) > 1:
        more = _("And {count} more.").format(count=len(incidents) - 1)
        detail = join_sentences(detail, more)
    return WatchStatus(
        watch,
        worst.state.shown,
        worst.state.since_ms or None,
        worst.state.incident or next(iter(incidents), None),
        detail,
        max(one.checked_ms for one in ordered),
        any(one.state.is_flapping for one in ordered),
        bool(incidents) and acknowledged.issuperset(incidents),
        silenced_until_ms,
        incidents,
    )


def status_object(status: WatchStatus) -> dict[str, Any]:
    """Return one watch of ``watch check --json``."""
    return {
        "name": status.watch.name,
        "state": status.state,
        "since": iso_time(status.since_ms),
        "incident": status.incident,
        "detail": status.detail,
        "port": status.watch.port,
        "checked": iso_time(status.checked_ms),
        "flapping": status.is_flapping,
        "acknowledged": status.is_acknowledged,
        "silenced_until": iso_time(status.silenced_until_ms),
    }


def iso_time(unix_ms: int | None) -> str | None:
    """Return a moment as ISO 8601 in UTC with milliseconds."""
    if unix_ms is None:
        return None
    moment = datetime.fromtimestamp(unix_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def worst_state(statuses: Iterable[WatchStatus]) -> str:
    """Return the worst state of all, "ok" for none."""
    found = [one.state for one in statuses]
    return min(found, key=_WORST_FIRST.index, default=Condition.OK.value)
