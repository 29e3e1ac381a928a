"""Which program a process runs: what changes when it starts another one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple


class ProcessImage(NamedTuple):
    """The executable (None where it can't be read) and the name of the main thread."""

    executable: str | None
    comm: bytes


def process_image(pid: int) -> ProcessImage | None:
    """Return what a process runs now, None where it is gone or this is not Linux.

    Costs two small system calls' worth of /proc. Safe on any thread.
    """
    if sys.platform != "linux":
        return None
    try:
        comm = Path(f"/proc/{pid}/comm").read_bytes()
    except OSError:
        return None
    try:
        return ProcessImage(linux_executable(pid), comm)
    except OSError:
        return ProcessImage(None, comm)


def linux_executable(pid: int) -> str | None:
    """Return the path behind /proc/PID/exe, with " (deleted)" at its end where that applies.

    None for a thread of the kernel. Raises OSError: PermissionError for a process of others.
    """
    try:
        return str(Path(f"/proc/{pid}/exe").readlink())
    except FileNotFoundError:
        return None
