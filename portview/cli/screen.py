"""What a person at a terminal sees: tables that fit its width, wrapped sentences, and colour.

rich measures and colours, and is loaded where standard output is a terminal alone. What a text of
the machine says is made inert before a sequence is put around it, so that a terminal obeys none.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from portview.cli.console import print_control, print_line
from portview.cli.progress_line import wiping
from portview.cli.terminal import InertTerminal, takes_sequences
from portview.domain.plain_text import inert, inert_lines
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console

    Part = str | tuple[str, str]

# untranslated: names of rich
_STYLES = {
    "title": "bold",
    "name": "bold",
    "heading": "bold",
    "free": "bold green",
    "good": "green",
    "bad": "bold red",
    "note": "yellow",
    "number": "bold cyan",
    "quiet": "dim",
    "command": "cyan",
}
_GAP = "  "
_LONGEST_CELL = 200
_NARROWEST = 20
_OPTIONS = {"is_plain": False}


def print_text(text: str, style: str = "", rest: str = "") -> None:
    """Print a line for people: broken between words at a terminal, else as it is.

    ``style`` is for the text alone, and not for the ``rest`` of the line.
    """
    terminal = screen()
    if terminal is None:
        print_line(text + rest)
        return
    bare = text.lstrip(" ")
    indent = len(text) - len(bare)
    terminal.line((bare, style), rest, indent=indent, hang=indent + 2)


class ScreenColumn(NamedTuple):
    """One column of a table at a terminal.

    ``least`` is how narrow it may get where room is short; those of the highest ``rank`` are left
    out first, those of rank 0 never. ``style`` is a name of a style, or says it for each cell.
    """

    title: str
    least: int = 8
    rank: int = 0
    is_right: bool = False
    style: str | Callable[[str], str] = ""


def use_plain(*, is_plain: bool) -> None:
    """Say that lines are wanted as other programs get them, also at a terminal."""
    _OPTIONS["is_plain"] = is_plain


def screen() -> Screen | None:
    """Return the terminal on which commands print; None where lines are for programs or plain."""
    stream = sys.stdout
    if _OPTIONS["is_plain"] or not isinstance(stream, InertTerminal):
        return None
    if os.environ.get("TERM") in {"dumb", "unknown"} or not takes_sequences(stream):
        return None
    return Screen()


class Screen:
    """Prints to the terminal that is standard output."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - for a person alone

        self._console: Console = Console(
            highlight=False, markup=False, emoji=False, legacy_windows=False
        )
        self.width = max(self._console.width, _NARROWEST)
        self._sequences: dict[str, tuple[str, str]] = {"": ("", "")}

    def line(self, *parts: Part, indent: int = 0, hang: int | None = None) -> None:
        """Print a paragraph that is broken between words, all lines but the first by ``hang``.

        A part is a text, or a text and the name of its style.
        """
        from rich.text import Text  # noqa: PLC0415 - likewise

        text = Text()
        for part in parts:
            words, style = (part, "") if isinstance(part, str) else part
            text.append(inert_lines(words).expandtabs(4), _STYLES.get(style, ""))
        hang = indent if hang is None else hang
        room = max(self.width - max(indent, hang), _NARROWEST)
        lines = text.wrap(self._console, room, no_wrap=False) if text.plain else [text]
        for number, one in enumerate(lines):
            one.rstrip()
            pad = " " * (hang if number else indent)
            self._write(pad + self._rendered(one))

    def whole(self, text: str, style: str = "", indent: int = 0) -> None:
        """Print a text that is to be copied, such as a command: the terminal alone may break it."""
        self._write(" " * indent + self._styled(inert_lines(text), style))

    def table(self, columns: Sequence[ScreenColumn], rows: Iterable[Sequence[str]]) -> None:
        """Print aligned columns that fit the width; those that are empty are left out."""
        texts = [[inert(cell, _LONGEST_CELL) for cell in row] for row in rows]
        kept = fitting(columns, texts, self.width)
        rendered = [self._column(columns[number], number, texts, wide) for number, wide in kept]
        for cells in zip(*rendered, strict=True):
            self._write(_GAP.join(cells).rstrip())

    def _column(
        self, column: ScreenColumn, number: int, rows: list[list[str]], width: int
    ) -> list[str]:
        """Return the cells of one column with its title, padded, cut and coloured."""
        made: dict[str, str] = {}
        cells = [self._styled(_fitted(_(column.title), width, column), "quiet")]
        for row in rows:
            text = row[number]
            cell = made.get(text)
            if cell is None:
                style = column.style if isinstance(column.style, str) else column.style(text)
                cell = made[text] = self._styled(_fitted(text, width, column), style)
            cells.append(cell)
        return cells

    def _styled(self, text: str, style: str) -> str:
        if style not in self._sequences:
            from rich.text import Text  # noqa: PLC0415 - likewise

            before, _middle, after = self._rendered(Text("x", _STYLES[style])).partition("x")
            self._sequences[style] = (before, after)
        before, after = self._sequences[style]
        return before + text + after

    def _rendered(self, text: object) -> str:
        with self._console.capture() as taken:
            self._console.print(text, end="", soft_wrap=True)
        return taken.get()

    def _write(self, line: str) -> None:
        print_control(f"{wiping()}{line}\n")


def fitting(
    columns: Sequence[ScreenColumn], rows: Sequence[Sequence[str]], width: int
) -> list[tuple[int, int]]:
    """Return which columns a terminal has room for, each by its number and its width in cells."""
    from rich.cells import cell_len  # noqa: PLC0415 - likewise

    wanted = {}
    for number, column in enumerate(columns):
        longest = max((cell_len(text) for text in {row[number] for row in rows}), default=0)
        if longest or column.rank == 0:
            wanted[number] = max(longest, cell_len(_(column.title)))
    least = {number: min(wide, columns[number].least) for number, wide in wanted.items()}
    while len(least) > 1 and sum(least.values()) + len(_GAP) * (len(least) - 1) > width:
        last = max(least, key=lambda number: (columns[number].rank, number))
        if columns[last].rank == 0:
            break
        del least[last]
    left = width - sum(least.values()) - len(_GAP) * (len(least) - 1)
    while left > 0 and (short := [number for number in least if least[number] < wanted[number]]):
        # Evenly, so that no long column takes the room of all others.
        share = max(left // len(short), 1)
        for number in short[:left]:
            more = min(share, wanted[number] - least[number], left)
            least[number] += more
            left -= more
    return sorted(least.items())


def _fitted(text: str, width: int, column: ScreenColumn) -> str:
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415 - likewise

    own = cell_len(text)
    if own > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - own) + text if column.is_right else text + " " * (width - own)
