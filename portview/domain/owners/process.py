"""Processes, as the owners of sockets."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.domain.owners.program_identity import ProgramIdentity


class ProcessKey(NamedTuple):
    """One process for good: a PID is reused, a PID with its start time is not.

    ``started_ms`` is in milliseconds since the Unix epoch, UTC; 0 where the system does not say.
    Within one run of PortView a process always gets the same value.
    """

    pid: int
    started_ms: int


class FieldProblem(StrEnum):
    """Why one fact about a process could not be read."""

    ACCESS_DENIED = "access_denied"
    PROCESS_GONE = "process_gone"
    UNAVAILABLE = "unavailable"


class Execution(StrEnum):
    """Whether a process gets to run at all.

    SUSPENDED: it does nothing until somebody resumes it (SIGSTOP; NtSuspendProcess). TRACED: a
    debugger holds it. Both keep their sockets and answer nobody.
    """

    RUNNING = "running"
    SUSPENDED = "suspended"
    TRACED = "traced"
    UNKNOWN = "unknown"

    @property
    def is_suspended(self) -> bool:
        """Return whether the process certainly does nothing at the moment."""
        return self in {Execution.SUSPENDED, Execution.TRACED}


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """What is known about one process; ``None`` where a fact could not be read.

    ``problems`` maps the name of each unread field to the reason, so that one refused
    field never hides the others. ``identity`` is what the program is to a person, None where that
    was not asked for. All texts come from the machine and are untrusted.
    """

    key: ProcessKey
    name: str | None = None
    executable: str | None = None
    executable_deleted: bool = False
    command_line: tuple[str, ...] | None = None
    user: str | None = None
    parent_pid: int | None = None
    problems: Mapping[str, FieldProblem] = field(default_factory=dict, hash=False)
    identity: ProgramIdentity | None = field(default=None, hash=False, compare=False)

    @property
    def pid(self) -> int:
        """Return the process ID."""
        return self.key.pid
