"""A terminal as the last place before a person's eyes: it shows text, and obeys none of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO, cast

from portview.domain.plain_text import inert_lines

if TYPE_CHECKING:
    from collections.abc import Iterable


class InertTerminal:
    """Stands for a text stream that is a terminal, and shows control characters as signs.

    Names of programs, answers of servers and mistyped arguments reach the person through here,
    whoever prints them: a module of PortView, argparse or a traceback. ``control`` is for
    PortView's own sequences.
    """

    def __init__(self, stream: TextIO) -> None:
        """Write to a stream from now on."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text with every character that a terminal would obey made visible."""
        self._stream.write(inert_lines(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def control(self, sequence: str) -> None:
        """Write a control sequence of PortView's own."""
        self._stream.write(sequence)

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the stream."""
        return getattr(self._stream, name)


def takes_sequences(terminal: InertTerminal) -> bool:
    """Return whether a terminal obeys control sequences; a console of Windows is asked to."""
    if sys.platform != "win32":
        return True
    from portview.readers.windows.console_sequences import enable_sequences  # noqa: PLC0415 - there

    try:
        return enable_sequences(terminal.fileno())
    except OSError:
        return False


def guard_terminals() -> None:
    """Put an ``InertTerminal`` in front of each standard stream that is one."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, InertTerminal) and stream.isatty():
            setattr(sys, name, cast("TextIO", InertTerminal(stream)))
