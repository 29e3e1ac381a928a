"""Each action as one job with two halves: look and propose, then act on what was proposed.

The window runs both halves off its own thread and shows what lies between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, cast

from portview.actions.close_connection import ClosePlan, close_connection, look_at_connection
from portview.actions.elevated_look import look_elevated
from portview.actions.end_process import end_process, look_at_process
from portview.actions.free_port import FreeReport, free_port, look_at_port
from portview.actions.holders import FreeRequest
from portview.actions.look import Look
from portview.actions.proposals import (
    Proposal,
    propose_close,
    propose_end,
    propose_free,
    propose_service,
    propose_suspend,
)
from portview.actions.record import keep_record
from portview.actions.refusals import service_refusal
from portview.actions.service_change import (
    USERS_OWN,
    read_service,
    restart_service,
    start_service,
    stop_service,
)
from portview.actions.suspend_process import change_execution, look_at_execution
from portview.domain.outcome import Outcome
from portview.domain.plain_text import inert

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.actions.elevated_look import HeldSocket
    from portview.actions.plan import FreePlan, Step
    from portview.actions.process_facts import ServiceFacts
    from portview.actions.suspend_process import SuspendPlan, SuspendVerb
    from portview.domain.cancellation import CancelToken
    from portview.domain.outcome import ActionReport
    from portview.domain.processes import ProcessKey
    from portview.domain.sockets import Endpoint
    from portview.domain.sockets import Protocol as Transport

GRACE_S = 5.0
_LONGEST_NAME = 40

_SERVICE_CHANGES = {"stop": stop_service, "start": start_service, "restart": restart_service}


@dataclass(frozen=True, slots=True)
class Doing:
    """How to act: as administrator or not, how to be called off, where to tell progress."""

    as_admin: bool = False
    cancel: CancelToken | None = None
    report: Callable[[str], None] | None = None


class Job(Protocol):
    """One action on the machine. Both halves block and may run on any thread."""

    @property
    def title(self) -> str:
        """Return what the job is called in a window's title."""
        ...

    def look(self, *, force: bool, tree: bool) -> Proposal:
        """See what is to be done. Changes nothing. Raises PortViewError."""
        ...

    def act(self, proposal: Proposal, doing: Doing) -> ActionReport:
        """Do what was proposed, look again and keep the record. Raises PortViewError, Cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class FreeJob:
    """Free a port. ``held`` is what an administrator saw of its holders."""

    port: int
    protocol: Transport
    address: str | None = None
    held: tuple[HeldSocket, ...] = ()

    @property
    def title(self) -> str:
        """Return the window's title."""
        return f"Free port {self.port}"

    def look(self, *, force: bool, tree: bool) -> Proposal:
        """See who holds the port."""
        request = FreeRequest(self.port, self.protocol, self.address, force, tree)
        plan = look_at_port(request, self.held)
        # Nobody to stop: then the port is tried at once, to tell what keeps it if anything does.
        return propose_free(plan, GRACE_S, None if plan.steps else free_port(plan))

    def seen_by_admin(self, cancel: CancelToken | None = None) -> FreeJob:
        """Return the same job with what an administrator sees. Raises PortViewError."""
        request = FreeRequest(self.port, self.protocol, self.address)
        return replace(self, held=look_elevated(request, cancel))

    def act(self, proposal: Proposal, doing: Doing) -> ActionReport:
        """Free the port and prove it."""
        plan = cast("FreePlan", proposal.subject)
        report = free_port(
            plan,
            grace_s=GRACE_S,
            as_admin=doing.as_admin,
            cancel=doing.cancel,
            report=doing.report,
        )
        keep_record(report)
        return report


