"""What programs leave behind: names of files and of registry keys and values, to compare later."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAMS, _DESKTOP, _STARTUP = 0x0002, 0x0010, 0x0007
_COMMON_PROGRAMS, _COMMON_DESKTOP = 0x0017, 0x0019
_PLACES: Final = (_PROGRAMS, _DESKTOP, _STARTUP, _COMMON_PROGRAMS, _COMMON_DESKTOP)
_LONGEST_PATH: Final = 260
_OF_THE_SYSTEM: Final = (
    r"\Software\Wine\MenuFiles",
    r"\AppCompatFlags",
    r"\Classes\Local Settings",
    r"\Explorer\FeatureUsage",
    r"\Explorer\UserAssist",
)
"""Keys in which the system itself notes which programs were there, whoever they are."""

_OWN_NAME: Final = "portview"
_MACHINE: Final = r"SOFTWARE\Microsoft\Windows\CurrentVersion"


@dataclass(frozen=True, slots=True)
class Traces:
    """Paths of files and folders, and of registry keys and their values."""

    files: frozenset[str]
    registry: frozenset[str]

    def beyond(self, earlier: Traces) -> list[str]:
        """Return what came into being since, in order."""
        return sorted((self.files - earlier.files) | (self.registry - earlier.registry))


def look(*, every_name: bool) -> Traces:
    """Look at the profile, at the folders of programs and their data, and at the registry.

    ``every_name`` is for a machine where nothing else happens; elsewhere only what has PortView's
    name in its path is looked at.
    """
    named = [os.environ.get(name) for name in ("ProgramFiles", "ProgramData", "APPDATA")]
    local = Path(os.environ["LOCALAPPDATA"])
    # All of LOCALAPPDATA is too much to look through on a machine in use, and holds TEMP.
    folders = [*(Path(name) for name in named if name), local / "Programs", local / "PortView"]
    folders += [_shell_folder(number) for number in _PLACES]
    files = {path for folder in folders for path in _paths_below(folder)}
    keys = set(_registry_paths())
    # Wine hands shortcuts on to the desktop of Linux.
    files = {path for path in files if not path.endswith(".desktop")}
    keys = {path for path in keys if not any(own in path for own in _OF_THE_SYSTEM)}
    if not every_name:
        files = {path for path in files if _OWN_NAME in path.lower()}
        keys = {path for path in keys if _OWN_NAME in path.lower()}
    return Traces(frozenset(files), frozenset(keys))


def _shell_folder(number: int) -> Path:
    """Return a folder by its CSIDL, wherever a person has put it."""
    path = ctypes.create_unicode_buffer(_LONGEST_PATH)
    ctypes.windll.shell32.SHGetFolderPathW(None, number, None, 0, path)  # type: ignore[attr-defined,unused-ignore]
    return Path(path.value)


def _paths_below(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        # A Path per file would take ten times as long.
        yield from (f"{place}{os.sep}{name}" for name in (*folders, *files))


def _registry_paths() -> Iterator[str]:
    registry = _winreg()
    yield from _below(registry, registry.HKEY_CURRENT_USER, "Software", "HKCU")
    for name in ("Uninstall", "Run", "App Paths"):
        yield from _below(registry, registry.HKEY_LOCAL_MACHINE, rf"{_MACHINE}\{name}", "HKLM")


def _below(registry: Any, root: int, path: str, shown_root: str) -> Iterator[str]:
    names: list[str] = []
    values: list[str] = []
    # What comes or goes while this looks is no reason to stop.
    with (
        contextlib.suppress(OSError),
        registry.OpenKey(root, path, 0, registry.KEY_READ | registry.KEY_WOW64_64KEY) as key,
    ):
        key_count, value_count, _ = registry.QueryInfoKey(key)
        names = [registry.EnumKey(key, number) for number in range(key_count)]
        values = [registry.EnumValue(key, number)[0] for number in range(value_count)]
    yield rf"{shown_root}\{path}"
    yield from (rf"{shown_root}\{path} : {name or '(default)'}" for name in values)
    for name in names:
        yield from _below(registry, root, rf"{path}\{name}", shown_root)


def _winreg() -> Any:
    # Type checkers on other systems know the module as an empty one.
    return importlib.import_module("winreg")
