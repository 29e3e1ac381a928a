"""Why a process must not be stopped by itself: the refusals, and what could not be read. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.safety.refusals import (
    Refusal,
    refusal,
    services_unreadable,
    unreadable_refusal,
)
from portview.command_name import command_line
from portview.domain.facts import Known, Unreadable
from portview.i18n import _, join_list

if TYPE_CHECKING:
    from portview.actions.safety.process_facts import ProcessFacts, SelfContext


def stop_refusal(
    process: ProcessFacts, standpoint: SelfContext, port: int | None = None
) -> Refusal | None:
    """Return why a process must not be stopped by itself; None if it may be."""
    return refusal(process, standpoint, port) or service_reason(process) or program_reason(process)


def service_reason(process: ProcessFacts) -> Refusal | None:
    """Return why a process that runs a service, or may run one, is not ended by itself."""
    match process.services:
        case Known(services) if services:
            names = join_list(service.name for service in services)
            return Refusal(
                "is_service",
                _(
                    "This process runs the service {names}, which its manager would start again."
                ).format(names=names),
                _("Stop the service: {command}").format(
                    command=command_line("service", "stop", services[0].name)
                ),
            )
        case Unreadable() as unreadable:
            return services_unreadable(unreadable)
        case _:
            return None


def program_reason(process: ProcessFacts) -> Refusal | None:
    """Return why nothing is done to a process of which not even the name could be read."""
    file, command = process.program.file, process.program.command
    if not (isinstance(file, Unreadable) and isinstance(command, Unreadable)):
        return None
    return unreadable_refusal(
        "program_unreadable",
        _("PortView can't read which program this process runs: {reason}.").format(
            reason=file.reason
        ),
        file.remedy,
    )
