"""What is known about the owners of sockets, read once per process."""

from __future__ import annotations

import logging
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import psutil

from portview.domain.owners.process import FieldProblem, ProcessInfo, ProcessKey
from portview.readers.linux.process_image import linux_executable, process_image
from portview.readers.linux.program_name import program_name
from portview.readers.process_identity import process_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from portview.readers.linux.process_image import ProcessImage

logger = logging.getLogger(__name__)

_DELETED = " (deleted)"

_LOOKED_AT_AGAIN = 8
"""How many processes are checked in each turn for having started another program."""
_TITLE_SETTLES_MS = 30_000


class ProcessReader:
    """Describes processes, each once per ``ProcessKey`` and program.

    Belongs to one thread at a time. Every field is read on its own: a refused one is named in
    ``ProcessInfo.problems`` and the others are there.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self._known: dict[ProcessKey, ProcessInfo] = {}
        self._images: dict[ProcessKey, ProcessImage | None] = {}

    def describe(self, owners: Iterable[ProcessKey]) -> Mapping[ProcessKey, ProcessInfo]:
        """Return what is known about these processes and forget all others.

        The same mapping object comes back as long as nothing about the processes changed. A
        process that starts another program (exec) is another one within a few turns.
        """
        wanted = set(owners)
        has_changed = self._forget_changed_programs(wanted)
        if has_changed or wanted != self._known.keys():
            for key in self._images.keys() - wanted:
                del self._images[key]
            # The image is read before the process: if it changes in between, that is noticed.
            for key in wanted - self._images.keys():
                self._images[key] = process_image(key.pid)
            self._known = {key: self._known.get(key) or read_process(key) for key in wanted}
        return self._known

    def _forget_changed_programs(self, wanted: set[ProcessKey]) -> bool:
        """Look at the next few processes in turn, and forget those that run another program."""
        changed = [
            key
            for key in list(islice(self._images, _LOOKED_AT_AGAIN))
            if key in wanted and self._has_another_image(key)
        ]
        if changed:
            self._known = {key: info for key, info in self._known.items() if key not in changed}
        return bool(changed)

    def _has_another_image(self, key: ProcessKey) -> bool:
        image = self._images.pop(key)
        now = process_image(key.pid)
        # None is a process that is gone or can't be looked at: nothing better would be read.
        if now is None or (now == image and not self._has_another_title(key)):
            self._images[key] = image  # It comes to the end of the queue.
            return False
        return True

    def _has_another_title(self, key: ProcessKey) -> bool:
        """Return whether a young process wrote another title over its command line.

        A server that was forked has its parent's for a moment, a session that of the listener. An
        old one's is left alone: some count their clients there.
        """
        known = self._known.get(key)
        if known is None or time.time() * 1000 - key.started_ms > _TITLE_SETTLES_MS:
            return False
        try:
            return _command_line(psutil.Process(key.pid)) != known.command_line
        except psutil.Error:
            return False


def read_process(key: ProcessKey) -> ProcessInfo:
    """Read every field of a process, provided that the PID still means this process.

    Never raises: what can't be read is None and named in ``problems``.
    """
    try:
        process = psutil.Process(key.pid)
    except psutil.Error:
        return _gone(key)
    values: dict[str, Any] = {}
    problems: dict[str, FieldProblem] = {}
    with process.oneshot():
        for field, read in _FIELDS.items():
            try:
                values[field] = read(process)
            except (psutil.AccessDenied, PermissionError):
                problems[field] = FieldProblem.ACCESS_DENIED
            except psutil.NoSuchProcess:
                problems[field] = FieldProblem.PROCESS_GONE
            except (psutil.Error, OSError, KeyError, ValueError, RuntimeError) as error:
                logger.debug("could not read %s of PID %d: %r", field, key.pid, error)
                problems[field] = FieldProblem.UNAVAILABLE
    # Identity is checked last: had the PID passed on to another process meanwhile, every
    # field above could be that one's.
    if process_key(key.pid) != key:
        return _gone(key)
    executable: str = values.get("executable") or ""
    deleted = executable.endswith(_DELETED)
    if deleted:
        values["executable"] = executable.removesuffix(_DELETED)
    if sys.platform == "linux" and values.get("name"):
        values["name"] = program_name(
            values["name"], values.get("executable"), values.get("command_line")
        )
    return ProcessInfo(key=key, executable_deleted=deleted, problems=problems, **values)


def _gone(key: ProcessKey) -> ProcessInfo:
    return ProcessInfo(key, problems=dict.fromkeys(_FIELDS, FieldProblem.PROCESS_GONE))


def _executable(process: psutil.Process) -> str | None:
    if sys.platform == "linux":
        # psutil takes the mark of a deleted executable off.
        return linux_executable(process.pid)
    return process.exe() or None


def _command_line(process: psutil.Process) -> tuple[str, ...] | None:
    return tuple(process.cmdline()) or None


_FIELDS: dict[str, Callable[[psutil.Process], object]] = {
    "name": psutil.Process.name,
    "executable": _executable,
    "command_line": _command_line,
    "user": psutil.Process.username,
    "parent_pid": psutil.Process.ppid,
}
