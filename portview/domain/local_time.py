"""Moments as this system's clock shows them."""

from __future__ import annotations

from datetime import UTC, datetime


def local_moment(unix_ms: int) -> str:
    """Return "2026-01-31 08:15:00" in local time; a number that is no moment stays a number."""
    try:
        # By way of UTC: Windows refuses local times close to 1970 that have no time zone.
        moment = datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone()
    except (OSError, OverflowError, ValueError):
        return f"{unix_ms} ms"
    return moment.strftime("%Y-%m-%d %H:%M:%S")
