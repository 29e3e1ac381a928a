"""Amounts as people read them at a glance."""

from __future__ import annotations

from portview.i18n import _

_SECOND_MS = 1000
_MILLISECOND_US = 1000
_MINUTE_S = 60
_HOUR_S = 60 * _MINUTE_S
_DAY_S = 24 * _HOUR_S
_STEP = 1000
_WHOLE_FROM = 100
_SMALLEST_PERCENT = 0.05
_WHOLE_PERCENT_FROM = 10
_PREFIXES = ("", "k", "M", "G")


def format_duration(duration_ms: int) -> str:
    """Write a duration: 3 s, 12 min, 2 h 5 min, 4 d. A negative one, of a set clock, is 0 s."""
    seconds = max(0, duration_ms) // _SECOND_MS
    if seconds < _MINUTE_S:
        return _("{amount} s").format(amount=seconds)
    if seconds < _HOUR_S:
        return _("{amount} min").format(amount=seconds // _MINUTE_S)
    if seconds < _DAY_S:
        hours, minutes = divmod(seconds // _MINUTE_S, 60)
        if minutes:
            return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
        return _("{amount} h").format(amount=hours)
    return _("{amount} d").format(amount=seconds // _DAY_S)


def format_rate(bytes_per_s: float) -> str:
    """Write a rate in decimal units with two or three figures: 0 B/s, 1.5 kB/s, 120 MB/s."""
    return f"{format_size(bytes_per_s)}/s"


def format_size(size_bytes: float) -> str:
    """Write a size in decimal units with two or three figures: 0 B, 1.5 kB, 120 MB."""
    amount = max(0.0, size_bytes)
    step = 0
    # 999.6 would be written as 1000.
    while round(amount) >= _STEP and step < len(_PREFIXES) - 1:
        amount /= _STEP
        step += 1
    digits = 0 if step == 0 or amount >= _WHOLE_FROM else 1
    return f"{amount:.{digits}f} {_PREFIXES[step]}B"


def format_round_trip(duration_us: int) -> str:
    """Write a round trip time: 35 µs, 1.2 ms, 180 ms."""
    if duration_us < _MILLISECOND_US:
        return f"{duration_us} \u00b5s"
    duration_ms = duration_us / _MILLISECOND_US
    return f"{duration_ms:.1f} ms" if duration_ms < _WHOLE_FROM else f"{duration_ms:.0f} ms"


def format_share(share: float) -> str:
    """Write a share in per cent, with one digit below ten: 0 %, 2.4 %, 97 %, 250 %."""
    percent = max(0.0, share) * 100
    if percent < _SMALLEST_PERCENT:
        return "0 %"
    return f"{percent:.1f} %" if round(percent, 1) < _WHOLE_PERCENT_FROM else f"{percent:.0f} %"
