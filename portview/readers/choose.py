"""The one place that chooses how this machine is read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portview.domain.outcome import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.readers.fallback import FallbackReader
from portview.readers.linux.sockets import LinuxSocketReader
from portview.readers.linux.traffic import SockDiagTraffic
from portview.readers.psutil_sockets import PsutilSocketReader
from portview.readers.snapshots import SnapshotReader
from portview.readers.traffic import NoTraffic
from portview.readers.windows.estats import EstatsTraffic
from portview.readers.windows.sockets import IphlpapiSocketReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.readers.listing import SocketReader
    from portview.readers.traffic import TrafficReader

_READERS: dict[str, Callable[[], SocketReader]] = {"psutil": PsutilSocketReader}
"""The preferred reader first; psutil, which works everywhere, is the last resort."""

if sys.platform == "win32":
    _READERS = {"iphlpapi": IphlpapiSocketReader, **_READERS}
elif sys.platform == "linux":
    _READERS = {"sock_diag": LinuxSocketReader, **_READERS}


def reader_names() -> tuple[str, ...]:
    """Return the names that ``open_reader`` takes on this platform, the preferred one first."""
    return tuple(_READERS)


def open_reader(name: str | None = None) -> SnapshotReader:
    """Open the named socket reader, or the best one that works here.

    Without a name psutil takes over where the preferred reader fails, and the snapshots' notes
    say so. A reader that was asked for by name is that one or an error.
    """
    if name is None:
        preferred = next(iter(_READERS.values()))
        if preferred is PsutilSocketReader:
            return SnapshotReader(PsutilSocketReader())
        return SnapshotReader(FallbackReader(preferred, PsutilSocketReader))
    if name not in _READERS:
        raise PortViewError(
            "unknown_reader",
            f"There is no socket reader named {quoted(name)} on this system.",
            f"Choose one of: {', '.join(_READERS)}.",
            Outcome.BAD_INPUT,
        )
    return SnapshotReader(_READERS[name]())


def open_traffic_reader() -> TrafficReader:
    """Open the traffic counters of this platform, or what says why there are none."""
    try:
        if sys.platform == "win32":
            return EstatsTraffic()
        if sys.platform == "linux":
            return SockDiagTraffic()
    except PortViewError as error:
        return NoTraffic(error.message)
    except OSError as error:
        return NoTraffic(f"This system's byte counters can't be opened: {error}.")
    return NoTraffic("This system does not count bytes for each socket.")
