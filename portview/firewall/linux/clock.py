"""What rules ask of the clock: the hour, the day of the week, a moment (nft(8), META). Pure.

nft turns hours and moments into UTC when it loads a rule and back when it lists it; the day of the
week is compared as it is, in the kernel's time zone. iptables' match ``time`` counts in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, time

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
UTC_PREFIX = "utc "
"""Before the key of a "meta" expression that counts in UTC whatever the time zone here."""

KEYS = frozenset({"time", "hour", "day"})
"""The keys of "meta" that ask for the clock."""


def clock_reading(key: str, now: datetime) -> int | None:
    """Return what the clock says of a key, None where that depends on the kernel's time zone.

    Seconds of the day for "hour", 0 (Sunday) to 6 for "day", seconds of Unix time for "time".
    """
    is_utc = key.startswith(UTC_PREFIX)
    there = now.astimezone(UTC) if is_utc else now.astimezone()
    match key.removeprefix(UTC_PREFIX):
        case "time":
            return int(now.timestamp())
        case "hour":
            return there.hour * 3600 + there.minute * 60 + there.second
        case "day" if is_utc or there.date() == now.astimezone(UTC).date():
            return there.isoweekday() % 7
    return None


def clock_number(key: str, value: object) -> int | None:
    """Return a value that a rule names for a key as a number; None where it is not understood."""
    if isinstance(value, int):
        return value // 1_000_000_000 if key.endswith("time") and value > 1 << 40 else value
    if not isinstance(value, str):
        return None
    try:
        if key.endswith("day"):
            return next(place for place, day in enumerate(_DAYS) if day[:3] == value.lower()[:3])
        if key.endswith("hour"):
            hour = time.fromisoformat(value)
            return hour.hour * 3600 + hour.minute * 60 + hour.second
        moment = datetime.fromisoformat(value)
        zoned = moment.replace(tzinfo=UTC) if key.startswith(UTC_PREFIX) else moment.astimezone()
        return int(zoned.timestamp())
    except (ValueError, StopIteration, OverflowError):
        return None


def key_of_kind(kind: str) -> str:
    """Return the key of a fact of this kind that was read from the clock, else an empty text."""
    return kind.removeprefix("clock ") if kind.startswith("clock ") else ""
