"""The actions on processes, services and connections: see ``action`` for what is around them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portview.actions.confirmation.action import AS_USER, NO_CHOICES
from portview.actions.confirmation.confirmation import (
    confirm_close,
    confirm_end,
    confirm_free,
    confirm_service,
    confirm_suspend,
)
from portview.actions.connections.close import close_connection, inspect_connection
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
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.process import ProcessKey
from portview.domain.plain_text import inert
from portview.i18n import _
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process

if TYPE_CHECKING:
    from portview.actions.confirmation.action import AnyAction, Choices, ExecutionOptions
    from portview.actions.confirmation.confirmation import Confirmation
    from portview.actions.connections.close import ClosePlan
    from portview.actions.free_port.elevated_holders import HeldSocket
    from portview.actions.free_port.plan import FreePlan, PlanStep
    from portview.actions.processes.end import EndReport
    from portview.actions.processes.suspend import SuspendPlan, SuspendReport, SuspendVerb
    from portview.actions.safety.process_facts import ServiceFacts
    from portview.actions.safety.refusal import Refusal
    from portview.actions.services.change import ServiceReport
    from portview.domain.cancellation import CancelToken
    from portview.domain.errors import ActionReport
    from portview.domain.sockets.socket_row import Endpoint
    from portview.domain.sockets.socket_row import Protocol as Transport

GRACE_S = 5.0
_LONGEST_NAME = 40

_SERVICE_CHANGES = {"stop": stop_service, "start": start_service, "restart": restart_service}


@dataclass(frozen=True, slots=True)
class FreePreview:
    """The plan for a port. ``tried`` is what a bind showed where nothing has to be stopped.

    ``own_user`` is whom PortView runs as, None where that can't be read.
    """

    plan: FreePlan
    tried: FreeReport | None
    own_user: str | None


@dataclass(frozen=True, slots=True)
class FreeAction:
    """Free a port. ``held`` is what an administrator saw of its holders."""

    port: int
    protocol: Transport
    address: str | None = None
    held: tuple[HeldSocket, ...] = ()
    grace_s: float = GRACE_S

    @property
    def title(self) -> str:
        """Return the window's title."""
        return _("Free port {port}").format(port=self.port)

    def preview(self, choices: Choices = NO_CHOICES) -> FreePreview:
        """See who holds the port."""
        request = FreeRequest(self.port, self.protocol, self.address, choices.force, choices.tree)
        plan = inspect_port(request, self.held)
        # Nobody to stop: then the port is tried at once, to say what keeps it if anything does.
        tried = None if plan.steps else free_port(plan)
        return FreePreview(plan, tried, _own_user())

    def confirm(self, plan: FreePreview) -> Confirmation:
        """Ask whether to stop the holders."""
        return confirm_free(plan.plan, self.grace_s, plan.tried, own_user=plan.own_user)

    def seen_by_admin(self, cancel: CancelToken | None = None) -> FreeAction:
        """Return the same job with what an administrator sees. Raises PortViewError."""
        request = FreeRequest(self.port, self.protocol, self.address)
        return replace(self, held=find_holders_elevated(request, cancel))

    def execute(self, plan: FreePreview, options: ExecutionOptions = AS_USER) -> FreeReport:
        """Free the port and prove it."""
        return plan.tried or free_port(
            plan.plan,
            grace_s=self.grace_s,
            as_admin=options.as_admin,
            cancel=options.cancel,
            report=options.report,
            end_now=options.end_now,
        )


def _own_user() -> str | None:
    """Return whom PortView runs as, None where that can't be read."""
    key = process_key(os.getpid())
    return read_process(key).user if isinstance(key, ProcessKey) else None


@dataclass(frozen=True, slots=True)
class EndAction:
    """End the process that was seen; ``with_tree`` asks for everything under it from the start."""

    process: ProcessKey
    with_tree: bool = False
    grace_s: float = GRACE_S

    @property
    def title(self) -> str:
        """Return the window's title."""
        return _("End process tree") if self.with_tree else _("End process")

    def preview(self, choices: Choices = NO_CHOICES) -> PlanStep:
        """See whether it is still the same process, and what runs under it."""
        return inspect_process(
            self.process, force=choices.force, tree=choices.tree or self.with_tree
        )

    def confirm(self, plan: PlanStep) -> Confirmation:
        """Ask whether to end it."""
        confirmation = confirm_end(plan, self.grace_s)
        if not self.with_tree:
            return confirmation
        # What was asked for from the start is no choice any more.
        notes = () if plan.tree or not confirmation.verb else (_("Nothing runs under it."),)
        return replace(confirmation, has_tree=False, notes=notes)

    def execute(self, plan: PlanStep, options: ExecutionOptions = AS_USER) -> EndReport:
        """End it."""
        return end_process(
            plan,
            grace_s=self.grace_s,
            as_admin=options.as_admin,
            cancel=options.cancel,
            report=options.report,
            end_now=options.end_now,
        )


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """A service that is to be changed, and why it must not be where that is so."""

    service: ServiceFacts
    refusal: Refusal | None = None


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

    def preview(self, choices: Choices = NO_CHOICES) -> ServicePlan:
        """Read the service and what depends on it."""
        del choices
        service = read_service(self.name, of_user=self.of_user)
        if self.verb == "start":
            return ServicePlan(service)
        return ServicePlan(service, service_refusal(service, ProcessInspector().standpoint()))

    def confirm(self, plan: ServicePlan) -> Confirmation:
        """Ask whether to change it."""
        return confirm_service(plan.service, self.verb, plan.refusal)

    def execute(self, plan: ServicePlan, options: ExecutionOptions = AS_USER) -> ServiceReport:
        """Change it."""
        if plan.refusal is not None:
            refused = plan.refusal
            raise PortViewError(refused.code, refused.reason, refused.advice, Outcome.NOT_DONE)
        return _SERVICE_CHANGES[self.verb](plan.service, as_admin=options.as_admin)


@dataclass(frozen=True, slots=True)
class CloseAction:
    """Close a connection."""

    local: Endpoint
    remote: Endpoint

    @property
    def title(self) -> str:
        """Return the window's title."""
        return _("Close connection")

    def preview(self, choices: Choices = NO_CHOICES) -> ClosePlan:
        """Find the connection and who holds its ends."""
        del choices
        return inspect_connection(self.local, self.remote)

    def confirm(self, plan: ClosePlan) -> Confirmation:
        """Ask whether to close it."""
        return confirm_close(plan)

    def execute(self, plan: ClosePlan, options: ExecutionOptions = AS_USER) -> ActionReport:
        """Close it."""
        return close_connection(plan, as_admin=options.as_admin)


@dataclass(frozen=True, slots=True)
class SuspendAction:
    """Suspend the process that was seen, or resume it; ``verb`` says which."""

    process: ProcessKey
    verb: SuspendVerb

    @property
    def title(self) -> str:
        """Return the window's title."""
        return {"suspend": _("Suspend process"), "resume": _("Resume process")}[self.verb]

    def preview(self, choices: Choices = NO_CHOICES) -> SuspendPlan:
        """See whether it is still the same process, and whether it is suspended."""
        del choices
        return inspect_execution(self.process, self.verb)

    def confirm(self, plan: SuspendPlan) -> Confirmation:
        """Ask whether to suspend or resume it."""
        return confirm_suspend(plan)

    def execute(self, plan: SuspendPlan, options: ExecutionOptions = AS_USER) -> SuspendReport:
        """Suspend or resume it, and look again."""
        return change_execution(plan, as_admin=options.as_admin)


def next_action(report: ActionReport) -> tuple[str, AnyAction] | None:
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
