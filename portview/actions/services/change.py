"""Stop, start and restart a service, and look again after each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.actions.elevation.client import run_elevated
from portview.actions.elevation.request import ElevatedOperation, ElevatedRequest
from portview.actions.inspection.process_inspection import ProcessInspector
from portview.actions.inspection.verification import changed_since, find_changes
from portview.actions.safety.refusals import (
    Refusal,
    refusal,
    service_refusal,
    services_unreadable,
)
from portview.actions.service_control.choose import open_service_control
from portview.actions.service_control.interface import service_failed
from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.domain.facts import Unreadable, known_or
from portview.domain.owners.service import Service, ServiceState
from portview.domain.plain_text import quoted
from portview.i18n import _, join_list, join_sentences
from portview.readers.process_identity import has_ended
from portview.readers.running_program import read_program

if TYPE_CHECKING:
    from portview.actions.safety.process_facts import ProcessFacts, SelfContext, ServiceFacts
    from portview.actions.safety.seen_process import SeenProcess
    from portview.actions.service_control.interface import ServiceControl

_TIMEOUT_S = 30.0
USERS_OWN = "systemd --user"
"""The manager of services that belong to one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReport(ActionReport):
    """How a change of a service ended, and what is known about it afterwards."""

    service: ServiceFacts

    @property
    def is_stopped(self) -> bool:
        """Return whether the service does not run now."""
        return self.service.service.state is ServiceState.STOPPED


def read_service(name: str, *, of_user: bool = False) -> ServiceFacts:
    """Read what is known about a service. Raises PortViewError."""
    return open_service_control(of_user=of_user).describe(name)


def stop_service(
    seen: ServiceFacts, *, as_admin: bool = False, holder: SeenProcess | None = None
) -> ServiceReport:
    """Stop a service and its dependents, those that the person saw and no others.

    ``holder`` is the process for which it is stopped: nothing is done if that is not as it was
    seen. Raises PortViewError, also where other services depend on it by now.
    """
    control = _control_of(seen)
    if as_admin:
        _elevated(ElevatedOperation.STOP_SERVICE, control, seen, holder)
    else:
        if holder is not None:
            check_holder(holder, seen.name)
        check_service(control.describe(seen.name), ProcessInspector().standpoint())
        _stop(control, seen, control.describe(seen.name))
    after = control.describe(seen.name)
    if after.service.state is not ServiceState.STOPPED:
        raise service_failed(
            seen.name, "stopped", _("it is {state}.").format(state=after.service.state)
        )
    return ServiceReport(
        Outcome.DONE,
        _("Stop the service {seen_name}.").format(seen_name=seen.name),
        _describe_stopped(seen),
        _("{seen_name} is stopped.").format(seen_name=seen.name),
        comes_back(after),
        service=after,
    )


def start_service(seen: ServiceFacts, *, as_admin: bool = False) -> ServiceReport:
    """Start a service and see that it runs. Raises PortViewError."""
    control = _control_of(seen)
    if as_admin:
        _elevated(ElevatedOperation.START_SERVICE, control, seen)
    elif control.describe(seen.name).service.state is not ServiceState.RUNNING:
        control.start(seen.name, _TIMEOUT_S)
    return _running(
        control,
        seen,
        _("Start the service {seen_name}.").format(seen_name=seen.name),
        _("It was started."),
    )


def restart_service(seen: ServiceFacts, *, as_admin: bool = False) -> ServiceReport:
    """Stop a service, start it again, and start those again that had to stop with it.

    Raises PortViewError, which then says how far it went.
    """
    control = _control_of(seen)
    if as_admin:
        _elevated(ElevatedOperation.RESTART_SERVICE, control, seen)
    else:
        check_service(control.describe(seen.name), ProcessInspector().standpoint())
        _stop(control, seen, control.describe(seen.name))
        control.start(seen.name, _TIMEOUT_S)
        for dependent in reversed(seen.dependents):
            control.start(dependent.name, _TIMEOUT_S)
    words = join_sentences(_describe_stopped(seen), _("It was then started again."))
    return _running(
        control, seen, _("Restart the service {seen_name}.").format(seen_name=seen.name), words
    )


