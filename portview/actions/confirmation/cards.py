"""One card for each holder, service or neighbour: who it is and what happens to it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.actions.free_port.plan import PlanAction
from portview.actions.safety.blockage_words import blockage_sentence
from portview.actions.safety.process_facts import CloseMethod
from portview.actions.services.change import comes_back
from portview.domain.local_time import local_moment
from portview.domain.owners.explanations import describe_suspended
from portview.domain.owners.identity import identity_of
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import endpoint_text
from portview.i18n import N_, _, join_list, join_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.actions.free_port.plan import PlanStep
    from portview.actions.free_port.plan_summary import StepGroup
    from portview.actions.safety.process_facts import ProcessFacts, ServiceFacts
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.socket_row import SocketRow

LONGEST_NAME = 80
MOST_NAMED = 4
_LONGEST_COMMAND = 200

_CLOSE_METHOD_LABELS = {
    CloseMethod.SIGNAL: N_("It will be asked to close (SIGTERM)"),
    CloseMethod.WINDOW: N_("It will be asked to close, as with its window's close button"),
    CloseMethod.CONSOLE: N_("It will be asked to close (CTRL+BREAK)"),
    CloseMethod.GROUP: N_("It will be asked to close (CTRL+BREAK to its process group)"),
    CloseMethod.INTERRUPT: N_("It will be asked to close, as by CTRL+C in its terminal"),
}


class CardKind(StrEnum):
    """What a card is about.

    STOPS is what will be stopped, PAUSES what will be suspended, STAYS what keeps running. RULE
    is a rule of the firewall that is revoked, NEW_RULE one that is made, SETTING a setting of the
    system that is changed.
    """

    STOPS = "stops"
    PAUSES = "pauses"
    SERVICE = "service"
    REFUSED = "refused"
    STAYS = "stays"
    RULE = "rule"
    NEW_RULE = "new_rule"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Card:
    """One holder, service or neighbour. Every text is inert and may be shown as it is.

    ``title`` names it, ``details`` say it from others, ``consequence`` is what happens to it.
    ``members`` name further processes of the same program that the same happens to.
    """

    kind: CardKind
    title: str
    details: tuple[str, ...] = ()
    consequence: str = ""
    advice: str = ""
    members: tuple[str, ...] = ()


def group_card(group: StepGroup, grace_s: float, *, is_possible: bool = True) -> Card:
    """Describe a process, and those of its program that are alike, such as its workers."""
    card = step_card(group.first, grace_s, is_possible=is_possible)
    first = group.first.process
    parent = first.info.key if first is not None else None
    return replace(
        card, members=tuple(_member(step.process, parent) for step in group.others if step.process)
    )


def _member(process: ProcessFacts, master: ProcessKey | None) -> str:
    parent = process.shown_parent
    if parent is None or parent.key == master:
        return process_name(process)
    return _("{process}, started by {parent}").format(
        process=process_name(process), parent=inert(parent.name or str(parent.pid), LONGEST_NAME)
    )


def step_card(step: PlanStep, grace_s: float, *, is_possible: bool = True) -> Card:
    """Describe one step. Where the plan is not possible, nothing is done to anybody."""
    where = join_list(dict.fromkeys(endpoint_text(row.local) for row in step.sockets))
    details = identity(step.process)
    if where:
        details = (_("at {where}").format(where=where), *details)
    if step.refusal is not None:
        return Card(
            CardKind.REFUSED,
            process_name(step.process),
            details,
            _("Left alone. {reason}").format(reason=step.refusal.reason),
            step.refusal.advice,
        )
    if not is_possible:
        title = process_name(step.process)
        if step.service is not None:
            title = inert(step.service.service.display_name, LONGEST_NAME)
        consequence = _("Also not stopped: stopping it wouldn't free the port.")
        return Card(CardKind.STAYS, title, details, consequence)
    if step.service is not None:
        card = service_card(step.service, "stop")
        return Card(card.kind, card.title, (*details, *card.details), card.consequence, card.advice)
    likely = _("Most likely the holder.") if step.is_guess else ""
    tree = ""
    if step.tree:
        names = join_list(process_name(member) for member in step.tree[:MOST_NAMED])
        more = len(step.tree) - MOST_NAMED
        if more > 0:
            names = _("{names} and {more} more").format(names=names, more=more)
        tree = _("Its child processes are stopped first: {names}.").format(names=names)
    consequence = join_sentences(likely, _how(step, grace_s), tree)
    return Card(CardKind.STOPS, process_name(step.process), details, consequence)


def neighbour_card(row: SocketRow, info: ProcessInfo | None = None) -> Card:
    """Describe a socket of another program that is not touched."""
    name = inert(info.name, LONGEST_NAME) if info and info.name else ""
    whose = (
        _("{name}, PID {pid}").format(name=name, pid=row.pid)
        if name
        else _("PID {pid}").format(pid=row.pid)
        if row.pid
        else ""
    )
    if row.remote is None:
        return Card(
            CardKind.STAYS,
            endpoint_text(row.local),
            (whose or _("process not known"),),
            _("Left alone: it doesn't block the port."),
        )
    return Card(
        CardKind.STAYS,
        f"{endpoint_text(row.local)} \u2192 {endpoint_text(row.remote)}",
        (whose or _("process not known"),),
        _("Left alone: a connection that only happens to use the same local port."),
    )


def service_card(service: ServiceFacts, verb: str) -> Card:
    """Describe a service; ``verb`` is stop, start or restart."""
    details = [_("service {service_name}").format(service_name=inert(service.name, LONGEST_NAME))]
    if service.start_type:
        details.append(_("start type: {start_type}").format(start_type=service.start_type))
    consequence = {
        "stop": _("It will be stopped by the service manager."),
        "start": _("It will be started by the service manager."),
        "restart": _("The service manager will stop it and start it again."),
    }[verb]
    if service.dependents and verb != "start":
        names = join_list(inert(one.display_name, LONGEST_NAME) for one in service.dependents)
        consequence = join_sentences(
            consequence, _("These depend on it and stop first: {names}.").format(names=names)
        )
    return Card(
        CardKind.SERVICE,
        inert(service.service.display_name, LONGEST_NAME),
        tuple(details),
        consequence,
        comes_back(service) if verb == "stop" else "",
    )


def identity(process: ProcessFacts | None) -> tuple[str, ...]:
    """Return the lines that distinguish one process from others, inert."""
    return tuple(_identity_lines(process)) if process else ()


def _identity_lines(process: ProcessFacts) -> Iterator[str]:
    info = process.info
    if what := identity_of(info).what:
        yield what
    if info.command_line:
        yield inert(" ".join(info.command_line), _LONGEST_COMMAND)
    elif info.executable:
        yield inert(info.executable, _LONGEST_COMMAND)
    whose = [_("user {user}").format(user=inert(info.user, LONGEST_NAME))] if info.user else []
    if info.key.started_ms:
        whose.append(
            _("running since {local_moment}").format(local_moment=local_moment(info.key.started_ms))
        )
    if parent := process.shown_parent:
        whose.append(
            _("started by {value} (PID {pid})").format(
                value=inert(parent.name or "", LONGEST_NAME), pid=parent.pid
            )
        )
    unit = process.shown_unit
    if unit and not process.shown_services:
        whose.append(_("inside {unit}").format(unit=inert(unit, LONGEST_NAME)))
    if whose:
        yield join_list(whose)
    if still := describe_suspended(process.execution):
        yield still
    if blocked := blockage_sentence(process.blockage):
        yield blocked


def process_name(process: ProcessFacts | None) -> str:
    """Name a process for people, inert: "node, PID 4242"."""
    if process is None:
        return _("An unknown process")
    return _("{value}, PID {pid}").format(
        value=inert(process.info.name or _("A process"), LONGEST_NAME), pid=process.info.pid
    )


def _how(step: PlanStep, grace_s: float) -> str:
    process = step.process
    if step.kind is PlanAction.ASK and process:
        method = _(_CLOSE_METHOD_LABELS[process.asking])
        return _("{method}, and ended if it still runs after {grace_s:g} s.").format(
            method=method, grace_s=grace_s
        )
    why = ""
    if process is not None and process.asking is CloseMethod.NONE:
        why = process.why_not_asked or _("It can't be asked to close.")
        if process.execution.is_suspended:
            why = _("It can't be asked to close while suspended.")
    ended = _("It will be ended at once: unsaved data is lost.")
    return f"{why} {ended}" if why else ended
