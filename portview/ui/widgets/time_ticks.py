"""Where an axis of time has its marks: at whole minutes, hours and days of the local clock."""

from __future__ import annotations

from datetime import UTC, datetime

_STEPS_S = (
    *(1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200),
    *(86_400, 172_800, 604_800, 2_592_000, 7_776_000, 31_536_000),
)
_NARROWEST = 80.0
_DAY_MS = 86_400_000
_MINUTE_MS = 60_000


def ticks_between(from_ms: int, to_ms: int, width: float) -> list[int]:
    """Return the moments of an axis that is so many pixels wide, in Unix milliseconds."""
    most = max(1.0, width / _NARROWEST)
    whole_s = max(1, to_ms - from_ms) / 1000
    step_ms = next((step for step in _STEPS_S if whole_s / step <= most), _STEPS_S[-1]) * 1000
    # The local clock's offset now; a change of summer time shifts the marks by an hour at most.
    moment = datetime.fromtimestamp(to_ms / 1000, UTC).astimezone()
    offset = moment.utcoffset()
    shift_ms = round(offset.total_seconds() * 1000) if offset else 0
    first = from_ms + (-(from_ms + shift_ms)) % step_ms
    return list(range(first, to_ms + 1, step_ms))


def tick_label(moment_ms: int, whole_ms: int) -> str:
    """Return the text of a mark: seconds, minutes or days, as the length of the axis needs."""
    moment = datetime.fromtimestamp(moment_ms / 1000, UTC).astimezone()
    if whole_ms > 2 * _DAY_MS:
        return moment.strftime("%Y-%m-%d")
    return moment.strftime("%H:%M:%S" if whole_ms < 5 * _MINUTE_MS else "%H:%M")
