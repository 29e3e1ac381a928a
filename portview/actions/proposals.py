"""What a person is asked before something is done: who, what, and what is left alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.actions.connection_errors import connection_words
from portview.actions.plan import StepKind
from portview.actions.process_facts import Asking
from portview.actions.service_change import comes_back
from portview.actions.suspend_process import SuspendVerb, sockets_words
from portview.domain.owner_sentences import standing_still_words
from portview.domain.plain_text import inert
from portview.domain.sockets import endpoint_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.actions.close_connection import ClosePlan
    from portview.actions.plan import FreePlan, Step
    from portview.actions.process_facts import ProcessFacts, ServiceFacts
    from portview.actions.refusals import Refusal
    from portview.actions.suspend_process import SuspendPlan

_LONGEST_COMMAND = 200
_LONGEST_NAME = 80
_MOST_NAMED = 4

_ASKING_WORDS = {
    Asking.SIGNAL: "It will be asked to close (SIGTERM)",
    Asking.WINDOW: "It will be asked to close, as by the X of its window",
    Asking.CONSOLE: "It will be asked to close (CTRL+BREAK)",
}


class CardKind(StrEnum):
    """What a card is about.

    STOPS is what will not run any more, PAUSES what will stand still, STAYS what will go on. RULE
    is a rule of the firewall that is taken back.
    """

    STOPS = "stops"
    PAUSES = "pauses"
    SERVICE = "service"
    REFUSED = "refused"
    STAYS = "stays"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Card:
    """One holder, service or neighbour. Every text is inert and may be shown as it is.

    ``title`` names it, ``details`` tell it from others, ``consequence`` is what happens to it.
    """

    kind: CardKind
    title: str
    details: tuple[str, ...] = ()
    consequence: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question to a person. ``subject`` is what the act will be given if the answer is yes.

    ``verb`` labels the button; empty where there is nothing that can be done.
    """

    headline: str
    cards: tuple[Card, ...]
    subject: object
    verb: str = ""
    notes: tuple[str, ...] = ()
    has_tree: bool = False
    can_be_forced: bool = False


def propose_free(plan: FreePlan, grace_s: float) -> Proposal:
    """Put a plan for a port into a question."""
    cards = [_step_card(step, grace_s) for step in plan.steps]
    cards += [
        Card(
            CardKind.STAYS,
            f"{endpoint_text(row.local)} \u2192 {endpoint_text(row.remote)}",
            (f"PID {row.pid}" if row.pid else "process not known",),
            "Left alone: a connection that merely has the same local port number.",
        )
        for row in plan.left_alone[:_MOST_NAMED]
    ]
    notes = []
    if plan.served:
        many = len(plan.served)
        notes.append(
            f"{many} open connections are cut." if many > 1 else "1 open connection is cut."
        )
    if len(plan.left_alone) > _MOST_NAMED:
        notes.append(f"{len(plan.left_alone) - _MOST_NAMED} more connections are left alone.")
    if plan.guesses:
        notes.append("Who holds the port is only likely: the process that opened it has ended.")
    if not plan.steps:
        headline = f"No process holds {plan.request}."
    elif plan.is_possible:
        headline = f"Free {plan.request}?"
    else:
        headline = f"{plan.request} can't be freed like this. Nothing will be done."
    return Proposal(
        headline,
        tuple(cards),
        plan,
        f"Free port {plan.request.port}" if plan.is_possible else "",
        tuple(notes),
        has_tree=any(step.members for step in plan.steps),
        can_be_forced=any(step.kind is StepKind.ASK for step in plan.steps) or plan.request.force,
    )


def propose_end(step: Step, grace_s: float) -> Proposal:
    """Put the end of a process into a question."""
    name = _name(step.process)
    is_possible = step.kind is not StepKind.REFUSE
    with_tree = " and everything under it" if step.tree else ""
    return Proposal(
        f"End {name}{with_tree}?" if is_possible else f"{name} is left alone.",
        (_step_card(step, grace_s),),
        step,
        "End process tree" if step.tree else "End process" if is_possible else "",
        has_tree=is_possible,
        can_be_forced=is_possible,
    )


def propose_service(service: ServiceFacts, verb: str, refusal: Refusal | None) -> Proposal:
    """Put the change of a service into a question; ``verb`` is stop, start or restart."""
    title = inert(service.service.display_name, _LONGEST_NAME)
    if refusal is not None:
        card = Card(
            CardKind.REFUSED, title, (inert(service.name, 80),), refusal.reason, refusal.advice
        )
        return Proposal(f"{title} is left alone.", (card,), service)
    return Proposal(
        f"{verb.capitalize()} the service {title}?",
        (_service_card(service, verb),),
        service,
        f"{verb.capitalize()} service",
    )


def propose_close(plan: ClosePlan) -> Proposal:
    """Put the end of a connection into a question."""
    ends = [("Held by", plan.process), ("At the other end, on this machine", plan.peer)]
    cards = tuple(
        Card(CardKind.STAYS, _name(process), _identity(process), f"{place}; it goes on running.")
        for place, process in ends
        if process is not None
    )
    name = connection_words(plan.row)
    if plan.carries_portview:
        note = "PortView is used through this very connection; closing it would cut you off."
        return Proposal(f"{name} is left alone.", cards, plan, notes=(note,))
    return Proposal(f"Close the connection {name}?", cards, plan, "Close connection")


