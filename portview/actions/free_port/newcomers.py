"""Whether a plan to free a port still fits, before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.inspection.process_inspection import ProcessInspector, read_rows
from portview.actions.port_usage import port_use
from portview.actions.safety.process_words import describe_process
from portview.actions.safety.seen_process import socket_id
from portview.actions.stopping.stop import Ending, StopResult
from portview.domain.facts import known_or
from portview.domain.sockets.socket_row import endpoint_text
from portview.i18n import _, join_sentences
from portview.readers.process_identity import has_ended

if TYPE_CHECKING:
    from portview.actions.free_port.plan import FreePlan
    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.socket_row import SocketRow


def changed_results(plan: FreePlan) -> tuple[StopResult, ...]:
    """Return that nothing is done, and why, where others hold the port by now; else nothing.

    To stop those who were seen would not free the port, and the others were not seen. Each process
    that was seen is compared by itself, on its handle, when it is stopped.
    """
    alive = [key for key in _keys(plan) if not has_ended(key)]
    newcomers = _newcomers(plan) if alive else []
    if not newcomers:
        return ()
    inspector = ProcessInspector()
    services = {step.service.name for step in plan.steps if step.service}
    sentences = []
    for row in newcomers:
        name = describe_process(None, row.pid)
        if row.owner is not None:
            facts = inspector.facts_of(row.owner)
            if services & {one.name for one in known_or(facts.services, ())}:
                continue  # Another process of the very service that is stopped.
            name = describe_process(facts.info)
        words = _("{name} now holds {endpoint}.")
        sentences.append(words.format(name=name, endpoint=endpoint_text(row.local)))
    if not sentences:
        return ()
    text = join_sentences(*dict.fromkeys(sentences))
    return tuple(
        StopResult(key, Ending.CHANGED, detail=text)
        if key in alive
        else StopResult(key, Ending.GONE)
        for key in _keys(plan)
    )


def _newcomers(plan: FreePlan) -> list[SocketRow]:
    """Return the sockets in the way that are not of the plan. One that is passed over must stay."""
    planned = {socket_id(row) for step in plan.steps for row in step.sockets}
    spared = {row.key for row in plan.left_alone}
    return [
        row
        for row in port_use(read_rows(), plan.request).holding
        if socket_id(row) not in planned and row.key not in spared
    ]


def _keys(plan: FreePlan) -> list[ProcessKey]:
    keys = [one.key for one in plan.seen]
    keys += [step.process.key for step in plan.steps if step.service and step.process]
    return list(dict.fromkeys(keys))