def check_service(seen: ServiceFacts, standpoint: SelfContext) -> None:
    """Raise PortViewError where a service, or one that would stop with it, must not be stopped."""
    refused = service_refusal(seen, standpoint)
    if refused is not None:
        raise PortViewError(refused.code, refused.reason, refused.advice, Outcome.NOT_DONE)


def check_holder(holder: SeenProcess, service: str) -> None:
    """Raise PortViewError where a process is not as it was seen, or not of that service any more.

    One that has ended by itself is no reason to leave its service alone.
    """
    if has_ended(holder.key):
        return

    def refuse(process: ProcessFacts, standpoint: SelfContext, port: int | None) -> Refusal | None:
        refused = refusal(process, standpoint, port)
        if refused is not None:
            return refused
        if isinstance(process.services, Unreadable):
            return services_unreadable(process.services)
        if any(one.name == service for one in known_or(process.services, ())):
            return None
        reason = _("It does not run the service {service} any more.").format(service=service)
        return Refusal("not_the_service", reason)

    changes = find_changes([holder], read_program, refuse=refuse, has_begun=True)
    if changes:
        raise changed_since(changes)


def comes_back(service: ServiceFacts) -> str:
    """Return when a stopped service runs again, so that nobody wonders; empty if it does not."""
    if service.triggers:
        units = " ".join(service.triggers)
        return _("It is started again on demand by {units}: stop that as well.").format(units=units)
    if service.start_type in {"auto", "auto (delayed)", "enabled", "static", "generated", "alias"}:
        return _("Its start type is {start_type}: it comes back when the computer starts.").format(
            start_type=quoted(service.start_type)
        )
    return ""


def _stop(control: ServiceControl, seen: ServiceFacts, now: ServiceFacts) -> None:
    _check_dependents(seen, now)
    for dependent in now.dependents:
        control.stop(dependent.name, _TIMEOUT_S)
    if now.service.state is not ServiceState.STOPPED:
        control.stop(seen.name, _TIMEOUT_S)


def _check_dependents(seen: ServiceFacts, now: ServiceFacts) -> None:
    unseen = _names(now.dependents) - _names(seen.dependents)
    if unseen:
        raise PortViewError(
            "dependents_changed",
            _("More services depend on {seen_name} now: {unseen}. Nothing was done.").format(
                seen_name=seen.name, unseen=join_list(sorted(unseen))
            ),
            _("Check again before you continue."),
            Outcome.NOT_DONE,
        )


def _elevated(
    verb: ElevatedOperation,
    control: ServiceControl,
    seen: ServiceFacts,
    holder: SeenProcess | None = None,
) -> None:
    _check_dependents(seen, control.describe(seen.name))
    run_elevated(ElevatedRequest(verb, (holder,) if holder else (), service=seen.name))


def _running(control: ServiceControl, seen: ServiceFacts, asked: str, done: str) -> ServiceReport:
    after = control.describe(seen.name)
    if after.service.state is not ServiceState.RUNNING:
        raise service_failed(
            seen.name, "started", _("it is {state}.").format(state=after.service.state)
        )
    return ServiceReport(Outcome.DONE, asked, done, f"{seen.name} runs.", service=after)


def _control_of(seen: ServiceFacts) -> ServiceControl:
    return open_service_control(of_user=seen.manager == USERS_OWN)


def _names(services: tuple[Service, ...]) -> set[str]:
    return {service.name for service in services}


def _describe_stopped(seen: ServiceFacts) -> str:
    if not seen.dependents:
        return _("The service {seen_name} was stopped.").format(seen_name=seen.name)
    names = join_list(service.name for service in seen.dependents)
    return _(
        "The service {seen_name} was stopped, and before it those that depend on it: {names}."
    ).format(seen_name=seen.name, names=names)
