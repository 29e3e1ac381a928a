"""From who holds a port to what is to be done about it, before anything is done. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.actions.safety.process_facts import CloseMethod
from portview.actions.safety.refusals import (
    Refusal,
    refusal,
    service_refusal,
    services_unreadable,
)
from portview.actions.safety.seen_process import SeenProcess, sockets_of
from portview.actions.safety.stop_refusal import program_reason, stop_refusal
from portview.actions.safety.unknown_owners import unknown_owner
from portview.command_name import command_line
from portview.domain.facts import Known, Unreadable
from portview.domain.sockets.socket_row import OwnerProblem
from portview.i18n import _, join_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portview.actions.port_usage import FreeRequest, PortUse
    from portview.actions.safety.process_facts import ProcessFacts, SelfContext, ServiceFacts
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.socket_row import SocketRow


class PlanAction(StrEnum):
    """What is proposed for one holder, from gentle to hard.

    ASK: ask the process to close, and end it if it still runs after the grace time. END: end it at
    once. STOP_SERVICE: have the service manager stop it. REFUSE: leave it alone.
    """

    ASK = "ask_to_close"
    END = "end"
    STOP_SERVICE = "stop_service"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What is proposed for one holder and why.

    ``process`` is None where the holder is not known. ``tree`` are the processes under it that end
    as well, deepest first. ``is_guess`` marks a process that most likely inherited the socket.
    """

    kind: PlanAction
    process: ProcessFacts | None = None
    sockets: tuple[SocketRow, ...] = ()
    service: ServiceFacts | None = None
    tree: tuple[ProcessFacts, ...] = ()
    refusal: Refusal | None = None
    is_guess: bool = False

    @property
    def members(self) -> tuple[ProcessFacts, ...]:
        """Return every process that this step stops by itself, deepest first."""
        if self.process is None or self.kind not in {PlanAction.ASK, PlanAction.END}:
            return ()
        return (*self.tree, self.process)

    @property
    def holder(self) -> SeenProcess | None:
        """Return the holder as it has to be when this step is done; None where it is not known."""
        if self.process is None:
            return None
        return SeenProcess(self.process.key, self.process.program, sockets_of(self.sockets))

    @property
    def seen(self) -> tuple[SeenProcess, ...]:
        """Return every process that this step stops, as it has to be when it is stopped."""
        if not self.members or self.holder is None:
            return ()
        return (*(SeenProcess(one.key, one.program) for one in self.tree), self.holder)


@dataclass(frozen=True, slots=True)
class FreePlan:
    """What PortView is about to do to free a port. Nothing was done yet.

    ``served`` are connections of the holders, which end with them; ``left_alone`` are sockets of
    others that only have the same local port number, or are in nobody's way; ``neighbours`` names
    their processes. ``is_shared`` says that programs share the port on purpose (mDNS), so that
    nothing has to be stopped for a further one.
    """

    request: FreeRequest
    steps: tuple[PlanStep, ...] = ()
    served: tuple[SocketRow, ...] = ()
    left_alone: tuple[SocketRow, ...] = ()
    closing: tuple[SocketRow, ...] = ()
    neighbours: Mapping[ProcessKey, ProcessInfo] = field(default_factory=dict)
    is_shared: bool = False

    @property
    def refused(self) -> tuple[PlanStep, ...]:
        """Return the steps that won't be done."""
        return tuple(step for step in self.steps if step.kind is PlanAction.REFUSE)

    @property
    def is_possible(self) -> bool:
        """Return whether the port can become free: one refusal makes every other step pointless."""
        return bool(self.steps) and not self.refused

    @property
    def is_hidden(self) -> bool:
        """Return whether an administrator's look could make the plan possible."""
        reasons = [step.refusal for step in self.refused if step.refusal]
        return bool(reasons) and all(reason.needs_admin for reason in reasons)

    @property
    def seen(self) -> tuple[SeenProcess, ...]:
        """Return every process that is stopped by itself, each once, as it has to be then."""
        seen: dict[ProcessKey, SeenProcess] = {}
        for step in self.steps:
            for one in step.seen:
                # A worker may hold the port itself and run under another holder as well.
                if one.key not in seen or one.sockets:
                    seen[one.key] = one
        return tuple(seen.values())

    @property
    def guesses(self) -> tuple[PlanStep, ...]:
        """Return the steps whose process only most likely is a holder."""
        return tuple(step for step in self.steps if step.is_guess)


