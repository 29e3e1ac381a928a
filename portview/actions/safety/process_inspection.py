"""Look at the machine before and after an action: who holds what, and what that is."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from portview.actions.safety.process_facts import (
    CloseMethod,
    ProcessFacts,
    SelfContext,
    ServiceFacts,
)
from portview.actions.safety.systemd_unit import Unit, is_the_service, unit_of_cgroups
from portview.actions.services.service_control import open_service_control
from portview.domain.errors import PortViewError
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.process_tree import ancestors_of, descendants_of, parent_of
from portview.readers.choose import open_reader
from portview.readers.execution import read_execution
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process
from portview.readers.running_processes import running_processes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portview.domain.owners.attribution import RunningProcess
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow

logger = logging.getLogger(__name__)

_KERNEL_THREAD_DAEMON = 2
"""kthreadd, under which every other thread of the Linux kernel runs."""
_PF_KTHREAD = 0x00200000
"""linux/sched.h"""
_STAT_TERMINAL, _STAT_FLAGS = 4, 6
"""Fields 7 and 9 of proc_pid_stat(5), counted behind the command's closing bracket."""


def read_rows() -> tuple[SocketRow, ...]:
    """List all sockets anew. A fresh reader looks at every process, however many there are."""
    reader = open_reader()
    try:
        return reader.read().rows
    finally:
        reader.close()


class ProcessInspector:
    """One look at the running processes, from which facts about some of them are told.

    Belongs to one thread.
    """

    def __init__(self) -> None:
        """List the processes."""
        self._processes: Mapping[int, RunningProcess] = running_processes()

    def standpoint(self) -> SelfContext:
        """Tell which process PortView is and what it runs under."""
        own = process_key(os.getpid())
        return SelfContext(
            own if isinstance(own, ProcessKey) else ProcessKey(os.getpid(), 0),
            frozenset(ancestors_of(self._processes, os.getpid())),
            sys.platform,
            os.environ.get("SYSTEMROOT", "") if sys.platform == "win32" else "",
        )

    def facts(self, keys: Iterable[ProcessKey]) -> dict[ProcessKey, ProcessFacts]:
        """Read the facts about these processes."""
        return {key: self.facts_of(key) for key in keys}

    def facts_of(self, key: ProcessKey) -> ProcessFacts:
        """Read the facts about one process."""
        info = read_process(key)
        parent = self.parent(key)
        if sys.platform == "win32":
            return self._windows_facts(info, parent)
        services: tuple[ServiceFacts, ...] = ()
        unit: str | None = None
        is_kernel_thread = False
        if sys.platform == "linux":
            terminal, flags = _stat_numbers(key.pid)
            is_kernel_thread = bool(flags & _PF_KTHREAD) or key.pid == _KERNEL_THREAD_DAEMON
            services, unit = _linux_services(key.pid, terminal)
        return ProcessFacts(
            info,
            parent,
            is_kernel_thread,
            services=services,
            unit=unit,
            working_directory=working_directory(key.pid),
            execution=read_execution(key.pid),
        )

    def parent(self, key: ProcessKey) -> ProcessInfo | None:
        """Describe the living parent of a process; None if it has none."""
        parent = parent_of(self._processes, key.pid)
        return read_process(parent) if parent else None

    def tree(self, key: ProcessKey) -> tuple[ProcessFacts, ...]:
        """Read the facts about everything that runs under a process, deepest first."""
        return tuple(self.facts_of(child) for child in descendants_of(self._processes, key.pid))

    def _windows_facts(self, info: ProcessInfo, parent: ProcessInfo | None) -> ProcessFacts:
        from portview.actions.processes.windows import close_method_of, is_critical  # noqa: PLC0415
        from portview.actions.services.windows import services_in  # noqa: PLC0415

        execution = read_execution(info.pid)
        return ProcessFacts(
            info,
            parent,
            is_critical=is_critical(info.pid),
            # What stands still takes no message.
            asking=CloseMethod.NONE if execution.is_suspended else close_method_of(info.pid),
            services=services_in(info.pid),
            working_directory=working_directory(info.pid),
            execution=execution,
        )


def working_directory(pid: int) -> str | None:
    """Return the current directory of a process, None where it can't be read."""
    try:
        return psutil.Process(pid).cwd() or None
    except (psutil.Error, OSError):
        return None


def _stat_numbers(pid: int) -> tuple[int, int]:
    """Return the controlling terminal and the kernel's flags of a process; zeros if unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        fields = stat[stat.rindex(b")") + 2 :].split()
        return int(fields[_STAT_TERMINAL]), int(fields[_STAT_FLAGS])
    except (OSError, ValueError, IndexError):
        return 0, 0


def linux_unit(pid: int) -> Unit | None:
    """Return the systemd service in whose control group a process is."""
    try:
        return unit_of_cgroups(Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace"))
    except OSError:
        return None


def _linux_services(pid: int, terminal: int) -> tuple[tuple[ServiceFacts, ...], str | None]:
    """Return the service that a process is, and the name of the one it lives in."""
    unit = linux_unit(pid)
    if unit is None or (unit.user_id is not None and unit.user_id != os.geteuid()):
        return (), unit.name if unit else None
    try:
        control = open_service_control(of_user=unit.user_id is not None)
        service = control.describe(unit.name)
    except PortViewError as error:
        logger.info("no service for PID %d: %s", pid, error.message)
        return (), unit.name
    main = service.service.pid
    main_terminal = _stat_numbers(main)[0] if main else None
    if is_the_service(terminal=terminal, main_terminal=main_terminal):
        return (service,), unit.name
    return (), unit.name
