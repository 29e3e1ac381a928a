r"""Scheduled tasks of Windows, as the Task Scheduler keeps them: XML below System32\Tasks.

The format is the Task Scheduler Schema ([MS-TSCH] 2.5, "XML Task Definition Language"). Files that
this user may not read are left out. Only the task's name and triggers are handed on.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from portview.readers.origins.windows_commands import WindowsCommand, command_of, matches
from portview.readers.windows.system_programs import system_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

logger = logging.getLogger(__name__)

_NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
_MOST_BYTES = 256 * 1024
_MOST_TASKS = 2000
_MOST_ACTIONS = 32


class ScheduledTask(NamedTuple):
    r"""A task that is switched on: its path ("\Shop\Nightly"), triggers and programs."""

    path: str
    triggers: tuple[str, ...]
    commands: tuple[WindowsCommand, ...]


def read_task(content: bytes, path: str) -> ScheduledTask | None:
    """Return the task of a file; None where it is switched off, or no task. Pure."""
    # A task needs no document type, whose entities could be made to grow.
    if b"<!DOCTYPE" in content.replace(b"\0", b""):
        return None
    try:
        root = ET.fromstring(content)  # noqa: S314 - see above
    except (ET.ParseError, ValueError, LookupError):
        return None
    if root.tag != f"{_NAMESPACE}Task":
        return None
    if _text(root, "Settings", "Enabled").lower() in {"false", "0"}:
        return None
    triggers = [
        each.tag.removeprefix(_NAMESPACE)
        for each in root.iterfind(f"{_NAMESPACE}Triggers/*")
        if _text(each, "Enabled").lower() not in {"false", "0"}
    ]
    commands = [
        command_of(_text(action, "Command"), _text(action, "Arguments"))
        for action in list(root.iterfind(f"{_NAMESPACE}Actions/{_NAMESPACE}Exec"))[:_MOST_ACTIONS]
    ]
    return ScheduledTask(path, tuple(dict.fromkeys(triggers)), tuple(filter(None, commands)))


def _text(element: ET.Element, *names: str) -> str:
    return (element.findtext("/".join(f"{_NAMESPACE}{name}" for name in names)) or "").strip()


def find_task(
    tasks: Iterable[ScheduledTask], executable: str, command_line: Sequence[str]
) -> ScheduledTask | None:
    """Return the task that runs a process's program with the same arguments. Pure."""
    for task in tasks:
        if any(matches(command, executable, command_line) for command in task.commands):
            return task
    return None


def read_tasks_of_system() -> tuple[ScheduledTask, ...]:
    """Return the tasks of this Windows that may be read. Never raises."""
    try:
        folder = system_folder() / "Tasks"
    except OSError as error:
        logger.warning("scheduled tasks can't be read: %r", error)
        return ()
    return tuple(read_tasks(folder))


def read_tasks(folder: Path) -> Iterator[ScheduledTask]:
    """Yield the tasks below the Task Scheduler's folder that may be read. Never raises."""
    left = _MOST_TASKS
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            left -= 1
            if left < 0:
                return
            path = Path(place, name)
            try:
                with path.open("rb") as file:
                    content = file.read(_MOST_BYTES)
            except OSError:
                continue
            inside = str(path.relative_to(folder)).replace("/", "\\")
            if task := read_task(content, f"\\{inside}"):
                yield task
