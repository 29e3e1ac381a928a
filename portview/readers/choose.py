"""The one place that chooses how this machine is read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.i18n import _
from portview.readers.fallback import FallbackReader
from portview.readers.snapshots import SnapshotReader
from portview.readers.traffic import NoTraffic

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.readers.listing import SocketReader
    from portview.readers.traffic import TrafficReader


# Each way of reading is loaded when it is opened: a system needs one of them.
def _by_psutil() -> SocketReader:
    from portview.readers.psutil_sockets import PsutilSocketReader  # noqa: PLC0415

    return PsutilSocketReader()


def _by_iphlpapi() -> SocketReader:
    from portview.readers.windows.sockets import IphlpapiSocketReader  # noqa: PLC0415

    return IphlpapiSocketReader()


def _by_sock_diag() -> SocketReader:
    from portview.readers.linux.sockets import LinuxSocketReader  # noqa: PLC0415

    return LinuxSocketReader()


_READERS: dict[str, Callable[[], SocketReader]] = {"psutil": _by_psutil}
"""The preferred reader first; psutil, which works everywhere, is the last resort."""

if sys.platform == "win32":
    _READERS = {"iphlpapi": _by_iphlpapi, **_READERS}
elif sys.platform == "linux":
    _READERS = {"sock_diag": _by_sock_diag, **_READERS}


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
        if preferred is _by_psutil:
            return SnapshotReader(_by_psutil())
        return SnapshotReader(FallbackReader(preferred, _by_psutil))
    if name not in _READERS:
        raise PortViewError(
            "unknown_reader",
            _("There is no socket reader named {name} on this system.").format(name=quoted(name)),
            _("Choose one of: {readers}.").format(readers=", ".join(_READERS)),
            Outcome.BAD_INPUT,
        )
    return SnapshotReader(_READERS[name]())


def open_traffic_reader() -> TrafficReader:
    """Open the traffic counters of this platform, or what says why there are none."""
    try:
        if sys.platform == "win32":
            from portview.readers.windows.estats import EstatsTraffic  # noqa: PLC0415 - see above

            return EstatsTraffic()
        if sys.platform == "linux":
            from portview.readers.linux.traffic import SockDiagTraffic  # noqa: PLC0415 - likewise

            return SockDiagTraffic()
    except PortViewError as error:
        return NoTraffic(error.message)
    except OSError as error:
        return NoTraffic(
            _("This system's byte counters can't be opened: {error}.").format(error=error)
        )
    return NoTraffic(_("This system does not count bytes for each socket."))
