"""Whether a watch that fires may be announced now. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portview.watch.incidents.machine import Condition
from portview.watch.rules.maintenance import parse_maintenance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from portview.watch.incidents.machine import WatchState
    from portview.watch.rules.model import Watch


class Suppression(enum.StrEnum):
    """Why nothing is said for now."""

    SILENCED = "silenced"
    MAINTENANCE = "maintenance"
    INHIBITED = "inhibited"
    FLAPPING = "flapping"
    STARTUP = "startup"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is true around a round of evaluations."""

    now: datetime
    """By this machine's clock, local, without a zone."""
    silenced: Mapping[str, int] = field(default_factory=dict)
    is_starting: bool = False


def suppression(
    watch: Watch,
    state: WatchState,
    around: Surroundings,
    condition_of: Callable[[str], Condition | None],
) -> Suppression | None:
    """Return why a watch is not announced now, None where it is."""
    if watch.name in around.silenced:
        return Suppression.SILENCED
    if is_in_maintenance(watch, around.now):
        return Suppression.MAINTENANCE
    if any(condition_of(parent) not in {None, Condition.OK} for parent in watch.depends_on):
        return Suppression.INHIBITED
    if state.is_flapping:
        return Suppression.FLAPPING
    return Suppression.STARTUP if around.is_starting else None


def is_in_maintenance(watch: Watch, now: datetime) -> bool:
    """Return whether a local moment lies in a maintenance window of a watch."""
    windows = map(parse_maintenance, watch.maintenance)
    return any(window is not None and window.holds(now) for window in windows)