@dataclass(frozen=True, slots=True)
class EndJob:
    """End the process that was seen; ``with_tree`` asks for everything under it from the start."""

    process: ProcessKey
    with_tree: bool = False

    @property
    def title(self) -> str:
        """Return the window's title."""
        return "End process tree" if self.with_tree else "End process"

    def look(self, *, force: bool, tree: bool) -> Proposal:
        """See whether it is still the same process, and what runs under it."""
        step = look_at_process(self.process, force=force, tree=tree or self.with_tree)
        proposal = propose_end(step, GRACE_S)
        if not self.with_tree:
            return proposal
        # What was asked for from the start is no choice any more.
        notes = () if step.tree or not proposal.verb else ("Nothing runs under it.",)
        return replace(proposal, has_tree=False, notes=notes)

    def act(self, proposal: Proposal, doing: Doing) -> ActionReport:
        """End it."""
        report = end_process(
            cast("Step", proposal.subject),
            grace_s=GRACE_S,
            as_admin=doing.as_admin,
            cancel=doing.cancel,
            report=doing.report,
        )
        keep_record(report)
        return report


@dataclass(frozen=True, slots=True)
class ServiceJob:
    """Stop, start or restart a service; ``verb`` says which."""

    name: str
    verb: str
    of_user: bool = False

    @property
    def title(self) -> str:
        """Return the window's title."""
        return f"{self.verb.capitalize()} service"

    def look(self, *, force: bool, tree: bool) -> Proposal:
        """Read the service and what depends on it."""
        del force, tree
        service = read_service(self.name, of_user=self.of_user)
        refused = None
        if self.verb != "start":
            refused = service_refusal(service, Look().standpoint())
        return propose_service(service, self.verb, refused)

    def act(self, proposal: Proposal, doing: Doing) -> ActionReport:
        """Change it."""
        service = cast("ServiceFacts", proposal.subject)
        report = _SERVICE_CHANGES[self.verb](service, as_admin=doing.as_admin)
        keep_record(report)
        return report


@dataclass(frozen=True, slots=True)
class CloseJob:
    """Close a connection."""

    local: Endpoint
    remote: Endpoint

    @property
    def title(self) -> str:
        """Return the window's title."""
        return "Close connection"

    def look(self, *, force: bool, tree: bool) -> Proposal:
        """Find the connection and who holds its ends."""
        del force, tree
        return propose_close(look_at_connection(self.local, self.remote))

    def act(self, proposal: Proposal, doing: Doing) -> ActionReport:
        """Close it."""
        plan = cast("ClosePlan", proposal.subject)
        report = close_connection(plan, as_admin=doing.as_admin)
        keep_record(report)
        return report


@dataclass(frozen=True, slots=True)
class SuspendJob:
    """Suspend the process that was seen, or resume it; ``verb`` says which."""

    process: ProcessKey
    verb: SuspendVerb

    @property
    def title(self) -> str:
        """Return the window's title."""
        return f"{self.verb.capitalize()} process"

    def look(self, *, force: bool, tree: bool) -> Proposal:
        """See whether it is still the same process, and whether it stands still."""
        del force, tree
        return propose_suspend(look_at_execution(self.process, self.verb))

    def act(self, proposal: Proposal, doing: Doing) -> ActionReport:
        """Suspend or resume it, and look again."""
        plan = cast("SuspendPlan", proposal.subject)
        report = change_execution(plan, as_admin=doing.as_admin)
        keep_record(report)
        return report


def next_job(report: ActionReport) -> tuple[str, Job] | None:
    """Return what a report advises to do next, as the text of a button and the job behind it.

    That is to stop what starts a server again; the job looks and asks like every other.
    """
    proof = report.proof if isinstance(report, FreeReport) else None
    for holder in proof.holders if proof else ():
        if holder.service:
            own = holder.process.shown_services if holder.process else ()
            of_user = any(s.name == holder.service and s.manager == USERS_OWN for s in own)
            name = inert(holder.service, _LONGEST_NAME)
            return f"Stop the service {name} ...", ServiceJob(holder.service, "stop", of_user)
        if holder.starter is not None:
            name = inert(holder.starter.name or "what starts it again", _LONGEST_NAME)
            return f"End {name} ...", EndJob(holder.starter.key)
    return None


def can_be_elevated(report: ActionReport) -> bool:
    """Tell whether the same job may work as administrator."""
    return report.outcome is Outcome.NEEDS_ADMIN and bool(getattr(report, "can_be_elevated", False))
