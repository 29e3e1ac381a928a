"""Stretches of time: what is unknown, what overlaps. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portview.watch.history.questions import HistoryAnswer


def unknown_times(answer: HistoryAnswer, from_ms: int, to_ms: int) -> tuple[tuple[int, int], ...]:
    """Return the times between two moments in which nobody looked, by their beginning."""
    if answer.first_look_ms is None:
        return ((from_ms, to_ms),)
    found = [(from_ms, answer.first_look_ms)] if answer.first_look_ms > from_ms else []
    found += [(gap.from_ms, to_ms if gap.to_ms is None else gap.to_ms) for gap in answer.gaps]
    cut = [(max(start, from_ms), min(end, to_ms)) for start, end in found]
    return tuple((start, end) for start, end in cut if start < end)


def union(times: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the same time as stretches that neither touch nor overlap, by their beginning."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(times):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def length_ms(times: Iterable[tuple[int, int]]) -> int:
    """Return how long stretches are together, each moment once."""
    return sum(end - start for start, end in union(times))


def without_ms(times: Sequence[tuple[int, int]], taken: Sequence[tuple[int, int]]) -> int:
    """Return how long stretches are without what lies in others."""
    return length_ms((*times, *taken)) - length_ms(taken)
