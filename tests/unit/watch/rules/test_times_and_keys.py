"""Maintenance windows, entries of baselines, attempts of repairs, options of `watch add`."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.cli import watch_arguments
from portview.watch.repair.attempts import next_step
from portview.watch.rules import parse
from portview.watch.rules.listener_key import UNKNOWN_PROGRAM, ListenerKey, parse_entry
from portview.watch.rules.maintenance import parse_maintenance
from portview.watch.rules.model import Expectation, RepairKind, RepairStep

SATURDAY = dt.datetime(2026, 1, 31)  # noqa: DTZ001 - by the clock on the wall


@pytest.mark.parametrize(
    ("text", "moment", "holds"),
    [
        ("02:00-04:00", SATURDAY.replace(hour=3), True),
        ("02:00-04:00", SATURDAY.replace(hour=4), False),
        ("sat 22:00-04:00", SATURDAY.replace(hour=23), True),
        ("sat 22:00-04:00", SATURDAY.replace(hour=3), False),
        ("sat 22:00-04:00", SATURDAY + dt.timedelta(days=1, hours=3), True),
        ("fri-mon 01:00-02:00", SATURDAY.replace(hour=1), True),
        ("tue-thu 01:00-02:00", SATURDAY.replace(hour=1), False),
        ("2026-01-31T01:00/2026-01-31T02:00", SATURDAY.replace(hour=1, minute=30), True),
        ("2026-01-31T01:00/2026-01-31T02:00", SATURDAY.replace(hour=2), False),
    ],
)
def test_a_window_holds_its_times(text: str, moment: dt.datetime, holds: bool) -> None:
    window = parse_maintenance(text)
    assert window is not None
    assert window.holds(moment) is holds


@given(st.text())
def test_anything_else_is_no_window_and_no_entry(text: str) -> None:
    assert parse_maintenance(f"x{text}") is None
    assert parse_entry(f"x{text}") is None


KEYS = st.builds(
    ListenerKey,
    st.sampled_from(["tcp", "udp"]),
    st.sampled_from(["80", "8080", "dynamic"]),
    st.sampled_from(["loopback", "all", "address"]),
    st.sampled_from(["/usr/bin/a", "/usr/bin/b c", UNKNOWN_PROGRAM]),
)


@given(KEYS, KEYS)
def test_a_key_is_read_as_it_is_written_and_matches_itself_alone(
    one: ListenerKey, other: ListenerKey
) -> None:
    assert parse_entry(str(one)) == one
    assert one.matches(one) is True
    verdict = one.matches(other)
    if one[:3] != other[:3]:
        assert verdict is False
    elif one != other:
        # A program that could not be read is neither the same nor another one.
        is_open = UNKNOWN_PROGRAM in {one.program, other.program}
        assert verdict is (None if is_open else False)


def step(**values: float) -> RepairStep:
    return RepairStep(RepairKind.RUN, command=("x",), **values)  # type: ignore[arg-type]


@given(
    st.lists(st.lists(st.integers(0, 10_000_000), max_size=6), min_size=2, max_size=2),
    st.integers(0, 10_000_000),
    st.integers(1, 3),
)
def test_a_step_is_never_tried_more_often_than_its_window_allows(
    attempts: list[list[int]], now_ms: int, most: int
) -> None:
    steps = [step(attempts=most, within_s=3600, backoff_s=10), step(attempts=1)]
    coming = next_step(steps, attempts, now_ms)
    recent = [
        [at for at in found if now_ms - at < one.within_s * 1000]
        for one, found in zip(steps, attempts, strict=True)
    ]
    if coming is None:
        assert all(len(found) >= one.attempts for one, found in zip(steps, recent, strict=True))
        return
    assert len(recent[coming.place]) < steps[coming.place].attempts
    assert all(len(recent[place]) >= steps[place].attempts for place in range(coming.place))
    if coming.place == 0 and recent[0] and not coming.wait_ms:
        assert now_ms - max(recent[0]) >= 10_000


def test_the_pause_grows() -> None:
    one = step(attempts=9, within_s=36_000, backoff_s=10)
    first = next_step([one], [[1_000_000]], 1_000_000)
    third = next_step([one], [[1_000_000] * 3], 1_000_000)
    assert first is not None
    assert third is not None
    assert (first.wait_ms, third.wait_ms) == (10_000, 40_000)


def test_every_key_of_a_watch_has_an_option() -> None:
    offered = {
        *watch_arguments.TEXT_KEYS,
        *watch_arguments.INTEGER_KEYS,
        *watch_arguments.NUMBER_KEYS,
        *watch_arguments.LIST_KEYS,
        *watch_arguments.INTEGER_LIST_KEYS,
    }
    without = {"name", "expect", "repair", "even_if_held", "enabled"}
    assert offered == parse._WATCH_KEYS.keys() - without
    assert list(watch_arguments.EXPECTATIONS) == [one.value for one in Expectation]