def plan_free(
    request: FreeRequest,
    use: PortUse,
    facts: Mapping[ProcessKey, ProcessFacts],
    standpoint: SelfContext,
    trees: Mapping[ProcessKey, tuple[ProcessFacts, ...]] | None = None,
) -> FreePlan:
    """Propose a step for each holder of a port.

    ``facts`` describes the owners and likely holders, ``trees`` what runs under them. Services
    come first, then processes by age, so that a parent goes before the workers that it would
    otherwise replace.
    """
    steps: list[PlanStep] = []
    by_owner: dict[ProcessKey, list[SocketRow]] = {}
    for row in use.holding:
        if row.owner is not None:
            by_owner.setdefault(row.owner, []).append(row)
    for row in use.holding:
        heir = row.likely_holders[0] if len(row.likely_holders) == 1 else None
        if row.owner is None and heir in by_owner and heir is not None:
            by_owner[heir].append(row)
        elif row.owner is None and row.likely_holders:
            steps += _guesses(row, request, facts, standpoint, trees or {})
        elif row.owner is None:
            steps.append(PlanStep(PlanAction.REFUSE, sockets=(row,), refusal=unknown_owner(row)))
    for owner, rows in by_owner.items():
        process = facts.get(owner)
        if process is not None:
            steps += _steps_for(process, tuple(rows), request, standpoint, trees or {})
    owners = by_owner.keys()
    return FreePlan(
        request,
        tuple(sorted(_joined(steps), key=_order)),
        tuple(row for row in use.others if row.owner in owners),
        tuple(row for row in use.others if row.owner not in owners),
        use.closing,
    )


def plan_end(
    process: ProcessFacts,
    standpoint: SelfContext,
    *,
    force: bool = False,
    tree: tuple[ProcessFacts, ...] = (),
) -> PlanStep:
    """Propose how to end one process, with what runs under it where ``tree`` names that.

    The process of a service is refused in favour of stopping the service.
    """
    reason = stop_refusal(process, standpoint)
    if reason is not None:
        return PlanStep(PlanAction.REFUSE, process, tree=tree, refusal=reason)
    return _ending(process, (), standpoint, force=force, tree=tree)


def _guesses(
    row: SocketRow,
    request: FreeRequest,
    facts: Mapping[ProcessKey, ProcessFacts],
    standpoint: SelfContext,
    trees: Mapping[ProcessKey, tuple[ProcessFacts, ...]],
) -> list[PlanStep]:
    if len(row.likely_holders) > 1:
        return [PlanStep(PlanAction.REFUSE, sockets=(row,), refusal=_several_heirs(row))]
    if row.owner_problem is OwnerProblem.PID_REUSED:
        return [PlanStep(PlanAction.REFUSE, sockets=(row,), refusal=_heir_or_successor(row))]
    (heir,) = row.likely_holders
    process = facts.get(heir)
    if process is None:
        return [PlanStep(PlanAction.REFUSE, sockets=(row,), refusal=unknown_owner(row))]
    steps = _steps_for(process, (row,), request, standpoint, trees)
    return [replace(step, is_guess=True) for step in steps]


def _several_heirs(row: SocketRow) -> Refusal:
    pids = join_list(str(key.pid) for key in row.likely_holders)
    return Refusal(
        "several_heirs",
        _(
            "The process that opened this socket (PID {pid}) has ended, and "
            "which of its children holds it now can't be determined: {pids}."
        ).format(pid=row.pid, pids=pids),
        _("To end the right one: {command}").format(
            command=command_line("end", "PID", "--started", "TIME")
        ),
    )


def _heir_or_successor(row: SocketRow) -> Refusal:
    """Return why a single heir is not ended where another process has the owner's PID.

    Only their start times report the heir of the owner from a child of that process, and a clock
    that was set back makes the owner itself seem younger than its socket.
    """
    (heir,) = row.likely_holders
    return Refusal(
        "several_heirs",
        _(
            "Two processes may hold this socket, and which of them does can't be determined: "
            "PID {heir}, if the process that opened it has ended, or PID {pid} itself, if the "
            "clock was set back."
        ).format(heir=heir.pid, pid=row.pid),
        _("To end the right one: {command}").format(
            command=command_line("end", "PID", "--started", "TIME")
        ),
    )


