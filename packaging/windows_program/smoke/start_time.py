"""How long from a double-click to painted rows, against a bare program that is frozen alike."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from windows_program.smoke.window import close, opened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_RUNS: Final = 7
_HELD_TO: Final = 1.5


def measure_start(program: Path, bare: Path, scratch: Path, environment: Mapping[str, str]) -> None:
    """Start both in turn, after one start of each that fills the system's caches, and print."""
    took: dict[Path, list[float]] = {program: [], bare: []}
    for run in range(_RUNS + 1):
        for one, times in took.items():
            with opened(one, scratch / f"start {run}.json", environment) as window:
                close(window.process)
                if run:
                    times.append(window.start_ms)
    medians = {one: statistics.median(times) for one, times in took.items()}
    for one, times in took.items():
        spread = f"{min(times):.0f} to {max(times):.0f}"
        print(f"  {one.name}: {medians[one]:.0f} ms until painted (median of {_RUNS}; {spread})")
    ratio = medians[program] / medians[bare]
    word = "" if ratio <= _HELD_TO else ", not held"
    print(f"  ratio {ratio:.2f}, held to {_HELD_TO}{word}", flush=True)
