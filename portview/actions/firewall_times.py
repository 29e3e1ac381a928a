"""Times at which rules end, as people and as programs read them.

They come out of the rules themselves, where anything can stand.
"""

from __future__ import annotations

from datetime import datetime

from portview.domain.contract import iso_time

_BEYOND = "after the year 9999"


def moment_words(unix_ms: int) -> str:
    """Return a time in this machine's own time zone: "2026-01-31 08:15:00"."""
    try:
        return datetime.fromtimestamp(unix_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return _BEYOND


def iso_moment(unix_ms: int | None) -> str | None:
    """Return a time as ISO 8601 in UTC; None also for one that no calendar has."""
    try:
        return iso_time(unix_ms)
    except (OverflowError, ValueError, OSError):
        return None
