"""Maintenance windows: times in which nothing is announced and nothing repaired. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(r"(?:(?P<days>[a-z,\s-]+?)\s+)?(?P<from>\d\d?:\d\d)\s*-\s*(?P<to>\d\d?:\d\d)")
_DAILY = frozenset({"daily", ""})


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """Either from one local moment to another, or a time of certain days of the week."""

    begins: datetime | None = None
    ends: datetime | None = None
    days: frozenset[int] = frozenset()
    from_time: time = time()
    to_time: time = time()

    def holds(self, moment: datetime) -> bool:
        """Return whether a local moment lies in the window; its end is outside."""
        if self.begins is not None and self.ends is not None:
            return self.begins <= moment < self.ends
        now = moment.time()
        if self.from_time < self.to_time:
            return moment.weekday() in self.days and self.from_time <= now < self.to_time
        # Over midnight: the second part belongs to the day before.
        before = (moment - timedelta(days=1)).weekday()
        return (moment.weekday() in self.days and now >= self.from_time) or (
            before in self.days and now < self.to_time
        )


def parse_maintenance(text: str) -> MaintenanceWindow | None:
    """Read ``02:00-04:00``, ``sat,sun 22:00-04:00``, ``mon-fri 01:00-02:00`` or two ISO 8601 times.

    Local time. None for anything else.
    """
    first, slash, last = text.strip().partition("/")
    if slash:
        try:
            begins, ends = datetime.fromisoformat(first), datetime.fromisoformat(last)
        except ValueError:
            return None
        begins, ends = _local(begins), _local(ends)
        return MaintenanceWindow(begins, ends) if begins < ends else None
    found = _WEEKLY.fullmatch(text.strip().casefold())
    if found is None:
        return None
    days = _days(found["days"] or "")
    try:
        from_time, to_time = _time(found["from"]), _time(found["to"])
    except ValueError:
        return None
    if not days or from_time == to_time:
        return None
    return MaintenanceWindow(days=days, from_time=from_time, to_time=to_time)


def _local(moment: datetime) -> datetime:
    """Return a moment by this machine's clock, without its zone."""
    return moment.astimezone().replace(tzinfo=None) if moment.tzinfo else moment


def _time(text: str) -> time:
    hour, _colon, minute = text.partition(":")
    return time(int(hour), int(minute))


def _days(text: str) -> frozenset[int]:
    if text.strip() in _DAILY:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        names = [name.strip()[:3] for name in ((first, last) if dash else (first,))]
        if any(name not in _DAYS for name in names):
            return frozenset()
        start, end = _DAYS.index(names[0]), _DAYS.index(names[-1])
        found.update(day % 7 for day in range(start, end + (8 if end < start else 1)))
    return frozenset(found)
