"""Where PortView keeps what it remembers and what it logs: in the profile, or beside itself."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

import platformdirs

PORTABLE_MARK = "portable.ini"
"""A file of this name beside the program makes it keep everything in a folder there."""


_NOWHERE = Path("?", "PortView")
"""No file of Windows can have that name."""


def settings_folder() -> Path:
    """Return the folder of this process's settings; PORTVIEW_CONFIG_DIR names another one."""
    return _administrators_folder("PORTVIEW_CONFIG_DIR") or user_settings_folder()


def user_settings_folder() -> Path:
    """Return the folder of this user's settings, which an elevated process only reads."""
    given = os.environ.get("PORTVIEW_CONFIG_DIR")
    if given:
        return Path(given)
    if portable := portable_folder():
        return portable
    folder = Path(platformdirs.user_config_dir("PortView", appauthor=False, roaming=True))
    return _roots_own(folder, ".config/PortView")


def log_folder() -> Path:
    """Return the folder of the log and the record; PORTVIEW_LOG_DIR names another one."""
    if elevated := _administrators_folder("PORTVIEW_LOG_DIR"):
        return elevated
    given = os.environ.get("PORTVIEW_LOG_DIR")
    if given:
        return Path(given)
    if portable := portable_folder():
        return portable
    folder = Path(platformdirs.user_log_dir("PortView", appauthor=False))
    return _roots_own(folder, ".local/state/PortView/log")


@cache
def _administrators_folder(variable: str) -> Path | None:
    """Return where a process elevated by User Account Control keeps things; None for any other.

    What lies in the profile can be exchanged by every program of the user; where a variable says
    counts only if it is a folder of administrators, as that of the service is. Where there is no
    such folder nothing is kept: the path that stands for that can't exist.
    """
    if sys.platform != "win32":
        return None
    # Loads libraries of Windows.
    from portview.readers.windows.administrators_folder import (  # noqa: PLC0415
        administrators_folder,
        is_administrators_folder,
    )
    from portview.readers.windows.tokens import own_token  # noqa: PLC0415

    try:
        if not own_token().is_split:
            return None
        given = os.environ.get(variable)
        if given and is_administrators_folder(Path(given)):
            return Path(given)
        return administrators_folder()
    except OSError:
        return _NOWHERE


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
