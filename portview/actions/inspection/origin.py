"""Why a process runs: the service or the container that it is, or else what started it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.owners.origin import Origin, OriginKind
from portview.i18n import join_list
from portview.readers.containers.directory import ContainerDirectory
from portview.readers.containers.kubernetes import with_kubernetes_names
from portview.readers.origins.started_by import started_by
from portview.readers.process_details import read_parents

if TYPE_CHECKING:
    from portview.actions.safety.process_facts import ProcessFacts
    from portview.domain.owners.process import ProcessKey

_BY_ITSELF = frozenset({"auto", "auto (delayed)", "enabled", "enabled-runtime"})


def origin_of(facts: ProcessFacts) -> Origin | None:
    """Return what a process comes from, None where it isn't known. Reads the machine.

    For showing alone: no decision rests on it.
    """
    if facts.container is not None:
        engines = ContainerDirectory()
        container = with_kubernetes_names(engines.by_id(facts.container))
        policy = engines.restart_policy(container)
        again = policy not in {"", "no"}
        return Origin(OriginKind.CONTAINER, container.label, policy, starts_again=again)
    service = next(iter(facts.shown_services), None)
    if service is not None:
        how = join_list(filter(None, (service.start_type or "", *service.triggers)))
        starts = service.start_type in _BY_ITSELF or bool(service.triggers)
        return Origin(OriginKind.SERVICE, service.name, how, starts_again=starts)
    if facts.shown_unit:
        return Origin(OriginKind.SERVICE, facts.shown_unit)
    return started_by(facts.info, read_parents(facts.key).parents)


def origin_of_key(key: ProcessKey) -> str:
    """Return in one line why a process runs and what starts it again; blocks as services do."""
    from portview.actions.inspection.process_inspection import ProcessInspector  # noqa: PLC0415
    from portview.domain.owners.origin import describe_origin  # noqa: PLC0415

    facts = ProcessInspector().facts_of(key)
    return describe_origin(origin_of(facts), facts.restarted_by)
