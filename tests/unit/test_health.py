"""Back-off, waiting and the circuit breaker, with time and chance in the test's hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.backoff import Backoff
from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.health import (
    Breaker,
    Health,
    HealthProfile,
    HealthState,
    check_ended,
    check_started,
)
from portview.probes.wait import Look, Wish, wait_for

chances = st.floats(0, 1)
backoffs = st.builds(
    lambda first, times, factor, jitter: Backoff(first, first * times, factor, jitter),
    st.floats(0.1, 1e5),
    st.floats(1, 1000),
    st.floats(1, 10),
    st.floats(0, 0.99),
)
profiles = st.builds(
    lambda retries, more, interval, opening: HealthProfile(
        interval_ms=interval,
        retries=retries,
        failures_to_open=retries + more,
        open_backoff=opening,
    ),
    st.integers(0, 5),
    st.integers(1, 5),
    st.floats(1, 1e6),
    backoffs,
)
runs = st.lists(st.tuples(st.booleans(), chances), max_size=40)


@given(backoffs, st.integers(0, 10_000), chances)
def test_a_delay_is_never_longer_than_the_cap_nor_shorter_than_jitter_allows(
    backoff: Backoff, failures: int, chance: float
) -> None:
    delay = backoff.delay_ms(failures, chance)
    assert 0 < delay <= backoff.cap_ms
    assert delay >= backoff.first_ms * (1 - backoff.jitter) * 0.999
    assert backoff.delay_ms(failures + 1, chance) >= delay


def test_delays_double_up_to_the_cap() -> None:
    backoff = Backoff(100, 1000)
    assert [backoff.delay_ms(n, 0) for n in range(6)] == [100, 200, 400, 800, 1000, 1000]
    assert backoff.delay_ms(0, 1) == 50


@pytest.mark.parametrize(
    "wrong", [{"first_ms": 0}, {"cap_ms": 1}, {"factor": 0.5}, {"jitter": 1}, {"jitter": -0.1}]
)
def test_a_backoff_that_would_not_back_off_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no back-off"):
        Backoff(**{"first_ms": 100.0, "cap_ms": 1000.0, **wrong})


@given(profiles, runs)
def test_the_breaker_over_any_run(profile: HealthProfile, run: list[tuple[bool, float]]) -> None:
    state, now_ms, failures = HealthState(), 0.0, 0
    for is_good, chance in run:
        assert state.is_due(now_ms)
        running = check_started(state)
        assert not running.is_due(now_ms)
        before = state.breaker(profile)
        assert running.breaker(profile) is (
            Breaker.CLOSED if before is Breaker.CLOSED else Breaker.HALF_OPEN
        )
        state = check_ended(running, profile, is_good=is_good, now_ms=now_ms, chance=chance)
        failures = 0 if is_good else failures + 1
        wait_ms = state.next_check_ms - now_ms
        assert not state.is_due(now_ms)
        is_open = failures >= profile.failures_to_open
        assert state.breaker(profile) is (Breaker.OPEN if is_open else Breaker.CLOSED)
        if is_good:
            assert state.health is Health.UP
            assert wait_ms == pytest.approx(profile.interval_ms)
        elif failures > profile.retries:
            assert state.health is Health.DOWN
        if is_open:
            # The point of the breaker: a dead target gets fewer checks than a living one.
            assert wait_ms >= profile.interval_ms * 0.999
        assert wait_ms <= max(profile.interval_ms, profile.open_backoff.cap_ms) * 1.001
        now_ms = state.next_check_ms


def test_a_target_that_goes_down_and_comes_back() -> None:
    profile = HealthProfile(interval_ms=60_000, retries=1, failures_to_open=3)
    state = HealthState()
    seen = []
    for number, is_good in enumerate([True, False, False, False, False, True, False]):
        now_ms = number * 1_000_000.0
        state = check_ended(check_started(state), profile, is_good=is_good, now_ms=now_ms, chance=0)
        seen.append((state.health, state.breaker(profile), state.next_check_ms - now_ms))
    assert seen == [
        (Health.UP, Breaker.CLOSED, 60_000),
        (Health.SHAKY, Breaker.CLOSED, 1_000),
        (Health.DOWN, Breaker.CLOSED, 60_000),
        (Health.DOWN, Breaker.OPEN, 60_000),
        (Health.DOWN, Breaker.OPEN, 120_000),
        (Health.UP, Breaker.CLOSED, 60_000),
        (Health.SHAKY, Breaker.CLOSED, 1_000),
    ]
    assert state.changed_at_ms == 6_000_000


def test_two_checks_at_a_time_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="under way"):
        check_started(check_started(HealthState()))


@pytest.mark.parametrize(
    "wrong",
    [{"interval_ms": 0}, {"timeout_ms": 0}, {"retries": -1}, {"failures_to_open": 2, "retries": 2}],
)
def test_a_profile_that_would_hammer_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"profile|breaker"):
        HealthProfile(**wrong)


class Clock:
    """Time that passes only when somebody waits, and 10 ms with each look."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self.waits: list[float] = []

    def read(self) -> float:
        return self.now_ms

    def wait(self, some_ms: float) -> None:
        self.waits.append(some_ms)
        self.now_ms += some_ms


def wish_met_at(clock: Clock, at_ms: float, name: str = "it") -> Wish:
    def look(may_take_ms: float, _: CancelToken) -> Look:
        assert may_take_ms > 0
        clock.now_ms += 10
        return Look(clock.now_ms >= at_ms, f"looked at {clock.now_ms:.0f}")

    return Wish(name, look)


def test_waiting_looks_less_and_less_often() -> None:
    clock = Clock()
    seen: list[str] = []
    report = wait_for(
        [wish_met_at(clock, 5000)],
        timeout_ms=30_000,
        backoff=Backoff(100, 1000),
        clock_ms=clock.read,
        wait_ms=clock.wait,
        chance=lambda: 0.0,
        report=lambda progress: seen.append(progress.text),
    )
    assert report.is_met
    assert clock.waits == [100, 200, 400, 800, 1000, 1000, 1000, 1000]
    assert report.wishes[0].looks == 9
    assert len(seen) == 8
    assert "Waiting until it" in seen[0]


def test_a_wish_that_was_met_is_not_looked_at_again() -> None:
    clock = Clock()
    report = wait_for(
        [wish_met_at(clock, 0, "soon"), wish_met_at(clock, 900, "later")],
        timeout_ms=30_000,
        clock_ms=clock.read,
        wait_ms=clock.wait,
    )
    soon, later = report.wishes
    assert (soon.is_met, soon.looks) == (True, 1)
    assert later.is_met
    assert later.looks > 1


@given(st.floats(1, 60_000), chances)
def test_waiting_ends_in_time(timeout_ms: float, chance: float) -> None:
    clock = Clock()
    report = wait_for(
        [wish_met_at(clock, 1e12)],
        timeout_ms=timeout_ms,
        clock_ms=clock.read,
        wait_ms=clock.wait,
        chance=lambda: chance,
    )
    assert not report.is_met
    assert timeout_ms <= report.elapsed_ms <= timeout_ms + 11
    assert "looked at" in report.wishes[0].detail


def test_waiting_can_be_cancelled() -> None:
    cancel = CancelToken()

    def look(_: float, token: CancelToken) -> Look:
        token.cancel()
        return Look(is_met=False, detail="")

    with pytest.raises(Cancelled):
        wait_for([Wish("never", look)], timeout_ms=1e9, cancel=cancel)
