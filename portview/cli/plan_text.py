"""A plan as a person at a terminal reads it: who, what, and what is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.free_port.plan import PlanAction
from portview.actions.free_port.plan_summary import (
    shown_groups,
    summary_of_steps,
)
from portview.actions.free_port.restart_words import restart_sentences
from portview.actions.safety.blockage_words import blockage_sentence
from portview.actions.safety.process_facts import CloseMethod
from portview.actions.safety.process_words import describe_process, named_processes
from portview.actions.services.change import comes_back
from portview.domain.owners.explanations import describe_suspended
from portview.domain.owners.identity import identity_of
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import endpoint_text
from portview.i18n import N_, _, join_sentences, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portview.actions.free_port.plan import FreePlan, PlanStep
    from portview.actions.safety.process_facts import ProcessFacts, ServiceFacts
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow

_LONGEST_COMMAND = 160
_MOST_NAMED = 5

_CLOSE_METHOD_LABELS = {
    CloseMethod.SIGNAL: N_("ask it to close (SIGTERM)"),
    CloseMethod.WINDOW: N_("ask it to close (WM_CLOSE to its windows)"),
    CloseMethod.CONSOLE: N_("ask it to close (CTRL+BREAK in its console)"),
    CloseMethod.GROUP: N_("ask it to close (CTRL+BREAK to its process group)"),
    CloseMethod.INTERRUPT: N_("ask it to close (CTRL+C in the terminal that it was typed in)"),
}


def plan_lines(plan: FreePlan, grace_s: float) -> Iterator[str]:
    """Yield the lines that show a plan."""
    if plan.is_shared:
        text = _("Programs share {port} on purpose; a further one can join without stopping any.")
        yield text.format(port=plan.request)
    elif not plan.steps:
        yield _("No process holds {port}.").format(port=plan.request)
    groups, rest = shown_groups(plan.steps)
    for group in groups:
        others = [one.process.info for one in group.others if one.process]
        yield from step_lines(group.first, grace_s, others, is_possible=plan.is_possible)
    if rest:
        yield summary_of_steps(rest, is_possible=plan.is_possible)
    if plan.is_possible:
        for sentence in restart_sentences(plan.steps):
            yield f"  {sentence}"
    if plan.served and plan.is_possible:
        count = len(plan.served)
        yield "  " + ngettext(
            "{count} open connection of it will be closed.",
            "{count} open connections of it will be closed.",
            count,
        ).format(count=count)
    for row in plan.left_alone[:_MOST_NAMED]:
        yield neighbour_line(row, plan.neighbours.get(row.owner) if row.owner else None)
    if len(plan.left_alone) > _MOST_NAMED:
        yield _("Left alone: {count} more sockets of others.").format(
            count=len(plan.left_alone) - _MOST_NAMED
        )


def neighbour_line(row: SocketRow, info: ProcessInfo | None) -> str:
    """Return the line about a socket of another program that is not touched."""
    who = describe_process(info, row.pid)
    if row.remote is None:
        text = _("Left alone: {local} of {who}, which doesn't block the port.")
        return text.format(local=endpoint_text(row.local), who=who)
    text = _("Left alone: {who} has a connection {local} -> {remote} that only uses this number.")
    return text.format(who=who, local=endpoint_text(row.local), remote=endpoint_text(row.remote))


def step_lines(
    step: PlanStep,
    grace_s: float,
    others: Sequence[ProcessInfo] = (),
    *,
    is_possible: bool = True,
) -> Iterator[str]:
    """Yield the lines for one holder, and for ``others`` of the same program that are alike.

    Where the plan is not possible, nothing is done to it.
    """
    where = ", ".join(dict.fromkeys(endpoint_text(row.local) for row in step.sockets))
    process = step.process
    who = describe_process(process.info if process else None)
    held = (
        _("{where} is most likely held by {who}")
        if step.is_guess
        else _("{where} is held by {who}")
    )
    yield held.format(where=where, who=who) if where else who[:1].upper() + who[1:]
    if others:
        words = ngettext(
            "and by {count} more process of the same program: PID {pids}",
            "and by {count} more processes of the same program: PID {pids}",
            len(others),
        )
        pids = ", ".join(str(one.pid) for one in others[:_MOST_NAMED])
        more = ", …" if len(others) > _MOST_NAMED else ""
        yield "  " + words.format(count=len(others), pids=pids + more)
    if process is not None:
        yield from process_lines(process)
    if step.kind is PlanAction.REFUSE and step.refusal:
        yield "  " + _("-> left alone: {reason}").format(reason=step.refusal.reason)
        yield f"     {step.refusal.advice}"
        return
    if not is_possible:
        yield "  " + _("-> also not stopped: stopping it wouldn't free the port")
        return
    if step.kind is PlanAction.STOP_SERVICE and step.service:
        yield from service_lines(step.service, "stop")
        return
    if step.tree:
        under = "  " + _("-> first what runs under it: {processes}")
        yield under.format(processes=named_processes([member.info for member in step.tree]))
    if step.kind is PlanAction.ASK and process:
        method = _(_CLOSE_METHOD_LABELS[process.asking])
        yield "  " + _("-> {method}; end it if it still runs after {grace_s:g} s").format(
            method=method, grace_s=grace_s
        )
    else:
        if process is not None and process.why_not_asked:
            yield f"  {process.why_not_asked}"
        yield "  " + _("-> end it at once, without a chance to save anything")


def service_lines(service: ServiceFacts, verb: str) -> Iterator[str]:
    """Yield the lines for a service that is to be stopped, started or restarted."""
    title = inert(service.service.display_name, 80)
    line = {
        "stop": _("-> stop the service {service_name} ({title})"),
        "start": _("-> start the service {service_name} ({title})"),
        "restart": _("-> restart the service {service_name} ({title})"),
    }[verb]
    yield "  " + line.format(service_name=inert(service.name, 80), title=title)
    if service.dependents and verb != "start":
        names = ", ".join(inert(dependent.name, 80) for dependent in service.dependents)
        yield "     " + _("These depend on it and stop first: {names}").format(names=names)
    start_type = _("Start type: {value}.").format(value=service.start_type or _("unknown"))
    yield "     " + join_sentences(start_type, comes_back(service))


def process_lines(process: ProcessFacts) -> Iterator[str]:
    """Yield the lines that tell one process apart from others."""
    info = process.info
    if what := identity_of(info).what:
        yield f"  {what}"
    if info.command_line:
        yield f"  {inert(' '.join(info.command_line), _LONGEST_COMMAND)}"
    details = [_("user {user}").format(user=inert(info.user, 80))] if info.user else []
    if parent := process.shown_parent:
        details.append(_("started by {process}").format(process=describe_process(parent)))
    if process.shown_unit and not process.shown_services:
        details.append(_("inside the unit {shown_unit}").format(shown_unit=process.shown_unit))
    if details:
        yield f"  {', '.join(details)}"
    if still := describe_suspended(process.execution):
        yield f"  {still}"
    if blocked := blockage_sentence(process.blockage):
        yield f"  {blocked}"
