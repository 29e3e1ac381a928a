"""Every part of each step of a plan: whom, which sockets, which service, what under it, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portview.actions.free_port.plan import FreePlan, PlanAction, PlanStep, plan_end, plan_free
from portview.actions.port_usage import FreeRequest, PortUse
from portview.actions.safety.process_facts import ProcessFacts, SelfContext, ServiceFacts
from portview.actions.safety.refusals import (
    refusal,
    service_refusal,
    services_unreadable,
)
from portview.actions.safety.seen_process import SeenProcess, sockets_of
from portview.actions.safety.stop_refusal import program_reason, stop_refusal
from portview.actions.safety.unknown_owners import unknown_owner
from portview.domain.facts import Remedy, Unreadable
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.program import RunningProgram
from portview.domain.owners.service import Service, ServiceState
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    OwnerProblem,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from tests.fakes.process_facts import read_facts

OWN = ProcessKey(500, 5_000)
HERE = SelfContext(OWN, frozenset({ProcessKey(400, 4_000)}), "linux")
A, B, C = ProcessKey(11, 100), ProcessKey(12, 200), ProcessKey(13, 300)
UNREAD = Unreadable("it is closed", Remedy.ADMINISTRATOR)
DENIED = OwnerProblem.ACCESS_DENIED


def row(
    owner: ProcessKey | None, address: str = "127.0.0.1", port: int = 8080, **more: object
) -> SocketRow:
    key = SocketKey(Protocol.TCP, Family.IPV4, Endpoint(address, port), None, owner)
    return SocketRow(key, State.LISTEN, owner.pid if owner else 77, **more)  # type: ignore[arg-type]


def facts_of(key: ProcessKey, name: str = "node", **more: object) -> ProcessFacts:
    return replace(read_facts(ProcessInfo(key, name)), **more)


def service(name: str, *, stops: bool = True) -> ServiceFacts:
    of_it = Service(name, name.title(), ServiceState.RUNNING)
    return ServiceFacts(of_it, "systemd", can_be_stopped=stops)


def runs(key: ProcessKey, *services: ServiceFacts) -> ProcessFacts:
    return read_facts(ProcessInfo(key, "node"), services=services)


def plan(
    rows: list[SocketRow],
    facts: list[ProcessFacts],
    trees: dict[ProcessKey, tuple[ProcessFacts, ...]] | None = None,
    **wanted: object,
) -> FreePlan:
    request = FreeRequest(**{"port": 8080, **wanted})  # type: ignore[arg-type]
    by_key = {one.key: one for one in facts}
    return plan_free(request, PortUse(tuple(rows)), by_key, HERE, trees)


def test_what_is_refused_names_the_process_its_sockets_and_the_reason() -> None:
    xorg, closed = facts_of(A, "Xorg"), facts_of(A, services=UNREAD)
    rows = [row(A), row(A, "127.0.0.2")]
    assert plan(rows, [xorg]).steps == (
        PlanStep(PlanAction.REFUSE, xorg, tuple(rows), refusal=refusal(xorg, HERE)),
    )
    assert plan(rows, [closed]).steps == (
        PlanStep(PlanAction.REFUSE, closed, tuple(rows), refusal=services_unreadable(UNREAD)),
    )
    hidden = facts_of(A, program=RunningProgram(UNREAD, UNREAD, UNREAD))
    assert plan(rows, [hidden]).steps == (
        PlanStep(PlanAction.REFUSE, hidden, tuple(rows), refusal=program_reason(hidden)),
    )


def test_port_53_of_the_resolver_is_refused_and_its_other_ports_are_not() -> None:
    resolved = facts_of(A, "systemd-resolved")
    (kept,) = plan([row(A, port=53)], [resolved], port=53).steps
    assert kept.refusal
    assert kept.refusal.code == "dns_stub"
    (other,) = plan([row(A)], [resolved]).steps
    assert other.kind is PlanAction.ASK


def test_a_socket_of_nobody_known_is_refused_with_its_own_reason() -> None:
    hidden, waiting = row(None, owner_problem=DENIED), row(None, "127.0.0.2")
    assert plan([hidden, waiting], []).steps == (
        PlanStep(PlanAction.REFUSE, sockets=(hidden,), refusal=unknown_owner(hidden)),
        PlanStep(PlanAction.REFUSE, sockets=(waiting,), refusal=unknown_owner(waiting)),
    )
    assert plan([hidden], []).is_hidden
    assert not plan([hidden, waiting], []).is_hidden


def test_an_heir_of_whom_nothing_is_known_is_refused_as_the_socket_is() -> None:
    orphan = row(None, owner_problem=OwnerProblem.PROCESS_GONE, likely_holders=(B,))
    assert plan([orphan], []).steps == (
        PlanStep(PlanAction.REFUSE, sockets=(orphan,), refusal=unknown_owner(orphan)),
    )


def test_a_guess_is_a_step_like_any_other_but_for_its_mark() -> None:
    gone = OwnerProblem.PROCESS_GONE
    orphans = [row(None, address, owner_problem=gone, likely_holders=(B,)) for address in "ab"]
    web, under = service("web"), facts_of(C)
    assert plan(orphans, [runs(B, web)]).steps == (
        PlanStep(PlanAction.STOP_SERVICE, runs(B, web), tuple(orphans), web, is_guess=True),
    )
    assert plan(orphans, [facts_of(B)], {B: (under,)}, tree=True).steps == (
        PlanStep(PlanAction.ASK, facts_of(B), tuple(orphans), tree=(under,), is_guess=True),
    )
    xorg = facts_of(B, "Xorg")
    assert plan(orphans, [xorg]).steps == (
        PlanStep(
            PlanAction.REFUSE, xorg, tuple(orphans), refusal=refusal(xorg, HERE), is_guess=True
        ),
    )
    assert plan([*orphans, row(A)], [facts_of(A), facts_of(B)]).guesses == (
        PlanStep(PlanAction.ASK, facts_of(B), tuple(orphans), is_guess=True),
    )


@pytest.mark.parametrize(
    ("problem", "heirs", "named"),
    [
        (OwnerProblem.PROCESS_GONE, (B, C), ("12, 13", "PID 77")),
        (OwnerProblem.PID_REUSED, (B,), ("PID 12", "PID 77")),
    ],
)
def test_who_of_several_holds_it_is_not_guessed(
    problem: OwnerProblem, heirs: tuple[ProcessKey, ...], named: tuple[str, ...]
) -> None:
    orphan = row(None, owner_problem=problem, likely_holders=heirs)
    (step,) = plan([orphan], [facts_of(B), facts_of(C)]).steps
    assert (step.kind, step.sockets, step.process) == (PlanAction.REFUSE, (orphan,), None)
    assert step.refusal
    assert step.refusal.code == "several_heirs"
    assert all(each in step.refusal.reason for each in named)
    assert "end PID --started TIME" in step.refusal.advice


def test_all_orphans_are_in_the_plan_whatever_their_order() -> None:
    first = row(None, "a", owner_problem=OwnerProblem.PROCESS_GONE, likely_holders=(B,))
    second = row(None, "b", owner_problem=OwnerProblem.PROCESS_GONE, likely_holders=(C,))
    hidden = row(None, "c", owner_problem=DENIED)
    found = plan([hidden, first, second], [facts_of(B), facts_of(C)]).steps
    assert {step.sockets for step in found} == {(first,), (second,), (hidden,)}


def test_an_orphan_of_a_certain_holder_is_one_of_its_sockets() -> None:
    orphan = row(None, "a", owner_problem=OwnerProblem.PROCESS_GONE, likely_holders=(B,))
    assert plan([orphan, row(B)], [facts_of(B)]).steps == (
        PlanStep(PlanAction.ASK, facts_of(B), (row(B), orphan)),
    )


def test_what_runs_under_a_holder_is_ended_only_where_that_is_wanted() -> None:
    trees = {A: (facts_of(C), facts_of(B))}
    assert plan([row(A)], [facts_of(A)], trees).steps == (
        PlanStep(PlanAction.ASK, facts_of(A), (row(A),)),
    )
    wanted = PlanStep(PlanAction.ASK, facts_of(A), (row(A),), tree=trees[A])
    assert plan([row(A)], [facts_of(A)], trees, tree=True).steps == (wanted,)
    assert plan([row(A)], [facts_of(A)], {}, tree=True).steps == (replace(wanted, tree=()),)
    assert plan([row(A)], [facts_of(A)], tree=True).steps == (replace(wanted, tree=()),)


@pytest.mark.parametrize("needs_admin", [False, True])
def test_a_tree_with_one_that_must_stay_is_refused_as_a_whole(needs_admin: bool) -> None:
    kept = facts_of(B, "nfsd", services=UNREAD) if needs_admin else facts_of(B, "Xorg")
    tree = (facts_of(C), kept)
    of_port = plan([row(A)], [facts_of(A)], {A: tree}, tree=True).steps
    alone = plan_end(facts_of(A), HERE, tree=tree)
    for step, sockets in ((of_port[0], (row(A),)), (alone, ())):
        assert step.refusal
        assert step.refusal.code == "tree_refused"
        assert step.refusal.needs_admin is needs_admin
        assert "(PID 12)" in step.refusal.reason
        assert step == PlanStep(
            PlanAction.REFUSE, facts_of(A), sockets, tree=tree, refusal=step.refusal
        )
        assert step.members == step.seen == ()


def test_ending_one_process_is_planned_with_all_that_was_asked() -> None:
    tree = (facts_of(C), facts_of(B))
    assert plan_end(facts_of(A), HERE, tree=tree) == PlanStep(
        PlanAction.ASK, facts_of(A), tree=tree
    )
    assert plan_end(facts_of(A), HERE, force=True) == PlanStep(PlanAction.END, facts_of(A))
    xorg = facts_of(A, "Xorg")
    assert plan_end(xorg, HERE, tree=tree) == PlanStep(
        PlanAction.REFUSE, xorg, tree=tree, refusal=stop_refusal(xorg, HERE)
    )
    # Whether PortView itself runs under one of the tree is asked as well.
    (parent,) = HERE.ancestors
    refused = plan_end(facts_of(A), HERE, tree=(facts_of(parent),)).refusal
    assert refused
    assert refused.code == "tree_refused"


def test_services_of_one_process_each_get_their_own_sockets() -> None:
    dns, web = service("dns"), service("web")
    host = runs(A, dns, web)
    of_dns, of_web = row(A, "a", services=("dns",)), row(A, "b", services=("web",))
    assert plan([of_dns, of_web], [host]).steps == (
        PlanStep(PlanAction.STOP_SERVICE, host, (of_dns,), dns),
        PlanStep(PlanAction.STOP_SERVICE, host, (of_web,), web),
    )
    unclear = row(A, "c")
    (step,) = plan([of_dns, of_web, unclear], [host]).steps
    assert step.refusal
    assert step.refusal.code == "several_services"
    rows = (of_dns, of_web, unclear)
    assert step == PlanStep(PlanAction.REFUSE, host, rows, refusal=step.refusal)
    # A single one is meant even where the row does not say so, or says it in other letters.
    alone = runs(A, web)
    for one in (unclear, row(A, "d", services=("WEB",)), row(A, "e", services=("gone",))):
        (step,) = plan([one], [alone]).steps
        assert (step.kind, step.service) == (PlanAction.STOP_SERVICE, web)


@pytest.mark.parametrize("kept", [service("dbus"), service("web", stops=False)])
def test_a_service_that_must_stay_is_not_stopped_for_its_port(kept: ServiceFacts) -> None:
    host = runs(A, kept)
    assert plan([row(A)], [host]).steps == (
        PlanStep(PlanAction.REFUSE, host, (row(A),), kept, refusal=service_refusal(kept, HERE)),
    )


def test_services_go_first_and_then_the_oldest_and_nobody_before_all() -> None:
    web = service("web")
    hidden = row(None, "x", owner_problem=DENIED)
    rows = [row(A, "a"), row(B, "b"), row(C, "c"), hidden]
    young = ProcessKey(5, 900)
    twin = ProcessKey(10, 100)
    rows += [row(young, "d"), row(twin, "e")]
    facts = [facts_of(one) for one in (A, B, young, twin)]
    found = plan(rows, [*facts, runs(C, web)]).steps
    assert [step.process.key if step.process else None for step in found] == [
        C, None, twin, A, B, young,
    ]  # fmt: skip


def test_a_plan_tells_what_it_leaves_alone_and_what_is_closing() -> None:
    served = SocketRow(
        SocketKey(Protocol.TCP, Family.IPV4, Endpoint("a", 8080), Endpoint("b", 9), A),
        State.ESTABLISHED,
        A.pid,
    )
    foreign = served._replace(key=served.key._replace(owner=B), pid=B.pid)
    closing = served._replace(key=served.key._replace(owner=None), state=State.TIME_WAIT)
    request = FreeRequest(8080)
    use = PortUse((row(A),), (served, foreign), (closing,))
    found = plan_free(request, use, {A: facts_of(A)}, HERE)
    assert (found.request, found.served, found.left_alone) == (request, (served,), (foreign,))
    assert found.closing == (closing,)


def test_what_is_seen_is_what_is_stopped_with_the_sockets_that_it_is_stopped_for() -> None:
    tree = (facts_of(C), facts_of(B))
    found = plan([row(A), row(B, "b")], [facts_of(A), facts_of(B)], {A: tree}, tree=True)
    holder = SeenProcess(A, facts_of(A).program, sockets_of([row(A)]))
    worker = SeenProcess(B, facts_of(B).program, sockets_of([row(B, "b")]))
    assert found.seen == (SeenProcess(C, facts_of(C).program), worker, holder)
    assert found.is_possible
    assert not plan([], []).is_possible
    assert plan([], []).seen == ()
    of_service = plan([row(A)], [runs(A, service("web"))])
    assert of_service.seen == ()
    (step,) = of_service.steps
    assert step.holder == SeenProcess(A, runs(A).program, sockets_of([row(A)]))
