"""Where a process comes from, which services it runs and what it uses at the moment."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil

from portview.domain.facts import Fact, Known
from portview.domain.owners.attribution import CLOCK_STEP_MS
from portview.domain.owners.process import Execution, FieldProblem, ProcessInfo, ProcessKey
from portview.domain.owners.process_details import (
    ChainEnd,
    NamedService,
    OwnerDetails,
    OwnerQuestion,
    ParentChain,
    ProcessUsage,
)
from portview.readers.elevation import unreadable_here
from portview.readers.execution import read_execution
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process
from portview.readers.services import NoServices, open_services

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.readers.services import ServiceReader

logger = logging.getLogger(__name__)

T = TypeVar("T")

LONGEST_CHAIN = 64
"""More parents than this are not followed: a chain this long has something wrong with it."""


class OwnerDetailsReader:
    """Answers what a person wants to know of one owner. Belongs to one thread at a time.

    What does not change while a process runs is read once and kept until another one is asked
    for; a question that is asked again costs three small reads.
    """

    def __init__(self, open_service_reader: Callable[[], ServiceReader] = open_services) -> None:
        """Open nothing yet: the service manager is asked when the first question comes."""
        self._open_services = open_service_reader
        self._services: ServiceReader | None = None
        self._last: OwnerDetails | None = None

    def read(self, question: OwnerQuestion) -> OwnerDetails:
        """Describe an owner. Never raises; what can't be read is left out or named."""
        last = self._last
        if last is None or last.question != question:
            last = self._last = self._read_lasting(question)
        owner = question.owner
        if owner is None or process_key(owner.pid) != owner:
            return OwnerDetails(
                question, chain=last.chain, services=last.services, holders=last.holders
            )
        execution = read_execution(owner.pid)
        # Checks last that the PID is still the owner's, for both.
        usage = read_usage(owner)
        if usage is None:
            execution = Execution.UNKNOWN
        return OwnerDetails(
            question,
            usage is not None,
            last.chain,
            last.services,
            usage,
            execution=execution,
        )

    def _read_lasting(self, question: OwnerQuestion) -> OwnerDetails:
        if question.owner is None:
            holders = tuple(read_process(key) for key in question.likely_holders)
            return OwnerDetails(question, holders=holders)
        chain = read_parents(question.owner)
        return OwnerDetails(question, chain=chain, services=self._services_of(question.owner))

    def _services_of(self, owner: ProcessKey) -> Fact[tuple[NamedService, ...]]:
        if self._services is None:
            try:
                self._services = self._open_services()
            except OSError as error:
                logger.warning("the services can't be asked for: %s", error)
                self._services = NoServices(unreadable_here(str(error.strerror or error), error))
        services = self._services
        names = services.names_of(owner)
        if not isinstance(names, Known):
            return names
        return Known(tuple(NamedService(n, services.display_name(n)) for n in names.value))


def read_parents(key: ProcessKey) -> ParentChain:
    """Follow the parents of a process as far as they can be determined. Any thread.

    A PID that a process names as its parent counts only if the process that has it now is not
    younger than the child: Windows keeps naming a parent that has ended, and gives its PID away.
    """
    parents: list[ProcessInfo] = []
    child = read_process(key)
    while len(parents) < LONGEST_CHAIN:
        pid = child.parent_pid
        if pid is None:
            return ParentChain(tuple(parents), _end_without_parent(child, is_owner=not parents))
        # PID 0 is no process that could be described: the kernel, or beyond the PID namespace.
        if pid in {0, child.pid}:
            return ParentChain(tuple(parents), ChainEnd.FIRST)
        parent = process_key(pid)
        if not isinstance(parent, ProcessKey):
            is_gone = parent is FieldProblem.PROCESS_GONE
            end = ChainEnd.PARENT_GONE if is_gone else ChainEnd.UNREADABLE
            return ParentChain(tuple(parents), end, pid)
        if parent.started_ms > child.key.started_ms + CLOCK_STEP_MS:
            return ParentChain(tuple(parents), ChainEnd.PARENT_GONE, pid)
        child = read_process(parent)
        parents.append(child)
    return ParentChain(tuple(parents), ChainEnd.TOO_LONG, child.parent_pid)


def _end_without_parent(child: ProcessInfo, *, is_owner: bool) -> ChainEnd:
    problem = child.problems.get("parent_pid")
    if problem is FieldProblem.PROCESS_GONE:
        return ChainEnd.OWNER_GONE if is_owner else ChainEnd.PARENT_GONE
    return ChainEnd.UNREADABLE if problem else ChainEnd.FIRST


def read_usage(key: ProcessKey) -> ProcessUsage | None:
    """Return what a process uses, None where it is not running any more. Any thread."""
    try:
        process = psutil.Process(key.pid)
    except psutil.Error:
        return None
    at_ms = time.monotonic() * 1000
    times = _reading(process.cpu_times)
    memory = _reading(process.memory_info)
    # Checked last: had the PID passed on meanwhile, the figures could be another process's.
    if process_key(key.pid) != key:
        return None
    return ProcessUsage(
        processor_ms=None if times is None else (times.user + times.system) * 1000,
        memory_bytes=None if memory is None else memory.rss,
        at_ms=at_ms,
    )


def read_terminal(pid: int) -> str | None:
    """Return the terminal that controls a process ("/dev/pts/3"), None where it has none.

    Windows has no controlling terminals. Any thread.
    """
    try:
        if sys.platform == "linux":
            # psutil lists the terminals once, and knows none that came later.
            return _linux_terminal(pid)
        terminal = getattr(psutil.Process(pid), "terminal", None)
        return (terminal() or None) if terminal is not None else None
    except (psutil.Error, OSError, ValueError, IndexError):
        return None


_PTS_MAJORS = range(136, 144)


def _linux_terminal(pid: int) -> str | None:
    """Return the device that tty_nr of /proc/PID/stat names (proc_pid_stat(5))."""
    stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    device = int(stat.rpartition(")")[2].split()[_TTY_NR]) & 0xFFFFFFFF
    if not device:
        return None
    # As the kernel packs it (new_encode_dev): twelve bits of the major, twenty of the minor.
    major, minor = (device >> 8) & 0xFFF, (device & 0xFF) | ((device >> 12) & 0xFFF00)
    if major in _PTS_MAJORS:
        return f"/dev/pts/{(major - _PTS_MAJORS[0]) * 256 + minor}"
    link = Path(f"/sys/dev/char/{major}:{minor}").readlink()
    return f"/dev/{link.name}"


_TTY_NR = 4


def _reading(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (psutil.Error, OSError, RuntimeError) as error:
        logger.debug("a process's usage could not be read: %r", error)
        return None
