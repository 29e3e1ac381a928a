"""Each action as one job with two halves: look and propose, then act on what was proposed.

The window runs both halves off its own thread and shows what lies between them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, cast

from portview.actions.confirmation.confirmation import (
    Confirmation,
    confirm_close,
    confirm_end,
    confirm_free,
    confirm_service,
    confirm_suspend,
)
from portview.actions.confirmation.history import keep_record
from portview.actions.connections.close import ClosePlan, close_connection, inspect_connection
from portview.actions.free_port.elevated_holders import find_holders_elevated
from portview.actions.free_port.execute import FreeReport, free_port, inspect_port
from portview.actions.inspection.process_inspection import ProcessInspector
from portview.actions.port_usage import FreeRequest
from portview.actions.processes.end import end_process, inspect_process
from portview.actions.processes.suspend import change_execution, inspect_execution
from portview.actions.safety.refusals import service_refusal
from portview.actions.services.change import (
    USERS_OWN,
    read_service,
    restart_service,
    start_service,
    stop_service,
)
from portview.domain.errors import Outcome
from portview.domain.owners.process import ProcessKey
from portview.domain.plain_text import inert
from portview.i18n import _
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from portview.actions.free_port.elevated_holders import HeldSocket
    from portview.actions.free_port.plan import FreePlan, PlanStep
    from portview.actions.processes.suspend import SuspendPlan, SuspendVerb
    from portview.actions.progress import ActionStep
    from portview.actions.safety.process_facts import ServiceFacts
    from portview.domain.cancellation import CancelToken
    from portview.domain.errors import ActionReport
    from portview.domain.sockets.socket_row import Endpoint
    from portview.domain.sockets.socket_row import Protocol as Transport

GRACE_S = 5.0
_LONGEST_NAME = 40

_SERVICE_CHANGES = {"stop": stop_service, "start": start_service, "restart": restart_service}


@dataclass(frozen=True, slots=True)
class ExecutionOptions:
    """How to act: as administrator or not, how to be called off, where to tell progress.

    ``end_now`` is set by somebody who does not want to wait for what was asked to close.
    """

    as_admin: bool = False
    cancel: CancelToken | None = None
    report: Callable[[ActionStep], None] | None = None
    end_now: threading.Event | None = None


class Action(Protocol):
    """One action on the machine. Both halves block and may run on any thread."""

    @property
    def title(self) -> str:
        """Return what the job is called in a window's title."""
        ...

    def preview(self, *, force: bool, tree: bool) -> Confirmation:
        """See what is to be done. Changes nothing. Raises PortViewError."""
        ...

    def execute(self, confirmation: Confirmation, options: ExecutionOptions) -> ActionReport:
        """Do what was proposed, look again and keep the record. Raises PortViewError, Cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class FreeAction:
    """Free a port. ``held`` is what an administrator saw of its holders."""

    port: int
    protocol: Transport
    address: str | None = None
    held: tuple[HeldSocket, ...] = ()

    @property
    def title(self) -> str:
        """Return the window's title."""
        return _("Free port {port}").format(port=self.port)

    def preview(self, *, force: bool, tree: bool) -> Confirmation:
        """See who holds the port."""
        request = FreeRequest(self.port, self.protocol, self.address, force, tree)
        plan = inspect_port(request, self.held)
        # Nobody to stop: then the port is tried at once, to tell what keeps it if anything does.
        tried = None if plan.steps else free_port(plan)
        return confirm_free(plan, GRACE_S, tried, own_user=_own_user())

    def seen_by_admin(self, cancel: CancelToken | None = None) -> FreeAction:
        """Return the same job with what an administrator sees. Raises PortViewError."""
        request = FreeRequest(self.port, self.protocol, self.address)
        return replace(self, held=find_holders_elevated(request, cancel))

    def execute(self, confirmation: Confirmation, options: ExecutionOptions) -> ActionReport:
        """Free the port and prove it."""
        plan = cast("FreePlan", confirmation.subject)
        report = free_port(
            plan,
            grace_s=GRACE_S,
            as_admin=options.as_admin,
            cancel=options.cancel,
            report=options.report,
            end_now=options.end_now,
        )
        keep_record(report)
        return report


def _own_user() -> str | None:
    """Return whom PortView runs as, None where that can't be read."""
    key = process_key(os.getpid())
    return read_process(key).user if isinstance(key, ProcessKey) else None


