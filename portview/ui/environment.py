"""What the composition root knows and the window only shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class WindowEnvironment(NamedTuple):
    """How this machine is read, where the files are, and whether with administrator rights."""

    source: str
    log_path: Path
    settings_path: Path
    is_elevated: bool
