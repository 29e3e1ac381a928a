"""Look at the machine before and after an action: who holds what, and what that is."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import psutil

from portview.actions.inspection.evidence import Evidence
from portview.actions.safety.process_facts import (
    CloseMethod,
    ProcessFacts,
    SelfContext,
    ServiceFacts,
)
from portview.actions.safety.systemd_unit import Unit, is_the_service, unit_of_cgroups
from portview.actions.service_control.choose import open_service_control
from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import ABSENT, Absent, Fact, Known, Remedy, Unreadable
from portview.domain.owners.container import container_of_cgroups
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.process_tree import (
    ancestors_of,
    parent_of,
    possible_ancestors_of,
    trees_of,
)
from portview.i18n import _, without_full_stop
from portview.readers.choose import open_reader
from portview.readers.elevation import unreadable_here
from portview.readers.execution import read_execution
from portview.readers.linux.proc_mount import own_number
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process
from portview.readers.running_processes import running_processes
from portview.readers.running_program import read_program
from portview.readers.windows.system_programs import windows_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from portview.domain.owners.attribution import RunningProcess
    from portview.domain.owners.container import Container
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow

logger = logging.getLogger(__name__)

_MOST_CONSOLES = 8
"""How many processes of Windows are looked at for a way to ask them, one after the other."""
_PF_KTHREAD = 0x00200000
"""linux/sched.h"""
_MOST_RECOGNISED = 8
"""Processes of a plan whose programs are recognised; more are not looked at one by one."""
_STAT_TERMINAL, _STAT_FLAGS = 4, 6
"""Fields 7 and 9 of proc_pid_stat(5), counted behind the command's closing bracket."""


def read_rows() -> tuple[SocketRow, ...]:
    """List all sockets again. A fresh reader looks at every process, however many there are."""
    reader = open_reader()
    try:
        return reader.read_settled().rows
    finally:
        reader.close()


class ProcessInspector:
    """One look at the running processes, from which facts about some of them are reported.

    Belongs to one thread.
    """

    def __init__(self, *, for_showing: bool = False) -> None:
        """List the processes. With ``for_showing`` programs are recognised as well.

        That reads files of the processes' folders: a decision needs none of it, and an elevated
        process must not.
        """
        self._for_showing = for_showing
        self._shown_left = _MOST_RECOGNISED
        self._processes: Mapping[int, RunningProcess] = running_processes()
        self._evidence = Evidence(self._processes)
        self._looks_left = _MOST_CONSOLES
        self._facts: dict[ProcessKey, ProcessFacts] = {}

    def standpoint(self) -> SelfContext:
        """Return which process PortView is and what it runs under."""
        own = process_key(os.getpid())
        return SelfContext(
            own if isinstance(own, ProcessKey) else ProcessKey(os.getpid(), 0),
            frozenset(ancestors_of(self._processes, os.getpid())),
            sys.platform,
            str(windows_folder()) if sys.platform == "win32" else "",
            self._evidence.session_units(),
            self._evidence.is_remote(),
            linux_container(os.getpid()) if sys.platform == "linux" else None,
            own_number=own_number() if sys.platform == "linux" else ABSENT,
            possible_ancestors=possible_ancestors_of(self._processes, os.getpid()),
        )

    def facts(self, keys: Iterable[ProcessKey]) -> dict[ProcessKey, ProcessFacts]:
        """Read the facts about these processes."""
        return {key: self.facts_of(key) for key in keys}

    def facts_of(self, key: ProcessKey) -> ProcessFacts:
        """Read the facts about one process, once in this reading."""
        facts = self._facts.get(key)
        if facts is None:
            facts = self._facts[key] = self._evidence.complete(self._facts_of(key))
        return facts

    def _identified(self, info: ProcessInfo) -> ProcessInfo:
        """Return a process with what its program is to a person; some of many processes only."""
        if not self._for_showing or self._shown_left <= 0:
            return info
        self._shown_left -= 1
        # Loaded with the first plan.
        from portview.readers.recognition.identities import identify  # noqa: PLC0415

        return identify({info.key: info}, running=self._processes)[info.key]

    def _facts_of(self, key: ProcessKey) -> ProcessFacts:
        info = self._identified(read_process(key))
        parent = self.parent(key)
        if sys.platform == "win32":
            return self._windows_facts(info, parent)
        services: Fact[tuple[ServiceFacts, ...]] = Absent()
        unit: Fact[str] = Absent()
        is_kernel_thread = False
        container: Container | None = None
        if sys.platform == "linux":
            terminal, flags = _stat_numbers(key.pid)
            # Not by its PID or its parent's: in a PID namespace 2 is an ordinary program.
            is_kernel_thread = bool(flags & _PF_KTHREAD)
            services, unit = _linux_services(key.pid, terminal)
            container = linux_container(key.pid)
        return ProcessFacts(
            info,
            parent,
            is_kernel_thread,
            services=services,
            unit=unit,
            working_directory=working_directory(key.pid),
            execution=read_execution(key.pid),
            program=read_program(key),
            container=container,
        )

    def parent(self, key: ProcessKey) -> Fact[ProcessInfo]:
        """Describe the living parent of a process; absent if it has none."""
        if key.pid not in self._processes:
            return Unreadable(
                _("PID {pid} is not in the list of processes").format(pid=key.pid), Remedy.RETRY
            )
        parent = parent_of(self._processes, key.pid)
        return Known(read_process(parent)) if parent else Absent()

    def tree(self, key: ProcessKey) -> tuple[ProcessFacts, ...]:
        """Read the facts about everything that runs under a process, deepest first."""
        return self.trees([key])[key]

    def trees(self, keys: Iterable[ProcessKey]) -> dict[ProcessKey, tuple[ProcessFacts, ...]]:
        """Read the facts about what runs under each of some processes, deepest first.

        What runs under two of them is listed under the nearer one only.
        """
        by_pid = {key.pid: key for key in keys}
        found = trees_of(self._processes, by_pid.keys())
        return {
            by_pid[pid]: tuple(self.facts_of(child) for child in tree)
            for pid, tree in found.items()
        }

    def _windows_facts(self, info: ProcessInfo, parent: Fact[ProcessInfo]) -> ProcessFacts:
        from portview.actions.process_handles.windows import close_method_of, is_critical  # noqa: PLC0415
        from portview.actions.service_control.windows import services_in  # noqa: PLC0415

        execution, services = read_execution(info.pid), services_in(info.pid)
        asking, why_not = CloseMethod.NONE, ""
        # What is suspended takes no message, and a service is asked by its manager.
        if not execution.is_suspended and isinstance(services, Absent):
            asking, why_not = self._close_method(info.pid, close_method_of)
        return ProcessFacts(
            info,
            parent,
            is_critical=is_critical(info.pid),
            asking=asking,
            why_not_asked=why_not,
            services=services,
            working_directory=working_directory(info.pid),
            execution=execution,
            program=read_program(info.key),
        )

    def _close_method(
        self, pid: int, ask: Callable[[int], tuple[CloseMethod, str]]
    ) -> tuple[CloseMethod, str]:
        """Look how a process can be asked; not of hundreds, for each reading starts a process."""
        if self._looks_left == 0:
            return CloseMethod.NONE, _("Whether it can be asked to close was not checked.")
        self._looks_left -= 1
        return ask(pid)


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


