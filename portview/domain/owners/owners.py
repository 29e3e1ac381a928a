"""What can be said about the owner of a row, known or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.owners.process import FieldProblem
from portview.domain.sockets.socket_row import OwnerProblem, State
from portview.i18n import N_, _

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow

_PROBLEM_WORDS = {
    OwnerProblem.ACCESS_DENIED: N_("unknown: access denied"),
    OwnerProblem.PROCESS_GONE: N_("unknown: process gone"),
    OwnerProblem.PID_REUSED: N_("unknown: PID reused"),
    OwnerProblem.OTHER_NAMESPACE: N_("unknown: other namespace"),
    OwnerProblem.MISSING_CAPABILITY: N_("unknown: missing capability"),
    OwnerProblem.PROTECTED: N_("unknown: access denied"),
    OwnerProblem.LOOKING: N_("reading…"),
    OwnerProblem.OUT_OF_FILES: N_("unknown: too many open files"),
    OwnerProblem.NOT_FOUND: N_("unknown: no holder found"),
}
_PROBLEM_REASONS = {
    OwnerProblem.ACCESS_DENIED: N_(
        "Only an administrator can see which process holds this socket."
    ),
    OwnerProblem.PROCESS_GONE: N_(
        "The process that opened this socket has ended, but something still holds the socket: "
        "most likely a child process that inherited it."
    ),
    OwnerProblem.PID_REUSED: N_(
        "The process ID that the system names belongs to a process that started after this "
        "socket was opened, so that process can't have opened it."
    ),
    OwnerProblem.OTHER_NAMESPACE: N_(
        "The socket is held from outside of this namespace: by a process of the host or of another "
        "container, which can't be seen from here."
    ),
    OwnerProblem.MISSING_CAPABILITY: N_(
        "PortView runs as root but without {detail}, so it can't read the processes of "
        "other users. More administrator rights don't help."
    ),
    OwnerProblem.PROTECTED: N_(
        "The system doesn't let PortView read every process, not even as administrator "
        "(a security policy), so it can't name the one that holds this socket."
    ),
    OwnerProblem.LOOKING: N_("PortView is still searching for the process that holds this socket."),
    OwnerProblem.OUT_OF_FILES: N_(
        "PortView can't open more files, so it can't search for the process that holds this socket."
    ),
    OwnerProblem.NOT_FOUND: N_(
        "No running process was found to hold this socket. It may be in transit "
        "between processes, held from another namespace, hidden, or opened by the "
        "kernel."
    ),
}
_PROTECTED_BY_PID = N_("It can't read: PID {pids}.")
FIELD_PROBLEM_WORDS = {
    FieldProblem.ACCESS_DENIED: N_("access denied"),
    FieldProblem.PROCESS_GONE: N_("process gone"),
    FieldProblem.UNAVAILABLE: N_("not available"),
}


def describe_owner(row: SocketRow, info: ProcessInfo | None) -> str:
    """Return the name of the owner, or in a word why it has none; never empty."""
    if info is not None and info.name:
        return info.name
    if row.owner_problem is not None:
        return _(_PROBLEM_WORDS[row.owner_problem])
    if row.key.owner is None:
        return _("Linux kernel") if row.kernel_use else _("no process")
    return _("unknown: {field_problem}").format(field_problem=describe_field_problem(info, "name"))


def owner_problem_reason(row: SocketRow) -> str:
    """Return why the owner of a row isn't known, in a sentence; empty where there is no problem."""
    if row.owner_problem is None:
        return ""
    reason = _(_PROBLEM_REASONS[row.owner_problem]).format(detail=row.owner_detail)
    if row.owner_problem is OwnerProblem.PROTECTED and row.owner_detail:
        reason += " " + _(_PROTECTED_BY_PID).format(pids=row.owner_detail)
    return reason


def without_process_sentence(row: SocketRow) -> str:
    """Return what it means that a socket certainly belongs to no process."""
    if row.kernel_use:
        return _("No process holds this socket. It belongs to the Linux kernel: {use}.").format(
            use=row.kernel_use
        )
    if row.state is State.TIME_WAIT:
        return _(
            "No process: the connection has ended. The system keeps its two ends reserved for a "
            "while (TIME_WAIT), so that late packets do not reach a new connection."
        )
    return _("No process holds this socket; the system keeps it until its state has ended.")


def describe_field_problem(info: ProcessInfo | None, field: str) -> str:
    """Describe in a word why a fact about a process is not known."""
    problem = None if info is None else info.problems.get(field)
    return _(FIELD_PROBLEM_WORDS[problem or FieldProblem.UNAVAILABLE])


def user_of(row: SocketRow, info: ProcessInfo | None) -> str | None:
    """Return the user of the owner, or else of the socket itself."""
    return (info.user if info else None) or row.user


def command_line_of(info: ProcessInfo | None) -> str | None:
    """Return the command line as one text with spaces between its arguments, None if unknown."""
    if info is None or info.command_line is None:
        return None
    return " ".join(info.command_line)
