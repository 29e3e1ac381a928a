"""When to check a target again, and when to leave it alone. Pure: time and chance are handed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from portview.domain.backoff import Backoff

_RETRY_BACKOFF = Backoff(first_ms=1_000, cap_ms=10_000)
_OPEN_BACKOFF = Backoff(first_ms=60_000, cap_ms=900_000)


class Health(StrEnum):
    """What is known about a target. SHAKY failed, but not often enough to be called DOWN."""

    UNKNOWN = "unknown"
    UP = "up"
    SHAKY = "shaky"
    DOWN = "down"


class Breaker(StrEnum):
    """The circuit breaker before a target.

    CLOSED lets checks through at their interval. OPEN keeps them back. HALF_OPEN lets one check
    through to see whether the target is back.
    """

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class HealthProfile:
    """How a target is checked.

    A failed check is repeated up to ``retries`` times, by ``retry_backoff``, before the target
    counts as DOWN. After ``failures_to_open`` failures in a row the breaker opens, and checks come
    by ``open_backoff`` only. What a check asks and expects is the business of who makes it.
    """

    interval_ms: float = 30_000
    timeout_ms: float = 5_000
    retries: int = 2
    retry_backoff: Backoff = _RETRY_BACKOFF
    failures_to_open: int = 5
    open_backoff: Backoff = _OPEN_BACKOFF

    def __post_init__(self) -> None:
        """Refuse profiles that could hammer a target or never call it down."""
        if self.interval_ms <= 0 or self.timeout_ms <= 0 or self.retries < 0:
            raise ValueError(f"no health profile: {self}")
        if self.failures_to_open <= self.retries:
            raise ValueError("the breaker would open before the target counts as down")


@dataclass(frozen=True, slots=True)
class HealthState:
    """Where a target stands.

    ``next_check_ms`` and ``changed_at_ms`` are times of the clock that the caller uses;
    ``is_checking`` tells that a check is under way, of which there is never more than one.
    """

    health: Health = Health.UNKNOWN
    failures: int = 0
    next_check_ms: float = 0.0
    changed_at_ms: float = 0.0
    is_checking: bool = False

    def breaker(self, profile: HealthProfile) -> Breaker:
        """Return what the circuit breaker does now."""
        if self.failures < profile.failures_to_open:
            return Breaker.CLOSED
        return Breaker.HALF_OPEN if self.is_checking else Breaker.OPEN

    def is_due(self, now_ms: float) -> bool:
        """Tell whether a check is to be started now."""
        return not self.is_checking and now_ms >= self.next_check_ms


def check_started(state: HealthState) -> HealthState:
    """Return the state while a check runs. Raises ValueError if one runs already."""
    if state.is_checking:
        raise ValueError("a check is under way already")
    return replace(state, is_checking=True)


def check_ended(
    state: HealthState, profile: HealthProfile, *, is_good: bool, now_ms: float, chance: float
) -> HealthState:
    """Return the state after a check; ``chance`` from 0 to 1 spreads checks that failed."""
    failures = 0 if is_good else state.failures + 1
    if is_good:
        health, wait_ms = Health.UP, profile.interval_ms
    elif failures <= profile.retries:
        health = Health.SHAKY if state.health is not Health.DOWN else Health.DOWN
        wait_ms = min(profile.retry_backoff.delay_ms(failures - 1, chance), profile.interval_ms)
    elif failures < profile.failures_to_open:
        health, wait_ms = Health.DOWN, profile.interval_ms
    else:
        health = Health.DOWN
        beyond = failures - profile.failures_to_open
        wait_ms = max(profile.open_backoff.delay_ms(beyond, chance), profile.interval_ms)
    changed_at_ms = state.changed_at_ms if health is state.health else now_ms
    return HealthState(health, failures, now_ms + wait_ms, changed_at_ms)
