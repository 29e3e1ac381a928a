"""What the installer and the uninstaller ask of the program, because it can do it and they can't.

The folder of the command ``portview`` on the search path: texts of NSIS end after 1,024 characters,
and a search path that is read in part and written back is lost. And whether rules of the firewall
would be left that PortView made.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from contextlib import closing
from ctypes import wintypes
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome
from portview.readers.windows.dll import bind, load_library

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

SEARCH_PATH, OWN_RULES = "search-path", "own-rules"
RULES_LEFT = 10
"""Exit code of ``own-rules`` where there are some."""

COMMAND_FOLDER = "bin"
"""Beside the program; holds portview.cmd and nothing else."""

_USER = r"Environment"
_MACHINE = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
_LONGEST = 32_000
"""A process' whole environment has 32,767 characters."""
_HWND_BROADCAST, _WM_SETTINGCHANGE, _SMTO_ABORTIFHUNG = 0xFFFF, 0x001A, 0x0002
_BROADCAST_MS = 2000


def enter(arguments: Sequence[str]) -> int:
    """Carry out ``search-path add|remove user|machine``, or ``own-rules``; return an exit code."""
    return _search_path(arguments) if arguments[0] == SEARCH_PATH else _own_rules()


def _own_rules() -> int:
    """Return whether the firewall has rules of PortView's; 0 too where that is unknown."""
    from portview.firewall.choose import open_firewall  # noqa: PLC0415 - slow to load

    with closing(open_firewall()) as firewall:
        return RULES_LEFT if firewall.read().managed_rules else int(Outcome.DONE)


def _search_path(arguments: Sequence[str]) -> int:
    """Change the search path by this very program's own folder, which nobody names from outside."""
    verb, scope = arguments[1:] if len(arguments) == 3 else ("", "")  # noqa: PLR2004 - and itself
    if verb not in {"add", "remove"} or scope not in {"user", "machine"}:
        return int(Outcome.BAD_INPUT)
    if sys.platform != "win32" or not getattr(sys, "frozen", False):
        return int(Outcome.NOT_DONE)
    folder = str(Path(sys.executable).parent / COMMAND_FOLDER)
    try:
        has_changed = change_search_path(verb, scope, folder)
    except OSError as error:
        logger.warning("the search path was not changed: %s", error)
        denied = isinstance(error, PermissionError)
        return int(Outcome.NEEDS_ADMIN if denied else Outcome.NOT_DONE)
    if has_changed:
        _notify_running_programs()
    return int(Outcome.DONE)


def change_search_path(verb: str, scope: str, folder: str, *, key: str | None = None) -> bool:
    """Add or remove a folder and return whether that changed anything. Raises OSError.

    ``scope`` is "user" or "machine". Every other entry stays as it is written. ``key`` is the key
    below HKEY_CURRENT_USER to use instead, for tests.
    """
    if sys.platform != "win32":
        raise OSError("the registry is a part of Windows")
    import winreg  # noqa: PLC0415 - Windows only

    is_machine = scope == "machine" and key is None
    root = winreg.HKEY_LOCAL_MACHINE if is_machine else winreg.HKEY_CURRENT_USER
    place = key or (_MACHINE if is_machine else _USER)
    access = winreg.KEY_READ | winreg.KEY_WRITE | winreg.KEY_WOW64_64KEY
    with winreg.CreateKeyEx(root, place, 0, access) as opened:
        try:
            before, kind = winreg.QueryValueEx(opened, "Path")
        except FileNotFoundError:
            before, kind = "", winreg.REG_EXPAND_SZ
        if kind not in {winreg.REG_SZ, winreg.REG_EXPAND_SZ}:
            raise OSError("the search path is no text")
        after = with_folder(before, folder) if verb == "add" else without_folder(before, folder)
        if after == before:
            return False
        if len(after) > _LONGEST:
            raise OSError("the search path would become too long")
        if after:
            winreg.SetValueEx(opened, "Path", 0, kind, after)
        else:
            winreg.DeleteValue(opened, "Path")
    return True


def with_folder(search_path: str, folder: str) -> str:
    """Return a search path with a folder at its end, unless it has it already."""
    if any(_is_same(entry, folder) for entry in search_path.split(";")):
        return search_path
    separator = ";" if search_path and not search_path.endswith(";") else ""
    return f"{search_path}{separator}{folder}"


def without_folder(search_path: str, folder: str) -> str:
    """Return a search path without a folder, and all else as it is written."""
    entries = search_path.split(";")
    kept = [entry for entry in entries if not _is_same(entry, folder)]
    return search_path if len(kept) == len(entries) else ";".join(kept)


def _is_same(entry: str, folder: str) -> bool:
    return entry.strip().strip('"').rstrip("\\").lower() == folder.rstrip("\\").lower()


def _notify_running_programs() -> None:
    """Have the shell read the variables again, so that a terminal opened next knows the command."""
    send = bind(
        load_library("user32.dll"),
        "SendMessageTimeoutW",
        ctypes.c_void_p,
        *(wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPCWSTR),
        *(wintypes.UINT, wintypes.UINT, ctypes.c_void_p),
    )
    send(
        *(_HWND_BROADCAST, _WM_SETTINGCHANGE, 0, "Environment"),
        *(_SMTO_ABORTIFHUNG, _BROADCAST_MS, None),
    )
