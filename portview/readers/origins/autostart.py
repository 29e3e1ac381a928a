"""Entries of the desktop's autostart: freedesktop.org's Autostart Specification.

An entry in the user's folder takes the place of the system's one with the same file name.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_BYTES = 64 * 1024
_MOST_ENTRIES = 500
_FIELD_CODE = re.compile(r"%[fFuUdDnNickvm]")
_ESCAPED = {"\\s": " ", "\\n": "\n", "\\t": "\t", "\\r": "\r", "\\\\": "\\"}


class AutostartEntry(NamedTuple):
    """An entry that is not switched off. ``words`` is what it runs."""

    name: str
    words: tuple[str, ...]
    source: str


def read_entry(text: str, source: str) -> AutostartEntry | None:
    """Return the entry of a file; None where it is hidden, or none. Pure."""
    values: dict[str, str] = {}
    group = ""
    for line in text.splitlines():
        entry = line.strip()
        if entry.startswith("["):
            group = entry
        elif group == "[Desktop Entry]" and not entry.startswith("#"):
            name, equals, value = entry.partition("=")
            if equals:
                values.setdefault(name.strip(), value.strip())
    is_off = values.get("Hidden") == "true" or values.get("X-GNOME-Autostart-enabled") == "false"
    run = re.sub(r"\\[sntr\\]", lambda found: _ESCAPED[found[0]], values.get("Exec", ""))
    try:
        words = [_FIELD_CODE.sub("", word) for word in shlex.split(run)]
    except ValueError:
        return None
    words = [word.replace("%%", "%") for word in words if word]
    if is_off or not words:
        return None
    return AutostartEntry(values.get("Name") or Path(source).stem, tuple(words), source)


def find_entry(
    entries: Iterable[AutostartEntry], executable: str, command_line: Sequence[str]
) -> AutostartEntry | None:
    """Return the entry that runs a process's program with the same arguments."""
    for entry in entries:
        first, *arguments = entry.words
        if list(command_line[1:]) != arguments:
            continue
        program = shutil.which(first)
        if first == command_line[0] or (program and os.path.realpath(program) == executable):
            return entry
    return None


def read_entries(home: str) -> tuple[AutostartEntry, ...]:
    """Return the entries for the user of a home folder. Never raises."""
    own = [Path(home, ".config", "autostart")] if home else []
    shared = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    folders = own + [Path(each, "autostart") for each in shared.split(":") if each.startswith("/")]
    found: dict[str, AutostartEntry | None] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.desktop"))[:_MOST_ENTRIES]:
            if path.name in found:
                continue
            try:
                with path.open("rb") as file:
                    text = file.read(_MOST_BYTES).decode("utf-8", "replace")
            except OSError:
                continue
            found[path.name] = read_entry(text, str(path))
    return tuple(entry for entry in found.values() if entry is not None)
