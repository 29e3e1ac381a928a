"""Windows' count of time, and Unix time."""

from __future__ import annotations

_UNIX_EPOCH = 116_444_736_000_000_000
"""1970-01-01 in steps of 100 ns since 1601-01-01, UTC (FILETIME, minwinbase.h)."""

_STEPS_PER_MS = 10_000


def unix_ms(filetime: int) -> int:
    """Turn a FILETIME into Unix milliseconds, rounded down; 0 for times before 1970 or none.

    Everything that compares times of processes must come through here, so that one moment never
    gets two values.
    """
    return max(0, (filetime - _UNIX_EPOCH) // _STEPS_PER_MS)
