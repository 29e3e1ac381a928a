"""Times at which rules end, as people and as programs read them.

They come out of the rules themselves, where anything can stand.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from portview.domain.json_schema import iso_time
from portview.i18n import N_, _

_EPOCH = datetime.fromtimestamp(0, UTC)
_BEYOND = N_("after the year 9999")


def describe_moment(unix_ms: int) -> str:
    """Return a time in this machine's own time zone: "2026-01-31 08:15:00"."""
    try:
        moment = _EPOCH + timedelta(milliseconds=unix_ms)
    except OverflowError:
        return _(_BEYOND)
    # Windows knows its time zone until the year 3000 only.
    with suppress(OverflowError, ValueError, OSError):
        moment = moment.astimezone()
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def iso_moment(unix_ms: int | None) -> str | None:
    """Return a time as ISO 8601 in UTC; None also for one that no calendar has."""
    try:
        return iso_time(unix_ms)
    except OverflowError:
        return None
