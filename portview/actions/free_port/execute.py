"""Free a port: plan, act on what was planned, prove, report."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from portview.actions.elevation.client import stop_elevated
from portview.actions.free_port.elevated_facts import completed
from portview.actions.free_port.elevated_holders import with_owners
from portview.actions.free_port.http_sys import explain_http_sys
from portview.actions.free_port.newcomers import changed_results
from portview.actions.free_port.plan import FreePlan, PlanAction, PlanStep, plan_free
from portview.actions.free_port.report import describe_result, outcome_of
from portview.actions.free_port.verify import places_of, prove, try_bind
from portview.actions.inspection.process_inspection import ProcessInspector, read_rows
from portview.actions.port_usage import FreeRequest, port_use
from portview.actions.progress import ActionStep, Stage
from portview.actions.services.change import stop_service
from portview.actions.stopping.stop import Ending, StopResult, stop_processes
from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _, join_sentences
from portview.probes.bind_report import MULTICAST_PORTS, BindVerdict
from portview.readers.processes import read_process

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable

    from portview.actions.free_port.elevated_holders import HeldSocket
    from portview.actions.free_port.verify import Proof
    from portview.actions.port_usage import PortUse
    from portview.domain.cancellation import CancelToken
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.socket_row import SocketRow

_MOST_NAMED = 8
"""Of how many sockets that are left alone the program is looked up."""
_WATCH_S = 1.5
"""How long a supervisor is given to start its server again before a port is called free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeReport(ActionReport):
    """How freeing a port ended: the plan, what became of each process, and the proof.

    ``proof`` is None where nothing was done.
    """

    plan: FreePlan
    results: tuple[StopResult, ...] = ()
    service_problems: tuple[PortViewError, ...] = ()
    proof: Proof | None = None

    @property
    def can_be_elevated(self) -> bool:
        """Return whether the same plan may work as administrator."""
        is_denied = any(result.ending is Ending.DENIED for result in self.results)
        return is_denied or any(
            problem.outcome is Outcome.NEEDS_ADMIN for problem in self.service_problems
        )


def inspect_port(request: FreeRequest, held: Iterable[HeldSocket] = ()) -> FreePlan:
    """See who holds a port and propose what to do. Changes nothing.

    ``held`` is what an administrator saw where this user may not look: see
    ``find_holders_elevated``. Blocks for some tens of milliseconds; any thread. Raises
    PortViewError.
    """
    held = tuple(held)
    use = port_use(with_owners(read_rows(), held), request)
    if not use.holding:
        return _nothing_to_stop(request, use.others, use)
    if request.address and not is_there_to_be_shared(request):
        if try_bind(request, places_of(request, ())).is_free:
            # A socket of the other family looked as if it were in the way, and is not.
            return _nothing_to_stop(request, (*use.holding, *use.others), use)
    elif is_there_to_be_shared(request):
        bind = try_bind(request, places_of(request, use.holding))
        if bind.verdict is BindVerdict.SHARED and bind.is_free:
            plan = _nothing_to_stop(request, (*use.holding, *use.others), use)
            return replace(plan, is_shared=True)
    inspector = ProcessInspector(for_showing=True)
    keys = {row.owner for row in use.holding if row.owner}
    keys |= {heir for row in use.holding for heir in row.likely_holders}
    # The holders first: programs of a few processes only are recognised.
    facts = inspector.facts(keys)
    trees = inspector.trees(keys) if request.tree else {}
    for each in held:
        if each.owner in facts:
            facts[each.owner] = completed(facts[each.owner], each.facts)
    plan = plan_free(request, use, facts, inspector.standpoint(), trees)
    return explain_http_sys(replace(plan, neighbours=_named(plan.left_alone)))


def is_there_to_be_shared(request: FreeRequest) -> bool:
    """Return whether programs share the port of a request on purpose, as those of mDNS do."""
    return request.protocol is Protocol.UDP and request.port in MULTICAST_PORTS


def _nothing_to_stop(
    request: FreeRequest, left_alone: tuple[SocketRow, ...], use: PortUse
) -> FreePlan:
    return FreePlan(
        request, left_alone=left_alone, closing=use.closing, neighbours=_named(left_alone)
    )