def linux_container(pid: int) -> Container | None:
    """Return the container in whose control group a process is, named where its engine answers."""
    try:
        text = Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace")
    except OSError:
        return None
    container = container_of_cgroups(text)
    if container is None:
        return None
    # Engines are asked only where there is a container.
    from portview.readers.containers.directory import ContainerDirectory  # noqa: PLC0415

    return ContainerDirectory().by_id(container)


def linux_unit(pid: int) -> Fact[Unit]:
    """Return the systemd service in whose control group a process is."""
    try:
        unit = unit_of_cgroups(Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace"))
    except (FileNotFoundError, ProcessLookupError):
        # A kernel without control groups has no units; neither has a process that has ended.
        return Absent()
    except OSError as error:
        return unreadable_here(
            _("/proc/{pid}/cgroup: {strerror}").format(pid=pid, strerror=error.strerror), error
        )
    return Absent() if unit is None else Known(unit)


_Services: TypeAlias = "Fact[tuple[ServiceFacts, ...]]"

_NOBODY_MANAGES_IT = frozenset({"no_service_manager", "no_such_service"})
"""Where systemd does not run here, or does not know the unit: nobody here would restart it."""


def _linux_services(pid: int, terminal: int) -> tuple[_Services, Fact[str]]:
    """Return the service that a process is, and the name of the one it runs in."""
    match linux_unit(pid):
        case Known(unit):
            return _services_of_unit(unit, terminal), Known(unit.name)
        case Unreadable() as unreadable:
            return unreadable, unreadable
        case Absent() as absent:
            return absent, absent


def _services_of_unit(unit: Unit, terminal: int) -> _Services:
    from portview.actions.service_control.systemd import systemd_runs  # noqa: PLC0415 - Linux only

    of_user = unit.user_id is not None
    if of_user and unit.user_id != os.geteuid() and systemd_runs():
        return Unreadable(
            _("{unit_name} belongs to the service manager of another user (UID {user_id})").format(
                unit_name=unit.name, user_id=unit.user_id
            ),
            Remedy.CAPABILITY,
        )
    try:
        service = open_service_control(of_user=of_user).describe(unit.name)
    except PortViewError as error:
        if error.code in _NOBODY_MANAGES_IT:
            return Absent()
        reason = without_full_stop(error.message)
        logger.info("the service %s can't be read: %s", unit.name, reason)
        is_denied = error.outcome is Outcome.NEEDS_ADMIN
        return Unreadable(reason, Remedy.ADMINISTRATOR if is_denied else Remedy.TOOL)
    main = service.service.pid
    main_terminal = _stat_numbers(main)[0] if main else None
    if is_the_service(terminal=terminal, main_terminal=main_terminal):
        return Known((service,))
    return Absent()
