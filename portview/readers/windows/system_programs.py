"""Windows' own programs, by their full path, so that no other program of a name is started."""

from __future__ import annotations

import os
from pathlib import Path

CREATE_NO_WINDOW = 0x08000000
"""A console program started with this flag opens no window (winbase.h)."""


def system_program(name: str) -> Path:
    """Return the path of a program in the system's folder, whether it is there or not."""
    return Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", name)
