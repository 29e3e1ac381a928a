"""One line on a terminal that says how far the work is."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portview.cli.terminal import InertTerminal
from portview.domain.user_input.parsing import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portview.domain.verdicts import Progress

_CLEAR = "\r\x1b[K"


@contextmanager
def progress_line() -> Iterator[Callable[[Progress], None] | None]:
    """Give a receiver of progress, None where stderr is no terminal; wipe the line at the end."""
    stream = sys.stderr
    if not isinstance(stream, InertTerminal):
        yield None
        return

    def show(progress: Progress) -> None:
        left = ""
        if progress.left_ms:
            left = f", {format_duration(progress.left_ms)} left"
        stream.control(_CLEAR)
        stream.write(f"{progress.text}{left}")
        stream.flush()

    try:
        yield show
    finally:
        stream.control(_CLEAR)
        stream.flush()