def propose_suspend(plan: SuspendPlan) -> Proposal:
    """Put suspending or resuming a process into a question."""
    name = _name(plan.process)
    details = _identity(plan.process)
    where = sockets_words(plan)
    if where:
        details = (f"at {where}", *details)
    if plan.refusal is not None:
        card = Card(
            CardKind.REFUSED,
            name,
            details,
            f"Left alone. {plan.refusal.reason}",
            plan.refusal.advice,
        )
        return Proposal(f"{name} is left alone.", (card,), plan)
    if plan.verb is SuspendVerb.RESUME:
        return _propose_resume(plan, Card(CardKind.STAYS, name, details))
    if plan.is_so_already:
        return Proposal(
            f"{name} stands still already.", (Card(CardKind.PAUSES, name, details),), plan
        )
    consequence = "It will stand still until it is resumed. Nothing that it holds is given back"
    consequence += ": it keeps its ports, and who connects there waits." if where else "."
    names = ", ".join(
        inert(service.service.display_name, _LONGEST_NAME) for service in plan.process.services
    )
    advice = f"It runs services, which stand still as well: {names}." if names else ""
    return Proposal(
        f"Suspend {name}?",
        (Card(CardKind.PAUSES, name, details, consequence, advice),),
        plan,
        "Suspend process",
    )


def _propose_resume(plan: SuspendPlan, card: Card) -> Proposal:
    if plan.is_so_already:
        return Proposal(f"{card.title} is not suspended: it runs.", (card,), plan)
    going_on = replace(card, consequence="It will go on where it was stopped.")
    return Proposal(f"Resume {card.title}?", (going_on,), plan, "Resume process")


def _step_card(step: Step, grace_s: float) -> Card:
    where = ", ".join(dict.fromkeys(endpoint_text(row.local) for row in step.sockets))
    details = _identity(step.process)
    if where:
        details = (f"at {where}", *details)
    if step.refusal is not None:
        return Card(
            CardKind.REFUSED,
            _name(step.process),
            details,
            f"Left alone. {step.refusal.reason}",
            step.refusal.advice,
        )
    if step.service is not None:
        card = _service_card(step.service, "stop")
        return Card(card.kind, card.title, (*details, *card.details), card.consequence, card.advice)
    likely = "Most likely the holder. " if step.is_guess else ""
    tree = ""
    if step.tree:
        names = ", ".join(_name(member) for member in step.tree[:_MOST_NAMED])
        more = len(step.tree) - _MOST_NAMED
        tree = f" Before it, what runs under it: {names}{f' and {more} more' if more > 0 else ''}."
    return Card(
        CardKind.STOPS, _name(step.process), details, f"{likely}{_how(step, grace_s)}{tree}"
    )


def _how(step: Step, grace_s: float) -> str:
    if step.kind is StepKind.ASK and step.process:
        asked = _ASKING_WORDS[step.process.asking]
        return f"{asked}, and ended if it still runs after {grace_s:g} s."
    return "It will be ended at once: what it has not saved is lost."


def _service_card(service: ServiceFacts, verb: str) -> Card:
    details = [f"service {inert(service.name, _LONGEST_NAME)}"]
    if service.start_type:
        details.append(f"start type: {service.start_type}")
    consequence = {
        "stop": "It will be stopped by the service manager.",
        "start": "It will be started by the service manager.",
        "restart": "The service manager will stop it and start it again.",
    }[verb]
    if service.dependents and verb != "start":
        names = ", ".join(inert(one.display_name, _LONGEST_NAME) for one in service.dependents)
        consequence += f" These depend on it and stop first: {names}."
    return Card(
        CardKind.SERVICE,
        inert(service.service.display_name, _LONGEST_NAME),
        tuple(details),
        consequence,
        comes_back(service) if verb == "stop" else "",
    )


def _identity(process: ProcessFacts | None) -> tuple[str, ...]:
    return tuple(_identity_lines(process)) if process else ()


def _identity_lines(process: ProcessFacts) -> Iterator[str]:
    info = process.info
    if info.command_line:
        yield inert(" ".join(info.command_line), _LONGEST_COMMAND)
    elif info.executable:
        yield inert(info.executable, _LONGEST_COMMAND)
    whose = [f"user {inert(info.user, _LONGEST_NAME)}"] if info.user else []
    if process.parent is not None:
        parent = inert(process.parent.name or "", _LONGEST_NAME)
        whose.append(f"started by {parent} (PID {process.parent.pid})")
    if process.unit and not process.services:
        whose.append(f"inside {inert(process.unit, _LONGEST_NAME)}")
    if whose:
        yield ", ".join(whose)
    if still := standing_still_words(process.execution):
        yield still


def _name(process: ProcessFacts | None) -> str:
    if process is None:
        return "An unknown process"
    return f"{inert(process.info.name or 'A process', _LONGEST_NAME)}, PID {process.info.pid}"
