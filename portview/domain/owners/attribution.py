"""Whether the PID that a system names for a socket may be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.domain.sockets.socket_row import OwnerProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.owners.process import ProcessKey

CLOCK_STEP_MS = 32
"""Two Windows clock ticks of 15.6 ms: how far two times of the same moment may lie apart."""


class RunningProcess(NamedTuple):
    """A process that runs, and the PID of the process that started it (which may be gone)."""

    key: ProcessKey
    parent_pid: int


def judge_owner(
    process: ProcessKey | None, *, opened_at_ms: int | None, listed_at_ms: int
) -> tuple[ProcessKey | None, OwnerProblem | None]:
    """Decide whether the process that has a socket's PID now is the one that opened the socket.

    ``process`` is None if no process has the PID. ``opened_at_ms`` is None where the system does
    not say; then ``listed_at_ms``, when the socket was first seen, has to do. Unix times.

    The table names the process that bound the socket (MIB_TCPROW_OWNER_MODULE, dwOwningPid) and
    keeps naming it when the socket stays in a child that inherited it. So a process that began
    after the socket was bound did not bind it. Should it hold the socket all the same, through a
    duplicated handle, then that can't be determined from a reused PID, and no owner is better than
    a wrong one.
    """
    if process is None:
        return None, OwnerProblem.PROCESS_GONE
    latest = listed_at_ms if opened_at_ms is None else opened_at_ms + CLOCK_STEP_MS
    if process.started_ms > latest:
        return None, OwnerProblem.PID_REUSED
    return process, None


def likely_holders(
    children: Iterable[ProcessKey], *, opened_at_ms: int | None, orphaned_by_ms: int
) -> tuple[ProcessKey, ...]:
    """Return those children of an ended owner that can have inherited its socket, oldest first.

    ``children`` are the living processes whose parent had the owner's PID. A handle is inherited
    when a process starts: a holder started after the socket was opened, and before the moment by
    which the owner had ended.
    """
    opened = 0 if opened_at_ms is None else opened_at_ms - CLOCK_STEP_MS
    holders = (child for child in children if opened <= child.started_ms <= orphaned_by_ms)
    return tuple(sorted(holders, key=lambda child: (child.started_ms, child.pid)))
