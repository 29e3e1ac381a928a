"""What is known about the owners of sockets, read once per process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import psutil

from portview.domain.processes import FieldProblem, ProcessInfo, ProcessKey
from portview.readers.process_identity import process_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

logger = logging.getLogger(__name__)

_DELETED = " (deleted)"


class ProcessReader:
    """Describes processes, each once per ``ProcessKey``.

    Belongs to one thread at a time. Every field is read on its own: a refused one is named in
    ``ProcessInfo.problems`` and the others are there.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self._known: dict[ProcessKey, ProcessInfo] = {}

    def describe(self, owners: Iterable[ProcessKey]) -> Mapping[ProcessKey, ProcessInfo]:
        """Return what is known about these processes and forget all others.

        The same mapping object comes back as long as the set of processes stays the same.
        """
        wanted = set(owners)
        if wanted != self._known.keys():
            self._known = {key: self._known.get(key) or read_process(key) for key in wanted}
        return self._known


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
            except psutil.AccessDenied:
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
    return ProcessInfo(key=key, executable_deleted=deleted, problems=problems, **values)


def _gone(key: ProcessKey) -> ProcessInfo:
    return ProcessInfo(key, problems=dict.fromkeys(_FIELDS, FieldProblem.PROCESS_GONE))


def _executable(process: psutil.Process) -> str | None:
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
