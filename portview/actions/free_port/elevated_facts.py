"""Facts that only an administrator can read, on their way from the elevated process and back in.

They fill in what is unreadable here and change nothing that was read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from portview.actions.safety.process_facts import ServiceFacts
from portview.actions.safety.seen_process import SeenProcess, read_seen
from portview.domain.facts import ABSENT, NOT_READ, Absent, Fact, Known, Remedy, Unreadable
from portview.domain.owners.program import PROGRAM_NOT_READ, RunningProgram
from portview.domain.owners.service import Service, ServiceState

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.actions.safety.process_facts import ProcessFacts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ElevatedFacts:
    """What an administrator read about one process."""

    services: Fact[tuple[ServiceFacts, ...]] = NOT_READ
    is_critical: Fact[bool] = NOT_READ
    program: RunningProgram = PROGRAM_NOT_READ


def completed(facts: ProcessFacts, seen: ElevatedFacts) -> ProcessFacts:
    """Return facts in which an administrator's answers stand for what was unreadable."""
    program = facts.program if isinstance(facts.program.file, Known) else seen.program
    return replace(
        facts,
        services=_either(facts.services, seen.services),
        is_critical=_either(facts.is_critical, seen.is_critical),
        program=facts.program if program == PROGRAM_NOT_READ else program,
    )


def elevated_facts_values(facts: ProcessFacts) -> dict[str, Any]:
    """Return the facts as they travel; the elevated process's side."""
    return {
        "services": _value(facts.services, lambda found: [_service_values(one) for one in found]),
        "is_critical": _value(facts.is_critical, bool),
        "program": next(iter(SeenProcess(facts.key, facts.program).words())),
    }


def read_elevated_facts(values: dict[str, Any]) -> ElevatedFacts:
    """Read what travelled. Raises KeyError, TypeError or ValueError."""
    (seen,) = read_seen([str(values["program"])])
    return ElevatedFacts(
        _fact(values["services"], lambda found: tuple(_service_facts(one) for one in found)),
        _fact(values["is_critical"], bool),
        seen.program,
    )


def _either(fact: Fact[T], other: Fact[T]) -> Fact[T]:
    is_better = isinstance(fact, Unreadable) and not isinstance(other, Unreadable)
    return other if is_better else fact


def _value(fact: Fact[T], value_of: Callable[[T], Any]) -> dict[str, Any]:
    match fact:
        case Known(value):
            return {"known": value_of(value)}
        case Absent():
            return {"absent": True}
        case Unreadable(reason, remedy):
            return {"unreadable": reason, "remedy": remedy.value}


def _fact(values: dict[str, Any], read: Callable[[Any], T]) -> Fact[T]:
    if "known" in values:
        return Known(read(values["known"]))
    if values.get("absent") is True:
        return ABSENT
    return Unreadable(str(values["unreadable"]), Remedy(values["remedy"]))


def _service_values(facts: ServiceFacts) -> dict[str, Any]:
    return {
        "service": _one(facts.service),
        "manager": facts.manager,
        "start_type": facts.start_type,
        "dependents": [_one(dependent) for dependent in facts.dependents],
        "can_be_stopped": facts.can_be_stopped,
        "restarts": facts.restarts,
        "triggers": list(facts.triggers),
    }


def _one(service: Service) -> list[Any]:
    state = service.state.value if service.state else None
    return [service.name, service.display_name, state, service.pid]


def _service_facts(values: dict[str, Any]) -> ServiceFacts:
    start_type = values["start_type"]
    return ServiceFacts(
        _service(values["service"]),
        str(values["manager"]),
        str(start_type) if start_type is not None else None,
        tuple(_service(one) for one in values["dependents"]),
        bool(values["can_be_stopped"]),
        bool(values["restarts"]),
        tuple(str(unit) for unit in values["triggers"]),
    )


def _service(values: list[Any]) -> Service:
    name, display_name, state, pid = values
    return Service(
        str(name),
        str(display_name),
        ServiceState(state) if state is not None else None,
        int(pid) if pid is not None else None,
    )
