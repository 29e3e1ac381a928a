"""What a person is asked before something is done: who, what, and what is left alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portview.actions.confirmation.cards import (
    LONGEST_NAME,
    MOST_NAMED,
    Card,
    CardKind,
    group_card,
    identity,
    neighbour_card,
    process_name,
    service_card,
    step_card,
)
from portview.actions.connections.errors import describe_connection
from portview.actions.free_port.plan import PlanAction
from portview.actions.free_port.plan_summary import shown_groups, summary_of_steps
from portview.actions.free_port.restart_words import restart_sentences
from portview.actions.processes.suspend import SuspendVerb, describe_sockets
from portview.domain.facts import Absent, Known
from portview.domain.plain_text import inert
from portview.i18n import _, join_list, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portview.actions.connections.close import ClosePlan
    from portview.actions.free_port.plan import FreePlan, PlanStep
    from portview.actions.processes.suspend import SuspendPlan
    from portview.actions.safety.process_facts import ServiceFacts
    from portview.actions.safety.refusals import Refusal
    from portview.domain.errors import ActionReport


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question to a person, as the window and the command line show it.

    ``verb`` labels the button; empty where there is nothing that can be done. ``notes`` sum up
    what the cards report one by one, ``warnings`` say what may be in the way. ``commands`` are the
    very commands that will run and can be copied into a terminal; every other text is inert.
    ``now`` says what is true before. ``is_hidden`` says that an administrator could see more,
    ``is_for_admin`` that what is refused here can be decided, and done, as administrator only.
    ``harms_nobody_else`` is proved: only programs of this person stop, none a service, no client
    of them is connected. Only then is the act what Enter does.
    """

    headline: str
    cards: tuple[Card, ...]
    verb: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    now: str = ""
    has_tree: bool = False
    can_be_forced: bool = False
    is_hidden: bool = False
    is_for_admin: bool = False
    harms_nobody_else: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what is to be read beside the cards, but the commands: warnings first."""
        now = (self.now,) if self.now else ()
        text = _("Warning: {warning}")
        return (*now, *(text.format(warning=one) for one in self.warnings), *self.notes)

    @property
    def will_run(self) -> tuple[str, ...]:
        """Return a line for each command."""
        text = _("This will run: {command}")
        return tuple(text.format(command=command) for command in self.commands)


def confirm_free(
    plan: FreePlan,
    grace_s: float,
    tried: ActionReport | None = None,
    *,
    own_user: str | None = None,
) -> Confirmation:
    """Put a plan for a port into a question.

    ``tried`` is what a bind showed where no process holds the port: there is nothing to ask then.
    ``own_user`` is whom PortView runs as, None where that could not be read.
    """
    is_possible = plan.is_possible
    groups, rest = shown_groups(plan.steps)
    cards = [group_card(group, grace_s, is_possible=is_possible) for group in groups]
    cards += [
        neighbour_card(row, plan.neighbours.get(row.owner) if row.owner else None)
        for row in plan.left_alone[:MOST_NAMED]
    ]
    if plan.is_shared:
        headline = _("{port} is shared on purpose: nothing has to be stopped.").format(
            port=plan.request
        )
    elif not plan.steps:
        headline = (
            tried.now if tried else _("No process holds {request}.").format(request=plan.request)
        )
    elif is_possible:
        headline = _("Free {request}?").format(request=plan.request)
    else:
        headline = _("{request} can't be freed like this. Nothing will be done.").format(
            request=plan.request
        )
    return Confirmation(
        headline,
        tuple(cards),
        _("Free port {port}").format(port=plan.request.port) if is_possible else "",
        (tried.next_step,) if tried and tried.next_step else tuple(_notes(plan, rest)),
        has_tree=is_possible and any(step.members for step in plan.steps),
        can_be_forced=is_possible
        and (plan.request.force or any(step.kind is PlanAction.ASK for step in plan.steps)),
        is_hidden=plan.is_hidden,
        harms_nobody_else=_harms_nobody_else(plan, own_user),
    )


def _harms_nobody_else(plan: FreePlan, own_user: str | None) -> bool:
    """Return whether it is certain that a plan stops nothing but this person's own programs."""
    if not plan.is_possible or plan.served or plan.guesses or own_user is None:
        return False
    if any(row.remote is not None and row.owner is None for row in plan.left_alone):
        return False  # A client that the server has not accepted yet belongs to no process.
    return all(
        step.service is None
        and step.process is not None
        and isinstance(step.process.services, (Known, Absent))
        and not step.process.shown_services
        and all(member.info.user == own_user for member in step.members)
        for step in plan.steps
    )


