"""What must be known about a process, or a service, before it may be stopped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.facts import ABSENT, NOT_READ, Fact, Known, known_or
from portview.domain.owners.process import Execution
from portview.domain.owners.program import PROGRAM_NOT_READ, RunningProgram

if TYPE_CHECKING:
    from portview.domain.owners.blockage import Blockage
    from portview.domain.owners.container import Container
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.owners.process_rights import ProcessRights
    from portview.domain.owners.restarters import Restarter
    from portview.domain.owners.service import RecoveryAction, Service
    from portview.domain.owners.session_ties import SessionTie


class CloseMethod(StrEnum):
    """How a process can be asked to close by itself.

    SIGNAL is SIGTERM. WINDOW is WM_CLOSE to its windows, CONSOLE is CTRL_BREAK to a console that
    is its alone, GROUP is CTRL_BREAK to the process group that it leads, INTERRUPT is CTRL_C in the
    terminal that it was typed in. NONE: Windows has no way that would reach this process and no
    other.
    """

    SIGNAL = "signal"
    WINDOW = "window"
    CONSOLE = "console"
    GROUP = "console_group"
    INTERRUPT = "interrupt"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """One service: who manages it, what depends on it and whether it comes back.

    ``start_type`` is the manager's own word ("auto", "disabled", "enabled"), None if unknown.
    ``dependents`` are the running services that stop with it, in the order in which they stop.
    ``restarts`` says that the manager starts it again when it ends by itself. ``triggers`` are
    systemd units that start it again on demand. ``recovery`` is what the manager does at the first,
    the second, ... failure; after ``recovery_reset_s`` without one the count restarts.
    """

    service: Service
    manager: str
    start_type: str | None = None
    dependents: tuple[Service, ...] = ()
    can_be_stopped: bool = True
    restarts: bool = False
    triggers: tuple[str, ...] = ()
    recovery: tuple[RecoveryAction, ...] = ()
    recovery_reset_s: int | None = None

    @property
    def name(self) -> str:
        """Return what the system knows the service by."""
        return self.service.name


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """One process as a candidate for being stopped.

    ``parent`` is known only if it is certain: alive, and older than its child. ``is_critical`` is
    Windows' own flag, by which ending the process stops the whole system; absent elsewhere.
    ``services`` are those that this process *is*; one that it merely descends from is ``unit``.
    ``execution`` says whether it is suspended: then it keeps its ports, but answers nobody.
    ``program`` is compared again right before the act.
    ``container`` is the one that it runs in, None for a process of the host.

    ``system_names`` are the file names of the system's own programs that it runs; absent where its
    program is a user's, whatever it is called. ``container_tie`` says what it has to do with
    containers, ``session_tie`` whether the session of PortView's user depends on it.
    ``restarted_by`` is what would start it again, ``blockage`` what keeps signals from it.
    ``rights`` are those it runs with: who starts it again must not give it others.
    """

    info: ProcessInfo
    parent: Fact[ProcessInfo] = NOT_READ
    is_kernel_thread: bool = False
    is_critical: Fact[bool] = ABSENT
    asking: CloseMethod = CloseMethod.SIGNAL
    why_not_asked: str = ""
    services: Fact[tuple[ServiceFacts, ...]] = NOT_READ
    unit: Fact[str] = NOT_READ
    working_directory: str | None = None
    program: RunningProgram = PROGRAM_NOT_READ
    execution: Execution = Execution.UNKNOWN
    container: Container | None = None
    system_names: Fact[frozenset[str]] = NOT_READ
    container_tie: Fact[str] = NOT_READ
    session_tie: Fact[SessionTie] = NOT_READ
    restarted_by: Fact[Restarter] = NOT_READ
    blockage: Fact[Blockage] = NOT_READ
    rights: Fact[ProcessRights] = NOT_READ

    @property
    def key(self) -> ProcessKey:
        """Return the identity of the process."""
        return self.info.key

    @property
    def shown_services(self) -> tuple[ServiceFacts, ...]:
        """Return the services for showing only; a decision looks at ``services``."""
        return known_or(self.services, ())

    @property
    def shown_parent(self) -> ProcessInfo | None:
        """Return the parent for showing only; None also where it could not be read."""
        return self.parent.value if isinstance(self.parent, Known) else None

    @property
    def shown_unit(self) -> str | None:
        """Return the unit for showing only; None also where it could not be read."""
        return self.unit.value if isinstance(self.unit, Known) else None


@dataclass(frozen=True, slots=True)
class SelfContext:
    """Where PortView itself stands: its own process, those that it runs under, and the system.

    ``platform`` is a value of ``sys.platform``, ``windows_folder`` is empty elsewhere.
    ``own_number`` is PortView's PID where /proc agrees about it, and absent where there is no
    /proc; unreadable where every number that was read means another process.
    ``session_units`` are the systemd services in which something runs that the session depends on,
    each with whether it is one of a user's own manager. ``is_remote`` names on Windows whether the
    session is shown through Remote Desktop.
    ``container`` is the one that PortView itself runs in. ``possible_ancestors`` have the PID of an
    ancestor and seem to be younger, which they also do where the clock was set back.
    """

    own: ProcessKey
    ancestors: frozenset[ProcessKey] = frozenset()
    platform: str = "linux"
    windows_folder: str = ""
    session_units: frozenset[tuple[str, bool]] = frozenset()
    is_remote: Fact[bool] = ABSENT
    container: Container | None = None
    own_number: Fact[int] = ABSENT
    possible_ancestors: frozenset[ProcessKey] = frozenset()
