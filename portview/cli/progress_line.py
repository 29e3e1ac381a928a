"""One line on a terminal that says how far the work is."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portview.cli.terminal import InertTerminal
from portview.domain.plain_text import inert
from portview.domain.user_input.parsing import format_duration
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portview.domain.verdicts import Progress

_CLEAR = "\r\x1b[K"
_SHOWN = {"is_shown": False}


def wiping() -> str:
    """Return what has to be written before a line of output, so that no progress stands there."""
    if not _SHOWN["is_shown"]:
        return ""
    _SHOWN["is_shown"] = False
    return _CLEAR


@contextmanager
def progress_line() -> Iterator[Callable[[Progress], None] | None]:
    """Give a receiver of progress, None where stderr is no terminal; wipe the line at the end."""
    stream = sys.stderr
    if not isinstance(stream, InertTerminal):
        yield None
        return

    def show(progress: Progress) -> None:
        from shutil import get_terminal_size  # noqa: PLC0415 - loads compression

        words = progress.text
        if progress.left_ms:
            words = _("{text}, {time} left").format(
                text=words, time=format_duration(progress.left_ms)
            )
        stream.control(_CLEAR)
        stream.write(inert(words, max(get_terminal_size().columns - 1, 1)))
        stream.flush()
        _SHOWN["is_shown"] = True

    try:
        yield show
    finally:
        _SHOWN["is_shown"] = False
        stream.control(_CLEAR)
        stream.flush()