def _notes(plan: FreePlan, rest: Sequence[PlanStep] = ()) -> Iterator[str]:
    """Yield what must be known even by somebody who does not read every card.

    ``rest`` are the steps that have no card of their own.
    """
    if rest:
        yield summary_of_steps(rest, is_possible=plan.is_possible)
    if plan.is_possible:
        services = len({step.service.name for step in plan.steps if step.service})
        processes = len({member.key for step in plan.steps for member in step.members})
        if processes + services > 1:
            yield _stopped_sentence(processes, services)
        yield from restart_sentences(plan.steps)
        if plan.served:
            yield ngettext(
                "{count:,} open connection will be closed.",
                "{count:,} open connections will be closed.",
                len(plan.served),
            ).format(count=len(plan.served))
    if plan.guesses:
        yield _(
            "The process that opened the port has exited; the one listed most likely inherited it."
        )
    if len(plan.left_alone) > MOST_NAMED:
        more = len(plan.left_alone) - MOST_NAMED
        yield ngettext(
            "{count:,} more connection won't be closed.",
            "{count:,} more connections won't be closed.",
            more,
        ).format(count=more)


def _stopped_sentence(processes: int, services: int) -> str:
    of_processes = ngettext("{count:,} process", "{count:,} processes", processes).format(
        count=processes
    )
    of_services = ngettext("{count:,} service", "{count:,} services", services).format(
        count=services
    )
    if processes and services:
        return _("{processes} and {services} will be stopped.").format(
            processes=of_processes, services=of_services
        )
    return _("{what} will be stopped.").format(what=of_processes if processes else of_services)


def confirm_end(step: PlanStep, grace_s: float) -> Confirmation:
    """Put the end of a process into a question."""
    name = process_name(step.process)
    is_possible = step.kind is not PlanAction.REFUSE
    verb = _("End process tree") if step.tree else _("End process")
    question = _("End {name} and everything under it?") if step.tree else _("End {name}?")
    return Confirmation(
        (question if is_possible else _("{name} is left alone.")).format(name=name),
        (step_card(step, grace_s),),
        verb if is_possible else "",
        restart_sentences([step]),
        has_tree=is_possible,
        can_be_forced=is_possible,
        is_for_admin=step.refusal is not None and step.refusal.needs_admin,
    )


def confirm_service(service: ServiceFacts, verb: str, refusal: Refusal | None) -> Confirmation:
    """Put the change of a service into a question; ``verb`` is stop, start or restart."""
    title = inert(service.service.display_name, LONGEST_NAME)
    if refusal is not None:
        card = Card(
            CardKind.REFUSED, title, (inert(service.name, 80),), refusal.reason, refusal.advice
        )
        return Confirmation(_("{title} is left alone.").format(title=title), (card,))
    question, button = {
        "stop": (_("Stop the service {title}?"), _("Stop service")),
        "start": (_("Start the service {title}?"), _("Start service")),
        "restart": (_("Restart the service {title}?"), _("Restart service")),
    }[verb]
    return Confirmation(question.format(title=title), (service_card(service, verb),), button)


def confirm_close(plan: ClosePlan) -> Confirmation:
    """Put the end of a connection into a question."""
    ends = [
        (_("At this end; it keeps running."), plan.process),
        (_("At the other end, on this machine; it keeps running."), plan.peer),
    ]
    cards = tuple(
        Card(
            CardKind.STAYS,
            process_name(process),
            identity(process),
            place,
        )
        for place, process in ends
        if process is not None
    )
    name = describe_connection(plan.row)
    if plan.carries_portview:
        note = _("PortView is used through this very connection; closing it would cut you off.")
        return Confirmation(_("{name} is left alone.").format(name=name), cards, notes=(note,))
    return Confirmation(
        _("Close the connection {name}?").format(name=name), cards, _("Close connection")
    )


def confirm_suspend(plan: SuspendPlan) -> Confirmation:
    """Put suspending or resuming a process into a question."""
    name = process_name(plan.process)
    details = identity(plan.process)
    where = describe_sockets(plan)
    if where:
        details = (_("at {where}").format(where=where), *details)
    if plan.refusal is not None:
        card = Card(
            CardKind.REFUSED,
            name,
            details,
            _("Left alone. {reason}").format(reason=plan.refusal.reason),
            plan.refusal.advice,
        )
        return Confirmation(_("{name} is left alone.").format(name=name), (card,))
    if plan.verb is SuspendVerb.RESUME:
        return _propose_resume(plan, Card(CardKind.STAYS, name, details))
    if plan.is_so_already:
        return Confirmation(
            _("{name} is already suspended.").format(name=name),
            (Card(CardKind.PAUSES, name, details),),
        )
    consequence = (
        _(
            "It will be paused until you resume it. It keeps its ports; clients that connect will "
            "hang."
        )
        if where
        else _("It will be paused until you resume it.")
    )
    names = join_list(
        inert(service.service.display_name, LONGEST_NAME) for service in plan.process.shown_services
    )
    advice = (
        _("It runs services, which are suspended as well: {names}.").format(names=names)
        if names
        else ""
    )
    return Confirmation(
        _("Suspend {name}?").format(name=name),
        (Card(CardKind.PAUSES, name, details, consequence, advice),),
        _("Suspend process"),
    )


def _propose_resume(plan: SuspendPlan, card: Card) -> Confirmation:
    if plan.is_so_already:
        return Confirmation(
            _("{title} is not suspended: it runs.").format(title=card.title), (card,)
        )
    going_on = replace(card, consequence=_("It will continue where it was suspended."))
    return Confirmation(
        _("Resume {title}?").format(title=card.title), (going_on,), _("Resume process")
    )
