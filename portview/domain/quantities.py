"""Amounts as people read them at a glance."""

from __future__ import annotations

_SECOND_MS = 1000
_MINUTE_S = 60
_HOUR_S = 60 * _MINUTE_S
_DAY_S = 24 * _HOUR_S
_STEP = 1000
_WHOLE_FROM = 100
_RATE_UNITS = ("B/s", "kB/s", "MB/s", "GB/s")


def format_duration(duration_ms: int) -> str:
    """Write a duration: 3 s, 12 min, 2 h 5 min, 4 d. A negative one, of a set clock, is 0 s."""
    seconds = max(0, duration_ms) // _SECOND_MS
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S} min"
    if seconds < _DAY_S:
        hours, minutes = divmod(seconds // _MINUTE_S, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{seconds // _DAY_S} d"


def format_rate(bytes_per_s: float) -> str:
    """Write a rate in decimal units with two or three figures: 0 B/s, 1.5 kB/s, 120 MB/s."""
    amount = max(0.0, bytes_per_s)
    step = 0
    # 999.6 would be written as 1000.
    while round(amount) >= _STEP and step < len(_RATE_UNITS) - 1:
        amount /= _STEP
        step += 1
    digits = 0 if step == 0 or amount >= _WHOLE_FROM else 1
    return f"{amount:.{digits}f} {_RATE_UNITS[step]}"
