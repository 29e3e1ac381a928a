"""Counts and bytes of a port as lines over time. Pure, no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.watch.history.counters import CountPoint

POINTS = 240
_READING_MS = 10_000
"""Bytes that were kept by the second went through in the time before, at most so long."""

_UNKNOWN = float("nan")


class CountSeries(NamedTuple):
    """Values at the middle of equal pieces of time; NaN where nobody looked."""

    moments_ms: tuple[float, ...]
    connections: tuple[float, ...]
    received_per_s: tuple[float, ...]
    sent_per_s: tuple[float, ...]
    has_bytes: bool
    """Whether bytes were counted at any time."""


def count_series(
    points: Sequence[CountPoint], unknown: Sequence[tuple[int, int]], from_ms: int, to_ms: int
) -> CountSeries:
    """Return the lines between two moments, in ``POINTS`` pieces.

    Connections are the highest mean of a piece, so that a short peak is still seen; bytes are
    spread over the time in which they were counted.
    """
    length = max(1, to_ms - from_ms) / POINTS
    connections, received, sent = ([0.0] * POINTS for _each in range(3))
    for point in points:
        first, last = _places(point.from_ms, point.to_ms, from_ms, length)
        for place in range(first, last + 1):
            connections[place] = max(connections[place], point.connections)
        if point.received is not None:
            begin, end = point.from_ms, point.to_ms
            if point.step_s == 1:
                begin, end = point.from_ms - _READING_MS, point.from_ms
            _spread(received, point.received, begin, end, from_ms, length)
            _spread(sent, point.sent or 0, begin, end, from_ms, length)
    for begin, end in unknown:
        # A piece is unknown where its middle is.
        first = max(0, round((begin - from_ms) / length))
        for place in range(first, min(POINTS, round((end - from_ms) / length))):
            connections[place] = received[place] = sent[place] = _UNKNOWN
    moments = tuple(from_ms + (place + 0.5) * length for place in range(POINTS))
    has_bytes = any(point.received is not None for point in points)
    return CountSeries(moments, tuple(connections), tuple(received), tuple(sent), has_bytes)


def _places(begin: float, end: float, from_ms: int, length: float) -> tuple[int, int]:
    first = int((begin - from_ms) // length)
    last = int((max(begin, end - 1) - from_ms) // length)
    return max(0, first), min(POINTS - 1, last)


def _spread(  # noqa: PLR0917 - a line, a value, and where it goes
    line: list[float], value: int, begin: float, end: float, from_ms: int, length: float
) -> None:
    whole = max(1.0, end - begin)
    first, last = _places(begin, end, from_ms, length)
    for place in range(first, last + 1):
        left = from_ms + place * length
        share = max(0.0, min(end, left + length) - max(begin, left)) / whole
        line[place] += value * share / (length / 1000)