def _steps_for(
    process: ProcessFacts,
    rows: tuple[SocketRow, ...],
    request: FreeRequest,
    standpoint: SelfContext,
    trees: Mapping[ProcessKey, tuple[ProcessFacts, ...]],
) -> list[PlanStep]:
    reason = refusal(process, standpoint, request.port) or program_reason(process)
    if reason is not None:
        return [PlanStep(PlanAction.REFUSE, process, rows, refusal=reason)]
    match process.services:
        case Known(services) if services:
            return _service_steps(process, services, rows, standpoint)
        case Unreadable() as unreadable:
            why = services_unreadable(unreadable)
            return [PlanStep(PlanAction.REFUSE, process, rows, refusal=why)]
        case _:
            pass
    tree = trees.get(process.key, ()) if request.tree else ()
    return [_ending(process, rows, standpoint, force=request.force, tree=tree)]


def _ending(
    process: ProcessFacts,
    rows: tuple[SocketRow, ...],
    standpoint: SelfContext,
    *,
    force: bool,
    tree: tuple[ProcessFacts, ...],
) -> PlanStep:
    for member in tree:
        reason = stop_refusal(member, standpoint)
        if reason is not None:
            why = Refusal(
                "tree_refused",
                _("Under it runs {info_name} (PID {pid}). {reason}").format(
                    info_name=member.info.name, pid=member.key.pid, reason=reason.reason
                ),
                _("Leave the tree out, or end its parts one by one."),
                reason.needs_admin,
            )
            return PlanStep(PlanAction.REFUSE, process, rows, tree=tree, refusal=why)
    kind = PlanAction.END if force or process.asking is CloseMethod.NONE else PlanAction.ASK
    return PlanStep(kind, process, rows, tree=tree)


def _service_steps(
    process: ProcessFacts,
    services: tuple[ServiceFacts, ...],
    rows: tuple[SocketRow, ...],
    standpoint: SelfContext,
) -> list[PlanStep]:
    named = {name.lower() for row in rows for name in row.services}
    meant = [s for s in services if not named or s.name.lower() in named]
    if len(meant) > 1 and any(len(row.services) != 1 for row in rows):
        names = join_list(service.name for service in meant)
        why = Refusal(
            "several_services",
            _(
                "This process runs several services, and which of them holds the "
                "port can't be determined: {names}."
            ).format(names=names),
            _("To stop the right one: {command}").format(
                command=command_line("service", "stop", "NAME")
            ),
        )
        return [PlanStep(PlanAction.REFUSE, process, rows, refusal=why)]
    steps = []
    for service in meant or services:
        of_it = tuple(row for row in rows if not row.services or service.name in row.services)
        reason = service_refusal(service, standpoint)
        kind = PlanAction.REFUSE if reason else PlanAction.STOP_SERVICE
        steps.append(PlanStep(kind, process, of_it, service, refusal=reason))
    return steps


def _joined(steps: Iterable[PlanStep]) -> list[PlanStep]:
    """Make one step of those for the same service, which may have many processes, or process."""
    joined: dict[object, PlanStep] = {}
    for position, step in enumerate(steps):
        name: object = step.process.key if step.process else position
        if step.service:
            name = step.service.name
        first = joined.get(name)
        if first is None:
            joined[name] = step
            continue
        sockets = tuple(dict.fromkeys((*first.sockets, *step.sockets)))
        # What is refused for one of its sockets is not done for another.
        refused = first if first.refusal else step
        joined[name] = replace(
            first,
            kind=refused.kind if refused.refusal else first.kind,
            refusal=refused.refusal,
            sockets=sockets,
        )
    return list(joined.values())


def _order(step: PlanStep) -> tuple[bool, int, int]:
    key = step.process.key if step.process else None
    started_ms, pid = (key.started_ms, key.pid) if key else (0, 0)
    return (step.service is None, started_ms, pid)
