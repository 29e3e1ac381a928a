"""Whether PortView itself runs with administrator rights."""

from __future__ import annotations

import os
import sys

from portview.domain.facts import Remedy, Unreadable


def is_elevated() -> bool:
    """Return whether this process has administrator rights: an elevated token, or root elsewhere.

    Where the system won't report, the answer is no: what then needs rights asks for them.
    """
    if sys.platform != "win32":
        return os.geteuid() == 0
    from portview.readers.windows.advapi32 import is_token_elevated  # noqa: PLC0415 - Windows only

    try:
        return is_token_elevated()
    except OSError:
        return False


def unreadable_here(reason: str, error: OSError) -> Unreadable:
    """Return the fact that a refusal of the system stands for, with what would make it readable.

    An administrator who is refused lacks a capability or privilege, or the system reports nobody.
    """
    if not isinstance(error, PermissionError):
        return Unreadable(reason, Remedy.RETRY)
    return Unreadable(reason, Remedy.CAPABILITY if is_elevated() else Remedy.ADMINISTRATOR)
