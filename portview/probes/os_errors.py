"""Error numbers of the socket calls, alike on all systems."""

from __future__ import annotations

import ctypes
import errno
import os
import sys

from portview.i18n import _


def error_codes(*names: str) -> frozenset[int]:
    """Collect the numbers of errors, those of Winsock as well where this system has them."""
    return frozenset(
        getattr(errno, prefix + name)
        for name in names
        for prefix in ("", "WSA")
        if hasattr(errno, prefix + name)
    )


CONNECT_IN_PROGRESS = error_codes("EINPROGRESS", "EWOULDBLOCK")


def error_text(code: int) -> str:
    """Return the system's own words for an error number, without the final stop."""
    if not code:
        return _("unknown error")
    if sys.platform == "win32":
        text = ctypes.FormatError(code)
    else:
        text = os.strerror(code)
    return text.strip().rstrip(".")
