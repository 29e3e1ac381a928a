"""What a run of the benchmarks is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """``sizes`` are numbers of sockets, ``churn`` is in percent of them at each tick."""

    sizes: tuple[int, ...] = (300, 3_000, 36_000)
    churn: float = 1.0
    rounds: int = 11
    minutes: float = 10.0
