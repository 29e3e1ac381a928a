"""The one place that chooses how this machine is read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portview.domain.outcome import Outcome, PortViewError
from portview.readers.psutil_sockets import PsutilSocketReader
from portview.readers.snapshots import SnapshotReader
from portview.readers.windows.sockets import IphlpapiSocketReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.readers.listing import SocketReader

_READERS: dict[str, Callable[[], SocketReader]] = {"psutil": PsutilSocketReader}
if sys.platform == "win32":
    _READERS = {"iphlpapi": IphlpapiSocketReader, **_READERS}


def reader_names() -> tuple[str, ...]:
    """Return the names that ``open_reader`` takes on this platform, the preferred one first."""
    return tuple(_READERS)


def open_reader(name: str | None = None) -> SnapshotReader:
    """Open the named socket reader, or the best one that works here."""
    if name is None:
        return SnapshotReader(next(iter(_READERS.values()))())
    if name not in _READERS:
        raise PortViewError(
            "unknown_reader",
            f"There is no socket reader named {name!r} on this system.",
            f"Choose one of: {', '.join(_READERS)}.",
            Outcome.BAD_INPUT,
        )
    return SnapshotReader(_READERS[name]())
