"""The question "which services run in this process?", and who answers it where."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from portview.domain.facts import Absent, Fact, Known, Unreadable
from portview.domain.owners.attribution import CLOCK_STEP_MS
from portview.i18n import _
from portview.readers.elevation import unreadable_here
from portview.readers.windows.advapi32 import ServiceManager

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessKey
    from portview.domain.owners.service import Service

logger = logging.getLogger(__name__)


class ServiceReader(Protocol):
    """A way of finding services. It belongs to one thread at a time."""

    def names_of(self, process: ProcessKey) -> Fact[tuple[str, ...]]:
        """Return the names of the services that run in a process, sorted; absent for none.

        Costs one small read of /proc on Linux. On Windows it is a reading into a table, which is
        read again only for a process that began after it was read.
        """
        ...

    def display_name(self, name: str) -> str:
        """Return what people read for a service's name; the name itself where there is no other."""
        ...


class Manager(Protocol):
    """What ``WindowsServices`` needs of ``ServiceManager``."""

    def services(self) -> list[Service]:
        """List all services. Raises OSError."""
        ...

    def name_of_tag(self, pid: int, tag: int) -> str | None:
        """Return the service whose thread has this tag in a process, if it can be determined."""
        ...


class WindowsServices:
    """Services as the service control manager lists them; the list is remembered."""

    def __init__(self, manager: Manager | None = None) -> None:
        """Load the libraries. Raises OSError on other systems."""
        self._manager = manager or ServiceManager()
        self._read_at_ms = 0
        self._by_name: dict[str, Service] = {}
        self._by_pid: dict[int, tuple[str, ...]] = {}
        self._names_by_tag: dict[tuple[int, int], str | None] = {}
        self._problem: Unreadable | None = None

    def names_of(self, process: ProcessKey) -> Fact[tuple[str, ...]]:
        """Return the names of the services that run in a process."""
        if process.started_ms + CLOCK_STEP_MS >= self._read_at_ms:
            self._read()
        if self._problem is not None:
            return self._problem
        names = self._by_pid.get(process.pid)
        return Known(names) if names else Absent()

    def names_of_tag(self, process: ProcessKey, tag: int) -> Fact[tuple[str, ...]]:
        """Return the one service whose thread opened a socket, or all of its process.

        ``tag`` is what the socket's row names, 0 for none. One svchost.exe may host many services,
        and only the tag distinguishes them.
        """
        names = self.names_of(process)
        if not tag or not isinstance(names, Known):
            return names
        where = (process.pid, tag)
        if where not in self._names_by_tag:
            self._names_by_tag[where] = self._manager.name_of_tag(*where)
        name = self._names_by_tag[where]
        return names if name is None else Known((name,))

    def display_name(self, name: str) -> str:
        """Return what people read for a service's name."""
        if not self._read_at_ms:
            self._read()
        service = self._by_name.get(name)
        return service.display_name if service else name

    def _read(self) -> None:
        self._read_at_ms = time.time_ns() // 1_000_000
        self._names_by_tag.clear()
        try:
            services = self._manager.services()
        except OSError as error:
            logger.warning("could not list the services: %s", error)
            self._problem = unreadable_here(
                _("the services can't be listed ({value})").format(value=error.strerror or error),
                error,
            )
            return
        self._problem = None
        by_pid: dict[int, list[str]] = {}
        for service in services:
            if service.pid is not None:
                by_pid.setdefault(service.pid, []).append(service.name)
        self._by_name = {service.name: service for service in services}
        self._by_pid = {pid: tuple(sorted(names)) for pid, names in by_pid.items()}


class SystemdServices:
    """Services as systemd sorts processes into control groups. No subprocess, no bus."""

    def names_of(self, process: ProcessKey) -> Fact[tuple[str, ...]]:
        """Return the unit that a process belongs to."""
        path = Path(f"/proc/{process.pid}/cgroup")
        try:
            text = path.read_text("utf-8", "replace")
        except (FileNotFoundError, ProcessLookupError):
            return Absent()
        except OSError as error:
            return unreadable_here(f"{path}: {error.strerror or error}", error)
        units = units_of_cgroups(text)
        return Known(units) if units else Absent()

    def display_name(self, name: str) -> str:
        """Return the name: a unit's description is known to systemd only."""
        return name


class NoServices:
    """Stands in where the services can't be asked for; ``problem`` says why."""

    def __init__(self, problem: Unreadable | None = None) -> None:
        """Store the reason; None for a system whose services PortView does not know."""
        self._problem = problem or Unreadable(_("PortView knows no service manager of this system"))

    def names_of(self, process: ProcessKey) -> Fact[tuple[str, ...]]:
        """Return the reason."""
        del process
        return self._problem

    def display_name(self, name: str) -> str:
        """Return the name."""
        return name


def units_of_cgroups(text: str) -> tuple[str, ...]:
    """Return the systemd services that /proc/PID/cgroup names, the innermost of each hierarchy.

    ``text`` has lines of ``ID:CONTROLLERS:PATH`` (cgroups(7)). A program that a person started
    from the desktop or a shell sits in a scope, which is no service; the instance of systemd that
    runs a person's session (user@1000.service) is none of its own either.
    """
    units: set[str] = set()
    for line in text.splitlines():
        path = line.split(":", 2)[-1]
        inner = [part for part in path.split("/") if part.endswith((".service", ".scope"))]
        if inner and inner[-1].endswith(".service") and not inner[-1].startswith("user@"):
            units.add(inner[-1])
    return tuple(sorted(units))


def open_services() -> ServiceReader:
    """Return the reader of this system's services."""
    if sys.platform == "win32":
        return WindowsServices()
    return SystemdServices() if sys.platform == "linux" else NoServices()
