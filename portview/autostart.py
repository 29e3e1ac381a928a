"""Start PortView when the person logs in, and no longer: only ever for this user."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from portview.actions.own_command import own_command
from portview.domain.errors import PortViewError
from portview.files import write_whole
from portview.i18n import _
from portview.private_files import check_folder, make_folder, read_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKGROUND_OPTION = "--background"
"""Makes the window start in the tray or minimised."""

RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED_KEY = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
_VALUE = "PortView"
_RESERVED = re.compile(r'[\s"\'\\><~|&;$*?#()`]')


class Autostart(Protocol):
    """Whether PortView starts at log-in."""

    def is_on(self) -> bool:
        """Return whether this very PortView starts at log-in."""

    def set_on(self, is_on: bool) -> None:  # noqa: FBT001 - Qt's form of a setter
        """Let it start at log-in or not. Raises PortViewError."""


def open_autostart() -> Autostart | None:
    """Return this system's way; None where PortView knows none."""
    command = (*own_command(), BACKGROUND_OPTION)
    if sys.platform == "win32":
        return RunKeyAutostart(command)
    if sys.platform == "linux":
        base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        return DesktopEntryAutostart(command, Path(base, "autostart", "portview.desktop"))
    return None


class RunKeyAutostart:
    """A value of the Run key of this user, which the Task Manager can switch off (Windows).

    The Task Manager keeps its word in a key of its own: a binary value whose first byte is odd
    where the start is switched off. That is how it is observed; it is not documented.
    """

    def __init__(
        self,
        command: Sequence[str],
        run_key: str = RUN_KEY,
        approved_key: str = APPROVED_KEY,
        *,
        value: str = _VALUE,
    ) -> None:
        program, *rest = command
        # Always in quotes: without them Windows would look for C:\Program.exe as well.
        self._line = f'"{program}" {subprocess.list2cmdline(rest)}'
        self._run_key = run_key
        self._approved_key = approved_key
        self._value = value

    def definition(self) -> str:
        """Return the key, the value's name and what it holds."""
        return f"HKEY_CURRENT_USER\\{self._run_key}\n{self._value} = {self._line}"

    def is_on(self) -> bool:
        """Return whether the key starts this program and nobody has switched that off."""
        word = self._read(self._approved_key)
        is_switched_off = isinstance(word, bytes) and bool(word) and word[0] % 2 == 1
        return self._read(self._run_key) == self._line and not is_switched_off

    def set_on(self, is_on: bool) -> None:  # noqa: FBT001
        """Write or delete the value. Another PortView's value is only ever replaced."""
        registry = _winreg()
        try:
            if is_on:
                self._delete(self._approved_key)
                with registry.CreateKey(registry.HKEY_CURRENT_USER, self._run_key) as key:
                    registry.SetValueEx(key, self._value, 0, registry.REG_SZ, self._line)
            elif self._read(self._run_key) == self._line:
                self._delete(self._run_key)
                self._delete(self._approved_key)
        except OSError as error:
            raise _refused(error) from error

    def _read(self, path: str) -> object:
        registry = _winreg()
        try:
            with registry.OpenKey(registry.HKEY_CURRENT_USER, path) as key:
                return registry.QueryValueEx(key, self._value)[0]
        except OSError:
            return None

    def _delete(self, path: str) -> None:
        registry = _winreg()
        with (
            contextlib.suppress(FileNotFoundError),
            registry.OpenKey(registry.HKEY_CURRENT_USER, path, 0, registry.KEY_SET_VALUE) as key,
        ):
            registry.DeleteValue(key, self._value)


class DesktopEntryAutostart:
    """A file that desktops start at log-in (Desktop Application Autostart Specification)."""

    def __init__(self, command: Sequence[str], file: Path) -> None:
        line = " ".join(_quoted(word) for word in command)
        self._content = (
            "[Desktop Entry]\nType=Application\nName=PortView\n"  # untranslated: a file
            f"Exec={line}\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
        )
        self._file = file

    def definition(self) -> str:
        """Return the file's path as a comment, and its content."""
        return f"# {self._file}\n{self._content}"

    def is_on(self) -> bool:
        """Return whether the file is as written; a desktop that changes it switches it off."""
        try:
            return read_whole(self._file).decode("utf-8") == self._content
        except (OSError, ValueError):
            return False

    def set_on(self, is_on: bool) -> None:  # noqa: FBT001
        """Write or delete the file."""
        try:
            if is_on:
                make_folder(self._file.parent)
                write_whole(self._file, self._content.encode("utf-8", "surrogateescape"))
            else:
                check_folder(self._file.parent)
                self._file.unlink(missing_ok=True)
        except OSError as error:
            raise _refused(error) from error


def _quoted(word: str) -> str:
    """Quote a word of an Exec line (Desktop Entry Specification)."""
    if _RESERVED.search(word) or not word:
        word = '"' + re.sub(r'(["`$\\])', r"\\\1", word) + '"'
    # Then as any string of the file, and with no field codes in it.
    return word.replace("\\", "\\\\").replace("\n", "\\n").replace("%", "%%")


def _refused(error: OSError) -> PortViewError:
    return PortViewError(
        "autostart_not_changed",
        _("Starting at log-in could not be changed: {value}.").format(
            value=error.strerror or error
        ),
        _("Nothing else was changed."),
    )


def _winreg() -> Any:
    # Type checkers on other systems know the module as an empty one.
    return importlib.import_module("winreg")
