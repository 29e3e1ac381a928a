"""Rates between two readings of the traffic counters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portview.domain.sockets.traffic import TrafficCounters, TrafficRate, traffic_rate

counters = st.builds(TrafficCounters, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


def test_bytes_per_second() -> None:
    before, after = TrafficCounters(1_000, 50), TrafficCounters(3_000, 150)
    assert traffic_rate(before, after, 500) == TrafficRate(4_000, 200)


def test_a_counter_that_began_anew_tells_no_rate() -> None:
    assert traffic_rate(TrafficCounters(10, 10), TrafficCounters(9, 11), 1000) is None
    assert traffic_rate(TrafficCounters(10, 10), TrafficCounters(11, 9), 1000) is None


def test_a_clock_that_stood_still_or_was_set_back_tells_no_rate() -> None:
    before, after = TrafficCounters(0, 0), TrafficCounters(10, 10)
    assert traffic_rate(before, after, 0) is None
    assert traffic_rate(before, after, -3_600_000) is None


@given(counters, counters, st.floats(-1e12, 1e12))
def test_a_rate_is_never_negative(
    before: TrafficCounters, after: TrafficCounters, elapsed_ms: float
) -> None:
    rate = traffic_rate(before, after, elapsed_ms)
    assert rate is None or (rate.received_bytes_per_s >= 0 and rate.sent_bytes_per_s >= 0)
