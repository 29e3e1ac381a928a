"""Moments of the past as people type them: ``7d``, ``14:03``, ``yesterday 14:03``, ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.i18n import _

_UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,3})?)\s*(?P<unit>[a-z]+)")
_LONGEST_S = 100 * 366 * 86_400
_DAYS = {"today": 0, "yesterday": 1}


def parse_past(text: str, now_ms: int) -> int:
    """Return the Unix milliseconds of a moment: an age, a time of day, or a date and time.

    Without an offset it is meant in local time; a time of day alone is the last one that has been.
    Raises PortViewError.
    """
    moment = _age(text.strip().lower(), now_ms) or _date(text.strip(), now_ms)
    if moment is None:
        raise PortViewError(
            "bad_time",
            _("{text} is not a point in time.").format(text=quoted(text)),
            _(
                "Write an age (90m, 7d), a time (14:03, yesterday 14:03) or a date "
                "(2026-01-31T14:03)."
            ),
            Outcome.BAD_INPUT,
        )
    return moment


def _age(text: str, now_ms: int) -> int | None:
    found = _AGO.fullmatch(text)
    unit = _UNITS_S.get(found["unit"]) if found else None
    if found is None or unit is None:
        return None
    seconds = float(found["number"]) * unit
    return now_ms - round(seconds * 1000) if seconds <= _LONGEST_S else None


def _date(text: str, now_ms: int) -> int | None:
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone()
    day, _space, time_of_day = text.lower().partition(" ")
    if day in _DAYS:
        date = (now - timedelta(days=_DAYS[day])).date().isoformat()
        return _iso(f"{date}T{time_of_day.strip() or '00:00'}")
    if re.fullmatch(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?", text):
        full = text if text[2] == ":" else f"0{text}"
        found = _iso(f"{now.date().isoformat()}T{full}")
        if found is not None and found > now_ms:
            found = _iso(f"{(now - timedelta(days=1)).date().isoformat()}T{full}")
        return found
    return _iso(text)


def _iso(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
        return round(moment.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None
