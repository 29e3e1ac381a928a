"""What can be said about the owner of a row, known or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.owners.process import FieldProblem
from portview.domain.sockets.socket_row import OwnerProblem

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow

OWNER_PROBLEM_WORDS = {
    OwnerProblem.ACCESS_DENIED: "access denied",
    OwnerProblem.PROCESS_GONE: "process gone",
    OwnerProblem.PID_REUSED: "PID reused",
    OwnerProblem.OTHER_NAMESPACE: "other namespace",
}
OWNER_PROBLEM_REASONS = {
    OwnerProblem.ACCESS_DENIED: "The system tells the owner of this socket to administrators only.",
    OwnerProblem.PROCESS_GONE: (
        "The process that opened this socket has ended, but something still holds the socket: "
        "most likely a child process that inherited it."
    ),
    OwnerProblem.PID_REUSED: (
        "The process ID that the system names belongs to a process that started after this "
        "socket was opened, so that process can't have opened it."
    ),
    OwnerProblem.OTHER_NAMESPACE: (
        "The socket is held from another namespace, for example by a container."
    ),
}
FIELD_PROBLEM_WORDS = {
    FieldProblem.ACCESS_DENIED: "access denied",
    FieldProblem.PROCESS_GONE: "process gone",
    FieldProblem.UNAVAILABLE: "not available",
}


def describe_owner(row: SocketRow, info: ProcessInfo | None) -> str:
    """Return the name of the owner, or in a word why it has none; never empty."""
    if info is not None and info.name:
        return info.name
    if row.owner_problem is not None:
        return f"unknown: {OWNER_PROBLEM_WORDS[row.owner_problem]}"
    if row.key.owner is None:
        return "no process"
    return f"unknown: {describe_field_problem(info, 'name')}"


def describe_field_problem(info: ProcessInfo | None, field: str) -> str:
    """Say in a word why a fact about a process is not known."""
    problem = None if info is None else info.problems.get(field)
    return FIELD_PROBLEM_WORDS[problem or FieldProblem.UNAVAILABLE]


def user_of(row: SocketRow, info: ProcessInfo | None) -> str | None:
    """Return the user of the owner, or else of the socket itself."""
    return (info.user if info else None) or row.user


def command_line_of(info: ProcessInfo | None) -> str | None:
    """Return the command line as one text with spaces between its arguments, None if unknown."""
    if info is None or info.command_line is None:
        return None
    return " ".join(info.command_line)
