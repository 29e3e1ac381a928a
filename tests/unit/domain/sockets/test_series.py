"""What a plot remembers."""

from __future__ import annotations

from portview.domain.sockets.series import MOST_POINTS, Line, Series


def test_lines_are_told_in_seconds_ago_oldest_first() -> None:
    series = Series()
    series.add(10.0, 1, 5)
    series.add(12.0, 2, 6)
    assert series.line(0, 13.0) == Line((3.0, 1.0), (1, 2))
    assert series.line(1, 13.0) == Line((3.0, 1.0), (5, 6))
    series.clear()
    assert series.line(0, 13.0) == Line((), ())


def test_what_is_too_old_or_too_much_is_forgotten() -> None:
    series = Series(longest_s=10)
    series.add(0.0, 1)
    series.add(10.0, 2)
    assert len(series) == 2
    series.add(10.5, 3)
    assert series.line(0, 10.5).values == (2, 3)
    for number in range(MOST_POINTS + 50):
        series.add(10.5, number)
    assert len(series) == MOST_POINTS
    assert series.line(0, 10.5).values[-1] == MOST_POINTS + 49
