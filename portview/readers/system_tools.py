"""The system's own programs (nft, systemctl, pkexec): found in the system's folders alone.

A program of such a name that stands first on a user's PATH, and variables by which a program can be
made to load other code, must not reach what PortView runs, least of all as root.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

TOOL_FOLDERS = (
    *("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"),
    # NixOS and Guix keep them elsewhere; NixOS has programs with set-user-ID bits in the first.
    *("/run/wrappers/bin", "/run/current-system/sw/bin", "/run/current-system/profile/sbin"),
    *("/run/current-system/profile/bin", "/snap/bin"),
)
"""Where administrators have programs, in the order of sudo's usual secure_path."""

_PASSED_ON = frozenset(
    {
        *("HOME", "USER", "LOGNAME", "LANG", "TERM", "TZ", "TMPDIR"),
        # By these systemctl --user finds its manager and pkexec the window that asks.
        *("XDG_RUNTIME_DIR", "XDG_SESSION_ID", "DBUS_SESSION_BUS_ADDRESS"),
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"),
    }
)
_WORLD_WRITABLE = 0o002

_folders: tuple[str, ...] = TOOL_FOLDERS


def search_tools_in(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Look for programs in other folders from now on, and return those so far.

    For tests, which put stand-ins in the place of programs. Only code of this process can call it:
    no variable and no file changes the folders.
    """
    global _folders
    before, _folders = _folders, folders
    return before


def find_tool(name: str) -> str | None:
    """Return the full path of a program of the system's, None where there is none."""
    return shutil.which(name, path=os.pathsep.join(_usable_folders()))


def tool_environment(**more: str) -> dict[str, str]:
    """Return the variables for a program of the system's: a few that are known, and ``more``."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed_on, "PATH": os.pathsep.join(_usable_folders()), **more}


def _usable_folders() -> list[str]:
    if _folders is not TOOL_FOLDERS:
        return list(_folders)
    return [folder for folder in TOOL_FOLDERS if _is_roots(Path(folder))]


def _is_roots(folder: Path) -> bool:
    """Return whether only root may put programs into a folder (Homebrew has /usr/local/bin)."""
    try:
        status = folder.stat()
    except OSError:
        return False
    return status.st_uid == 0 and not status.st_mode & _WORLD_WRITABLE
