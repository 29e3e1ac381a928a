"""Moments as this system's clock shows them."""

from __future__ import annotations

from datetime import UTC, datetime

from portview.i18n import N_, _


def local_moment(unix_ms: int) -> str:
    """Return "2026-01-31 08:15:00" in local time; a number that is no moment stays a number."""
    try:
        # By way of UTC: Windows refuses local times close to 1970 that have no time zone.
        moment = datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone()
    except (OSError, OverflowError, ValueError):
        return f"{unix_ms} ms"
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def short_moment(unix_ms: int, now_ms: int) -> str:
    """Return a moment as briefly as is clear: "09:31" today, "Mon 08:02" this week, else the date.

    A number that is no moment stays a number.
    """
    try:
        moment = datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone()
        now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone()
    except (OSError, OverflowError, ValueError):
        return f"{unix_ms} ms"
    days = (now.date() - moment.date()).days
    if days == 0:
        return moment.strftime("%H:%M")
    if 0 < days < _DAYS_OF_WEEK:
        return _("{weekday} {time}").format(
            weekday=_(_WEEKDAYS[moment.weekday()]), time=moment.strftime("%H:%M")
        )
    return moment.strftime("%Y-%m-%d")


_DAYS_OF_WEEK = 7
_WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
