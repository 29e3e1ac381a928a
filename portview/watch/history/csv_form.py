"""Spans as CSV for spreadsheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.json_schema import iso_time
from portview.domain.table.export import defused, delimited, encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.watch.history.questions import Span

_TITLES = (
    *("from", "to", "start_seen", "port", "protocol", "address", "pid", "process", "executable"),
    *("command_line", "user", "what", "container"),
)
"""The keys of the JSON form: for programs as for people."""


def spans_csv(spans: Iterable[Span]) -> bytes:
    """Return UTF-8 with a byte order mark; times are ISO 8601 in UTC, "" where it goes on.

    A cell that a spreadsheet would run as a formula is defused.
    """
    rows = [[defused(cell) for cell in _cells(span)] for span in spans]
    return encode(delimited([_TITLES, *rows], ",", "\r\n"), has_bom=True)


def _cells(span: Span) -> list[str]:
    return [
        iso_time(span.from_ms) or "",
        iso_time(span.to_ms) or "",
        "yes" if span.is_start_seen else "no",
        str(span.port),
        span.protocol,
        span.address,
        "" if span.pid is None else str(span.pid),
        span.process or "",
        span.executable or "",
        " ".join(span.command_line or ()),
        span.user or "",
        span.what or "",
        span.container or "",
    ]
