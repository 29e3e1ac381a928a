"""A process held by a handle, so that nothing can happen to another one by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.process import FieldProblem
from portview.i18n import _
from portview.readers.process_identity import process_key

if TYPE_CHECKING:
    from portview.actions.safety.process_facts import CloseMethod
    from portview.domain.facts import Unreadable
    from portview.domain.owners.process import ProcessKey
    from portview.domain.owners.program import RunningProgram


class ProcessHandle(Protocol):
    """A handle on the one process that a person saw. Every method raises OSError.

    PermissionError is a refusal for want of rights, ProcessLookupError means that it has ended.
    """

    @property
    def key(self) -> ProcessKey:
        """Return the identity that was checked when the handle was opened."""
        ...

    def check_rights(self) -> None:
        """Raise PermissionError where this user may not stop the process."""
        ...

    def program(self) -> RunningProgram:
        """Return which program the process runs now."""
        ...

    def ask(self) -> CloseMethod:
        """Ask the process to close by itself and say how; NONE where there is no way."""
        ...

    def end(self) -> None:
        """End the process at once, without a chance to save anything."""
        ...

    def suspend(self) -> None:
        """Stop the process where it is until ``resume``."""
        ...

    def resume(self) -> None:
        """Resume a suspended process."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait until the process has ended; return whether it has."""
        ...


class ProcessGoneError(Exception):
    """The process has ended; there is nothing left to do to it."""


def not_the_same(pid: int) -> PortViewError:
    """Return the error for a PID that means another process than the one that was seen."""
    return PortViewError(
        "pid_reused",
        _("PID {pid} now belongs to a different process; nothing was done.").format(pid=pid),
        _("Check again who uses the port before you continue."),
        Outcome.NOT_DONE,
    )


def identity_unreadable(pid: int) -> PortViewError:
    """Return the error for a PID of which it can't be read whether it is still the process."""
    return PortViewError(
        "identity_unreadable",
        _("PortView can't read which process PID {pid} is now; nothing was done.").format(pid=pid),
        _("Try again with administrator rights."),
        Outcome.NEEDS_ADMIN,
    )


def number_unsure(pid: int, fact: Unreadable) -> PortViewError:
    """Return the error for a PID that system calls take for another process than /proc shows."""
    return PortViewError(
        "foreign_proc",
        _(
            "PortView can't be sure which process PID {pid} means here: {reason}. Nothing was done."
        ).format(pid=pid, reason=fact.reason),
        _("Run PortView outside of this container or namespace."),
        Outcome.NOT_DONE,
    )


def process_gone(pid: int) -> PortViewError:
    """Return the error for a process that has ended before anything was done to it."""
    return PortViewError(
        "process_gone",
        _("PID {pid} has ended; there is nothing to do.").format(pid=pid),
        "",
        Outcome.NOT_DONE,
    )


def check_identity(key: ProcessKey) -> None:
    """Raise PortViewError where a process has ended, or where its PID is another process now."""
    now = process_key(key.pid)
    if now is FieldProblem.PROCESS_GONE:
        raise process_gone(key.pid)
    if isinstance(now, FieldProblem):
        raise identity_unreadable(key.pid)
    if now != key:
        raise not_the_same(key.pid)
