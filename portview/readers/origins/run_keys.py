"""Programs that Windows starts at log-on: the Run and RunOnce keys.

https://learn.microsoft.com/windows/win32/setupapi/run-and-runonce-registry-keys
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from portview.readers.origins.windows_commands import command_of_line, matches

if sys.platform == "win32":
    import winreg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_PLACE = r"Software\Microsoft\Windows\CurrentVersion"
_KEYS = (
    ("HKCU", rf"{_PLACE}\Run"),
    ("HKCU", rf"{_PLACE}\RunOnce"),
    ("HKLM", rf"{_PLACE}\Run"),
    ("HKLM", rf"{_PLACE}\RunOnce"),
    ("HKLM", r"Software\WOW6432Node\Microsoft\Windows\CurrentVersion\Run"),
)
_MOST_VALUES = 500


class RunEntry(NamedTuple):
    """A value of such a key: its name, the command line, and the key's path."""

    name: str
    line: str
    source: str


def find_run_entry(
    entries: Iterable[RunEntry], executable: str, command_line: Sequence[str]
) -> RunEntry | None:
    """Return the entry that runs a process's program with the same arguments. Pure."""
    for entry in entries:
        command = command_of_line(entry.line, executable)
        if command is not None and matches(command, executable, command_line):
            return entry
    return None


def read_run_entries() -> Iterator[RunEntry]:
    """Yield the entries of this user and of all users. Never raises."""
    if sys.platform == "win32":
        roots = {"HKCU": winreg.HKEY_CURRENT_USER, "HKLM": winreg.HKEY_LOCAL_MACHINE}
        for root, path in _KEYS:
            try:
                access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
                with winreg.OpenKeyEx(roots[root], path, 0, access) as key:
                    for number in range(min(winreg.QueryInfoKey(key)[1], _MOST_VALUES)):
                        name, value, _kind = winreg.EnumValue(key, number)
                        if isinstance(value, str):
                            yield RunEntry(name, value, f"{root}\\{path}")
            except OSError:
                continue  # There is none, or one value was removed meanwhile.
    yield from ()