@dataclass(frozen=True, slots=True)
class EndAction:
    """End the process that was seen; ``with_tree`` asks for everything under it from the start."""

    process: ProcessKey
    with_tree: bool = False

    @property
    def title(self) -> str:
        """Return the window's title."""
        return _("End process tree") if self.with_tree else _("End process")

    def preview(self, *, force: bool, tree: bool) -> Confirmation:
        """See whether it is still the same process, and what runs under it."""
        step = inspect_process(self.process, force=force, tree=tree or self.with_tree)
        confirmation = confirm_end(step, GRACE_S)
        if not self.with_tree:
            return confirmation
        # What was asked for from the start is no choice any more.
        notes = () if step.tree or not confirmation.verb else (_("Nothing runs under it."),)
        return replace(confirmation, has_tree=False, notes=notes)

    def execute(self, confirmation: Confirmation, options: ExecutionOptions) -> ActionReport:
        """End it."""
        report = end_process(
            cast("PlanStep", confirmation.subject),
            grace_s=GRACE_S,
            as_admin=options.as_admin,
            cancel=options.cancel,
            report=options.report,
            end_now=options.end_now,
        )
        keep_record(report)
        return report


@dataclass(frozen=True, slots=True)
class ServiceAction:
    """Stop, start or restart a service; ``verb`` says which."""

    name: str
    verb: str
    of_user: bool = False

    @property
    def title(self) -> str:
        """Return the window's title."""
        return {
            "stop": _("Stop service"),
            "start": _("Start service"),
            "restart": _("Restart service"),
        }[self.verb]

    def preview(self, *, force: bool, tree: bool) -> Confirmation:
        """Read the service and what depends on it."""
        del force, tree
        service = read_service(self.name, of_user=self.of_user)
        refused = None
        if self.verb != "start":
            refused = service_refusal(service, ProcessInspector().standpoint())
        return confirm_service(service, self.verb, refused)

    def execute(self, confirmation: Confirmation, options: ExecutionOptions) -> ActionReport:
        """Change it."""
        service = cast("ServiceFacts", confirmation.subject)
        report = _SERVICE_CHANGES[self.verb](service, as_admin=options.as_admin)
        keep_record(report)
        return report


@dataclass(frozen=True, slots=True)
class CloseAction:
    """Close a connection."""

    local: Endpoint
    remote: Endpoint

    @property
    def title(self) -> str:
        """Return the window's title."""
        return _("Close connection")

    def preview(self, *, force: bool, tree: bool) -> Confirmation:
        """Find the connection and who holds its ends."""
        del force, tree
        return confirm_close(inspect_connection(self.local, self.remote))

    def execute(self, confirmation: Confirmation, options: ExecutionOptions) -> ActionReport:
        """Close it."""
        plan = cast("ClosePlan", confirmation.subject)
        report = close_connection(plan, as_admin=options.as_admin)
        keep_record(report)
        return report


@dataclass(frozen=True, slots=True)
class SuspendAction:
    """Suspend the process that was seen, or resume it; ``verb`` says which."""

    process: ProcessKey
    verb: SuspendVerb

    @property
    def title(self) -> str:
        """Return the window's title."""
        return {"suspend": _("Suspend process"), "resume": _("Resume process")}[self.verb]

    def preview(self, *, force: bool, tree: bool) -> Confirmation:
        """See whether it is still the same process, and whether it is suspended."""
        del force, tree
        return confirm_suspend(inspect_execution(self.process, self.verb))

    def execute(self, confirmation: Confirmation, options: ExecutionOptions) -> ActionReport:
        """Suspend or resume it, and look again."""
        plan = cast("SuspendPlan", confirmation.subject)
        report = change_execution(plan, as_admin=options.as_admin)
        keep_record(report)
        return report


def next_action(report: ActionReport) -> tuple[str, Action] | None:
    """Return what a report advises to do next, as the text of a button and the job behind it.

    That is to stop what starts a server again; the job looks and asks like every other.
    """
    proof = report.proof if isinstance(report, FreeReport) else None
    for holder in proof.holders if proof else ():
        if holder.service:
            own = holder.process.shown_services if holder.process else ()
            of_user = any(s.name == holder.service and s.manager == USERS_OWN for s in own)
            name = inert(holder.service, _LONGEST_NAME)
            return _("Stop the service {name}…").format(name=name), ServiceAction(
                holder.service, "stop", of_user
            )
        if holder.starter is not None:
            name = inert(holder.starter.name or _("what starts it again"), _LONGEST_NAME)
            return _("End {name}…").format(name=name), EndAction(holder.starter.key)
    return None


def can_be_elevated(report: ActionReport) -> bool:
    """Return whether the same job may work as administrator."""
    return report.outcome is Outcome.NEEDS_ADMIN and bool(getattr(report, "can_be_elevated", False))
