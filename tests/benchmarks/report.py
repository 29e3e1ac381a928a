"""What a benchmark found: a table and what has to be said about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

Cell: TypeAlias = "str | float | None"


@dataclass(frozen=True, slots=True)
class Report:
    """A table: ``rows`` have as many cells as there are ``columns``; None is shown as a dash."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def as_text(self) -> str:
        """Format the table as Markdown, which reads well as plain text too."""
        lines = [self.columns, *(tuple(map(_cell_text, row)) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        first, *others = (
            f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
            for line in lines
        )
        rule = f"|{'|'.join('-' * (width + 2) for width in widths)}|"
        notes = [f"- {note}" for note in self.notes]
        return "\n".join([f"## {self.title}", "", first, rule, *others, "", *notes])

    def as_document(self) -> dict[str, Any]:
        """Return the table for JSON."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}


def _cell_text(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if cell >= 100 else f"{cell:.1f}"
