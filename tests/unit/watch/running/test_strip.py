"""The last day of a watch: firing, unknown, or well, and nothing twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portview.watch.running.strip import STRIP_MS, watch_strip

NOW = 10 * STRIP_MS
START = NOW - STRIP_MS
TIMES = st.lists(
    st.tuples(st.integers(START - 50_000, NOW), st.integers(0, STRIP_MS)).map(
        lambda pair: (pair[0], min(NOW, pair[0] + pair[1]))
    ),
    max_size=6,
)


@given(TIMES, TIMES)
def test_every_moment_is_well_or_something_else(
    incidents: list[tuple[int, int]], looks: list[tuple[int, int]]
) -> None:
    strip = watch_strip(incidents, looks, NOW)
    well = strip.well()
    for begin, end in (*strip.firing, *strip.unknown, *well):
        assert START <= begin < end <= NOW
    others = (*strip.firing, *strip.unknown)
    assert not any(
        begin < other_end and other_begin < end
        for begin, end in well
        for other_begin, other_end in others
    )
    points = sorted({START, NOW, *(moment for pair in (*others, *well) for moment in pair)})
    for left, right in zip(points, points[1:], strict=False):  # noqa: RUF007 - pairs
        middle = (left + right) / 2
        assert any(begin <= middle <= end for begin, end in (*others, *well))


def test_it_is_said_in_words() -> None:
    assert watch_strip([], [], NOW).words() == "not checked"
    looks = [(START, NOW)]
    assert watch_strip([], looks, NOW).words() == "no alert"
    assert watch_strip([(NOW - 3_600_000, None)], looks, NOW).words() == "1 alert, 1 h"
    # Somebody looked a moment ago: the rest is not unknown.
    assert watch_strip([], [(START, NOW - 5000)], NOW).unknown == ()
