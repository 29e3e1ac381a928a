"""How the Windows Subsystem for Linux is joined to the network, from this user's ``.wslconfig``."""

from __future__ import annotations

import configparser
from pathlib import Path

from portview.domain.facts import Absent, Fact, Known

_LARGEST_BYTES = 64 * 1024


def read_wsl_networking_mode(folder: Path | None = None) -> Fact[str]:
    """Return ``networkingMode`` in lower case ("nat", "mirrored"); Absent where it is not set.

    Raises OSError where the file is there and can't be read.
    """
    path = (folder or Path.home()) / ".wslconfig"
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES).decode("utf-8-sig", "replace")
    except FileNotFoundError:
        return Absent()
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return Absent()
    mode = parser.get("wsl2", "networkingmode", fallback="").strip().lower()
    return Known(mode) if mode else Absent()
