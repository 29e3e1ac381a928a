"""The one place that chooses how this system pins a process by a handle."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from portview.actions.process_handles.handle import ProcessHandle
    from portview.domain.owners.process import ProcessKey


def open_process_handle(key: ProcessKey) -> AbstractContextManager[ProcessHandle]:
    """Open a handle on a process, and only then check that it is the one that was seen.

    The handle keeps meaning this process, whatever becomes of its PID. Entering the context raises
    ProcessGoneError, PortViewError ("pid_reused") or OSError. Any thread.
    """
    if sys.platform == "win32":
        from portview.actions.process_handles.windows import open_windows_process  # noqa: PLC0415

        return open_windows_process(key)
    if sys.platform == "linux":
        from portview.actions.process_handles.linux import open_linux_process  # noqa: PLC0415

        return open_linux_process(key)
    from portview.actions.process_handles.posix import open_psutil_process  # noqa: PLC0415

    return open_psutil_process(key)
