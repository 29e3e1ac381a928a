"""Share a test suite out among several benches that run at once.

Within one bench, tests in parallel wait for the same Wine server; benches have one each, and a
processor, a registry and a network of their own.
"""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_NOTHING_COLLECTED: Final = 5


def share_out(weights: Mapping[str, int], shards: int) -> list[list[str]]:
    """Split names into at most `shards` lists of about the same weight, the heaviest list first."""
    lists: list[list[str]] = [[] for _ in range(max(1, min(shards, len(weights))))]
    loads = [0] * len(lists)
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        lightest = loads.index(min(loads))
        lists[lightest].append(name)
        loads[lightest] += weights[name]
    order = sorted(range(len(lists)), key=lambda number: -loads[number])
    return [sorted(lists[number]) for number in order]


def find_tests(repository: Path, folders: Sequence[str]) -> dict[str, int]:
    """Give each test file below some folders with its size, which stands for how long it takes."""
    files = (file for folder in folders for file in (repository / folder).rglob("test_*.py"))
    return {file.relative_to(repository).as_posix(): file.stat().st_size for file in files}


def run_shards(
    lists: Sequence[Sequence[str]],
    run: Callable[[Sequence[str], BinaryIO], int],
    output: BinaryIO,
) -> int:
    """Run all lists at once, show what each printed when it has ended, and give the worst code.

    A list in which pytest found nothing to run counts only when all of them are like that.
    """
    codes: list[int] = []
    with ThreadPoolExecutor(max_workers=max(1, len(lists))) as pool:
        printed = {}
        for names in lists:
            stream = io.BytesIO()
            printed[pool.submit(run, names, stream)] = stream
        for done in as_completed(printed):
            codes.append(done.result())
            output.write(printed[done].getvalue())
            output.flush()
    real = [code for code in codes if code != _NOTHING_COLLECTED]
    return max(real, default=_NOTHING_COLLECTED)