def _named(rows: Iterable[SocketRow]) -> dict[ProcessKey, ProcessInfo]:
    """Return what is known about the owners of a few sockets, so that they can be named."""
    owners = dict.fromkeys(row.owner for row in rows if row.owner)
    return {owner: read_process(owner) for owner in islice(owners, _MOST_NAMED)}


def expected_report(plan: FreePlan) -> FreeReport | None:
    """Return the report of a plan that stops nothing, None for one that does. Changes nothing.

    So that a dry run ends as the real one would.
    """
    return None if plan.is_possible else free_port(plan)


def free_port(
    plan: FreePlan,
    *,
    grace_s: float = 5.0,
    watch_s: float = _WATCH_S,
    as_admin: bool = False,
    cancel: CancelToken | None = None,
    report: Callable[[ActionStep], None] | None = None,
    end_now: threading.Event | None = None,
) -> FreeReport:
    """Do what a plan says, provided that it still fits, and prove that the port is free.

    Everything is done to the processes of the plan and to no other, each checked by its start
    time on a handle. If a part of the plan can't be done, nothing is. ``as_admin`` has the system
    ask for administrator rights for this one action. Blocks; any thread. Raises Cancelled before
    anything was done, and PortViewError where the rights were not given.
    """
    asked = _("Free {request}.").format(request=plan.request)
    if not plan.steps:
        return _nothing_to_do(plan, asked)
    if not plan.is_possible:
        return _refused(plan, asked)
    if cancel:
        cancel.raise_if_cancelled()
    since = time.monotonic()
    seen = plan.seen
    force = plan.request.force
    # An elevated process compares by itself: it sees owners that are hidden here.
    results = () if as_admin else changed_results(plan)
    problems: list[PortViewError] = []
    if not results:
        for step in plan.steps:
            problem = _stop_service_of(step, as_admin=as_admin)
            if problem is not None:
                problems.append(problem)
    if results or problems or not seen:
        pass
    elif as_admin:
        results = stop_elevated(seen, grace_s=grace_s, force=force, cancel=cancel)
    else:
        results = stop_processes(
            seen,
            grace_s=grace_s,
            force=force,
            cancel=cancel,
            report=report,
            end_now=end_now,
        )
    if report:
        report(ActionStep(Stage.PROVING))
    proof = prove(plan, since=since, watch_s=watch_s)
    done, now, next_step = describe_result(plan, results, problems, proof)
    return FreeReport(
        outcome_of(proof, results, problems),
        asked,
        done,
        now,
        next_step,
        plan=plan,
        results=results,
        service_problems=tuple(problems),
        proof=proof,
    )


def _stop_service_of(step: PlanStep, *, as_admin: bool) -> PortViewError | None:
    if step.kind is not PlanAction.STOP_SERVICE or step.service is None:
        return None
    try:
        stop_service(step.service, as_admin=as_admin, holder=step.holder)
    except PortViewError as error:
        return error
    return None


def _nothing_to_do(plan: FreePlan, asked: str) -> FreeReport:
    """Report on a port that no process holds, after having tried it."""
    proof = prove(plan, since=time.monotonic(), watch_s=0)
    _done, now, next_step = describe_result(plan, (), (), proof)
    done = _("Nothing: no process holds it.")
    if plan.is_shared:
        done = _("Nothing: the port is shared on purpose.")
    return FreeReport(
        outcome_of(proof, (), ()), asked, done, now, next_step, plan=plan, proof=proof
    )


def _refused(plan: FreePlan, asked: str) -> FreeReport:
    reasons = [step.refusal for step in plan.refused if step.refusal]
    needs_admin = all(reason.needs_admin for reason in reasons)
    return FreeReport(
        Outcome.NEEDS_ADMIN if needs_admin else Outcome.NOT_DONE,
        asked,
        _("Nothing was done."),
        join_sentences(*dict.fromkeys(reason.reason for reason in reasons)),
        join_sentences(*dict.fromkeys(reason.advice for reason in reasons)),
        plan=plan,
    )
