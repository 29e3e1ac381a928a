r"""Rows as text for other programs and other people.

Text, CSV and JSON hand on what the machine said, unchanged; Markdown and HTML are for reading, so
in them characters that hide or reorder text are shown as signs. A lone surrogate, which UTF-8 can
not hold, becomes its escape (``\udc80``), which is its JSON form as well.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.table.cells import CellContext
    from portview.domain.table.columns import Column

UTF8_BOM = b"\xef\xbb\xbf"
_MAX_TABLE_CELL = 60
_MAX_READ_CELL = 2000

# OWASP, "CSV Injection": what a spreadsheet takes for the beginning of a formula, with the wide
# forms that East Asian versions read alike.
_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
_MARKDOWN_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_[]|~#"})

# untranslated: a style sheet
_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:2em;color-scheme:light dark}"
    "table{border-collapse:collapse}"
    "th,td{text-align:left;padding:.2em .7em;border-bottom:1px solid #8884}"
    "th{position:sticky;top:0;background:Canvas}"
    ".n{text-align:right;font-variant-numeric:tabular-nums}"
)


def cell_rows(
    columns: Sequence[Column], entries: Iterable[SocketEntry], context: CellContext
) -> list[list[str]]:
    """Return the texts of all cells, as the machine gave them."""
    return [[column.text(entry, context) for column in columns] for entry in entries]


def as_text(columns: Sequence[Column], entries: Iterable[SocketEntry], context: CellContext) -> str:
    """Return lines of cells with tabs between them, without titles.

    A cell that has a tab, a quote or a line break in it is quoted, as spreadsheets do.
    """
    return delimited(cell_rows(columns, entries, context), "\t", "\n")


def as_csv(columns: Sequence[Column], entries: Iterable[SocketEntry], context: CellContext) -> str:
    """Return CSV by RFC 4180 with a line of titles; cells that would run as a formula are defused.

    Write it with ``encode(text, has_bom=True)``: without a byte order mark Excel guesses.
    """
    titles = [_(column.title) for column in columns]
    rows = [[defused(cell) for cell in row] for row in cell_rows(columns, entries, context)]
    return delimited([titles, *rows], ",", "\r\n")


def as_json(document: object) -> str:
    """Return a document of ``contract`` as JSON, indented, every script readable."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def as_markdown(
    columns: Sequence[Column], entries: Iterable[SocketEntry], context: CellContext
) -> str:
    """Return a Markdown table in which no cell is read as markup."""
    lines = [
        _markdown_line([_(column.title) for column in columns]),
        _markdown_line(["---:" if column.is_numeric else "---" for column in columns]),
    ]
    lines += [
        _markdown_line([_markdown(cell) for cell in row])
        for row in cell_rows(columns, entries, context)
    ]
    return "\n".join(lines) + "\n"


def as_html(
    columns: Sequence[Column],
    entries: Iterable[SocketEntry],
    context: CellContext,
    *,
    title: str,
    language: str = "en",
) -> str:
    """Return a whole page that needs nothing else and may load nothing else."""
    marks = [' class="n"' if column.is_numeric else "" for column in columns]
    head = "".join(
        f'<th scope="col"{mark}>{escape(_(column.title))}</th>'
        for column, mark in zip(columns, marks, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{mark}><bdi>{escape(inert(cell, _MAX_READ_CELL))}</bdi></td>"
            for cell, mark in zip(row, marks, strict=True)
        )
        + "</tr>"
        for row in cell_rows(columns, entries, context)
    )
    shown_title = escape(inert(title))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{shown_title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{shown_title}</h1>\n<table>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n</body>\n</html>\n"
    )


def as_table(
    columns: Sequence[Column], entries: Iterable[SocketEntry], context: CellContext
) -> str:
    """Return aligned columns with titles for a terminal, inert and cut to a readable width."""
    entries = list(entries)
    padded = [
        _aligned([_(column.title), *_texts(column, entries, context)], is_right=column.is_numeric)
        for column in columns
    ]
    lines = map("  ".join, zip(*padded, strict=True))
    return "\n".join(map(str.rstrip, lines)) + "\n"


def _texts(column: Column, entries: Sequence[SocketEntry], context: CellContext) -> Iterator[str]:
    """Return the texts of one column, made inert. Most cells of a large table are alike."""
    text = column.text
    shown: dict[str, str] = {}
    for entry in entries:
        cell = text(entry, context)
        known = shown.get(cell)
        if known is None:
            known = shown[cell] = inert(cell, _MAX_TABLE_CELL)
        yield known


def _aligned(cells: Sequence[str], *, is_right: bool) -> list[str]:
    """Return the cells of one column, all as wide as the widest."""
    widths = {cell: text_width(cell) for cell in set(cells)}
    width = max(widths.values())
    padded = {
        cell: " " * (width - own) + cell if is_right else cell + " " * (width - own)
        for cell, own in widths.items()
    }
    return [padded[cell] for cell in cells]


def encode(text: str, *, has_bom: bool = False) -> bytes:
    """Return UTF-8; lone surrogates as escapes."""
    return (UTF8_BOM if has_bom else b"") + text.encode("utf-8", "backslashreplace")


def delimited(rows: Iterable[Sequence[str]], delimiter: str, line_end: str) -> str:
    """Return rows as text, quoted where a cell needs it (RFC 4180)."""
    # Not the csv module: before Python 3.13 it leaves a lone carriage return unquoted.
    special = frozenset((delimiter, '"', "\r", "\n"))
    return "".join(
        delimiter.join(
            cell if special.isdisjoint(cell) else '"' + cell.replace('"', '""') + '"'
            for cell in row
        )
        + line_end
        for row in rows
    )


def defused(cell: str) -> str:
    """Take what a spreadsheet would run as a formula out of a cell of CSV."""
    return f"'{cell}" if cell.startswith(_FORMULA_BEGINNINGS) else cell


def _markdown(cell: str) -> str:
    return escape(inert(cell, _MAX_READ_CELL), quote=False).translate(_MARKDOWN_SPECIAL)


def _markdown_line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def text_width(text: str) -> int:
    """Count the cells that a text fills in a terminal: two for a wide character, none for marks."""
    if text.isascii():
        return len(text)
    return sum(
        0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1
        for character in text
    )
