"""System services, as what runs inside a process that owns sockets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ServiceState(StrEnum):
    """What a service is doing, as the service manager tells."""

    STOPPED = "stopped"
    STARTING = "starting"
    STOPPING = "stopping"
    RUNNING = "running"
    RESUMING = "resuming"
    PAUSING = "pausing"
    PAUSED = "paused"


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
