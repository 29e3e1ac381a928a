"""How PortView starts itself again, for an errand that needs a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path


def own_command() -> tuple[str, ...]:
    """Return the program and first arguments that run this very PortView, by absolute path."""
    if getattr(sys, "frozen", False):
        return (str(Path(sys.executable).absolute()),)
    return (sys.executable, "-m", "portview")
