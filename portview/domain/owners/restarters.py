"""Who would start a process again after its end. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessKey


class RestarterKind(StrEnum):
    """What starts it again: a service manager, a container runtime, or another process."""

    SERVICE_MANAGER = "service_manager"
    CONTAINER_RUNTIME = "container_runtime"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Restarter:
    """Who starts a process again. Every text comes from the machine and is untrusted.

    ``name`` is the unit, the service, the container or the program. ``process`` is set for the
    last, ``is_certain`` only where that is its purpose: else it merely may. ``how`` is what makes
    it do so, as the manager calls it ("Restart=always"), and ``stop`` the command that stops both.
    ``manager`` is what a container runtime is called.
    """

    kind: RestarterKind
    name: str
    process: ProcessKey | None = None
    is_certain: bool = True
    how: str = ""
    stop: str = ""
    manager: str = ""
