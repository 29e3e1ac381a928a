"""How long closed connections still keep their port: the kernel's own countdown (Linux)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TIME_WAIT = "06"
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


def time_wait_left_s(port: int) -> float | None:
    """Return after how many seconds the last TIME_WAIT of a local port is over.

    None where there is none, or where the system does not say.
    """
    if sys.platform != "linux":
        return None
    left = [ticks for table in _TABLES for ticks in remaining_ticks(_lines(table), port)]
    return max(left) / os.sysconf("SC_CLK_TCK") if left else None


def remaining_ticks(lines: Iterable[str], port: int) -> list[int]:
    """Return the remaining time of each TIME_WAIT of a local port, in ticks of the kernel's clock.

    ``lines`` are those of /proc/net/tcp: the local address ("0100007F:1F90") is field 1, the state
    field 3, and field 5 holds the timer's kind and its ticks in hexadecimal (proc_net_tcp(5)).
    """
    suffix = f":{port:04X}"
    found = []
    for line in lines:
        fields = line.split(None, 6)
        if len(fields) > 5 and fields[1].endswith(suffix) and fields[3] == _TIME_WAIT:  # noqa: PLR2004 - the fields above
            try:
                found.append(int(fields[5].partition(":")[2], 16))
            except ValueError:
                continue
    return found


def _lines(table: str) -> list[str]:
    try:
        return Path(table).read_text("ascii", "replace").splitlines()
    except OSError:
        return []
