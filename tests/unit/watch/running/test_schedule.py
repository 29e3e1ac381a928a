"""When watches are due: none is forgotten, local ones come together, others are spread."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portview.watch.rules.model import Expectation, Watch
from portview.watch.running.schedule import Schedule


def local(name: str, interval_s: float = 10) -> Watch:
    return Watch(name, Expectation.LISTENING, port=80, interval_s=interval_s)


def remote(name: str, interval_s: float = 10) -> Watch:
    return Watch(name, Expectation.TCP, port=80, interval_s=interval_s)


@given(st.lists(st.sampled_from([1.0, 2.0, 10.0, 30.0]), min_size=1, max_size=8), st.booleans())
def test_each_watch_is_due_about_once_in_its_interval(
    intervals: list[float], is_local: bool
) -> None:
    make = local if is_local else remote
    watches = [make(f"w{number}", interval) for number, interval in enumerate(intervals)]
    schedule = Schedule()
    schedule.adopt(watches, 1000.0)
    counts = dict.fromkeys((one.name for one in watches), 0)
    now = 1000.0
    while now < 1300:
        for watch in schedule.take_due(now):
            counts[watch.name] += 1
            schedule.done(watch, now)
        now = max(schedule.next_s(), now + 0.001)
    for watch in watches:
        expected = 300 / watch.interval_s
        assert expected - 1 <= counts[watch.name] <= expected + 2


def test_what_one_snapshot_answers_is_due_at_the_same_moments() -> None:
    schedule = Schedule()
    watches = [local(f"w{number}") for number in range(50)]
    schedule.adopt(watches, 5.0)
    for watch in schedule.take_due(5.0):
        schedule.done(watch, 5.0)
    assert len(schedule.take_due(schedule.next_s())) == 50


def test_what_asks_over_the_network_is_spread() -> None:
    schedule = Schedule()
    watches = [remote(f"w{number}") for number in range(100)]
    schedule.adopt(watches, 5.0)
    for watch in schedule.take_due(5.0):
        schedule.done(watch, 5.0)
    times = {schedule.time_of(one.name) for one in watches}
    assert len(times) > 50


def test_a_watch_is_given_out_once_until_it_is_put_back() -> None:
    schedule = Schedule()
    watch = local("w")
    schedule.adopt([watch], 0.0)
    assert schedule.take_due(100.0) == [watch]
    assert schedule.take_due(200.0) == []
    schedule.again(watch, 201.0)
    assert schedule.take_due(201.0) == [watch]
    schedule.adopt([], 201.0)
    schedule.done(watch, 202.0)
    assert schedule.take_due(1e9) == []
