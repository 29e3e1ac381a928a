"""System services, as what runs inside a process that owns sockets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ServiceState(StrEnum):
    """What a service is doing, as the service manager reports."""

    STOPPED = "stopped"
    STARTING = "starting"
    STOPPING = "stopping"
    RUNNING = "running"
    RESUMING = "resuming"
    PAUSING = "pausing"
    PAUSED = "paused"


class RecoveryKind(StrEnum):
    """What a service manager does by itself when a service ends that should run."""

    NOTHING = "nothing"
    RESTART = "restart"
    REBOOT = "reboot"
    RUN_COMMAND = "run_command"


@dataclass(frozen=True, slots=True)
class RecoveryAction:
    """What happens at one failure, and after how long; the last of several repeats."""

    kind: RecoveryKind
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Service:
    """One service. ``name`` is what the system knows it by, ``display_name`` what people read.

    ``pid`` is None while the service does not run. Both texts come from the machine and are
    untrusted.
    """

    name: str
    display_name: str
    state: ServiceState | None = None
    pid: int | None = None
