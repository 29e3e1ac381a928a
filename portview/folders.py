"""Where PortView keeps what it remembers and what it logs: in the profile, or beside itself."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

import platformdirs

PORTABLE_MARK = "portable.ini"
"""A file of this name beside the program makes it keep everything in a folder there."""


def settings_folder() -> Path:
    """Return the folder of this user's settings; PORTVIEW_CONFIG_DIR names another one."""
    given = os.environ.get("PORTVIEW_CONFIG_DIR")
    if given:
        return Path(given)
    if portable := portable_folder():
        return portable
    folder = Path(platformdirs.user_config_dir("PortView", appauthor=False, roaming=True))
    return _roots_own(folder, ".config/PortView")


def log_folder() -> Path:
    """Return the folder of the log and the record; PORTVIEW_LOG_DIR names another one."""
    given = os.environ.get("PORTVIEW_LOG_DIR")
    if given:
        return Path(given)
    if portable := portable_folder():
        return portable
    folder = Path(platformdirs.user_log_dir("PortView", appauthor=False))
    return _roots_own(folder, ".local/state/PortView/log")


def _roots_own(folder: Path, below_home: str) -> Path:
    """Return root's own folder where root runs with another user's HOME (sudo -E, some su)."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return folder
    import pwd  # noqa: PLC0415 - not on Windows

    from portview.private_files import is_roots  # noqa: PLC0415 - for root alone

    return folder if is_roots(folder) else Path(pwd.getpwuid(0).pw_dir, below_home)


def portable_folder() -> Path | None:
    """Return the folder of a portable program; None where this is none.

    It stays the place to keep things even where nothing can be written there: a portable program
    leaves nothing on the computer.
    """
    if not getattr(sys, "frozen", False):
        return None
    return _portable_folder(Path(sys.executable))


@cache
def _portable_folder(program: Path) -> Path | None:
    folder = program.absolute().parent
    return folder / "data" if (folder / PORTABLE_MARK).is_file() else None
