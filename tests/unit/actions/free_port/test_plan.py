"""From rows and facts to steps: nobody but a holder is ever in a plan."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.actions.free_port.plan import PlanAction, plan_end, plan_free
from portview.actions.port_usage import FreeRequest, is_in_the_way, port_use
from portview.actions.safety.process_facts import (
    CloseMethod,
    ProcessFacts,
    SelfContext,
    ServiceFacts,
)
from portview.domain.owners.process import ProcessInfo, ProcessKey
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
PORT = 8080
ANY = "0.0.0.0"  # noqa: S104 - an address in a table


def row(
    owner: ProcessKey | None,
    state: State | None = State.LISTEN,
    address: str = "127.0.0.1",
    port: int = PORT,
    remote: Endpoint | None = None,
    protocol: Protocol = Protocol.TCP,
    **more: object,
) -> SocketRow:
    family = Family.IPV6 if ":" in address else Family.IPV4
    key = SocketKey(protocol, family, Endpoint(address, port), remote, owner)
    return SocketRow(key, state, owner.pid if owner else None, **more)  # type: ignore[arg-type]


def facts_of(key: ProcessKey, name: str = "node", **more: object) -> ProcessFacts:
    return read_facts(ProcessInfo(key, name), **more)  # type: ignore[arg-type]


def plan_for(rows: list[SocketRow], facts: list[ProcessFacts], **wanted: object):  # noqa: ANN201
    request = FreeRequest(PORT, **wanted)  # type: ignore[arg-type]
    by_key = {one.key: one for one in facts}
    return plan_free(request, port_use(rows, request), by_key, HERE)


A, B, C = ProcessKey(11, 100), ProcessKey(12, 200), ProcessKey(13, 300)
PEER = Endpoint("127.0.0.1", 9999)


def test_a_listener_is_asked_to_close() -> None:
    plan = plan_for([row(A)], [facts_of(A)])
    (step,) = plan.steps
    assert (step.kind, step.process) == (PlanAction.ASK, facts_of(A))
    assert plan.is_possible


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [(facts_of(A), {"force": True}), (facts_of(A, asking=CloseMethod.NONE), {})],
)
def test_who_can_not_be_asked_or_is_forced_is_ended(
    facts: ProcessFacts, wanted: dict[str, object]
) -> None:
    assert plan_for([row(A)], [facts], **wanted).steps[0].kind is PlanAction.END


def test_two_sockets_of_one_process_make_one_step() -> None:
    rows = [row(A), row(A, address="::1")]
    (step,) = plan_for(rows, [facts_of(A)]).steps
    assert step.sockets == tuple(rows)


def test_parents_go_before_their_workers() -> None:
    plan = plan_for([row(C), row(A), row(B)], [facts_of(A), facts_of(B), facts_of(C)])
    assert [step.process.key for step in plan.steps if step.process] == [A, B, C]


def test_connections_are_never_meant() -> None:
    served = row(A, State.ESTABLISHED, remote=PEER)
    client = row(B, State.ESTABLISHED, address="10.0.0.1", remote=PEER)
    plan = plan_for([row(A), served, client], [facts_of(A)])
    assert plan.served == (served,)
    assert plan.left_alone == (client,)
    assert len(plan.steps) == 1


def test_one_refusal_makes_the_whole_plan_impossible() -> None:
    plan = plan_for([row(A), row(B, address="::1")], [facts_of(A), facts_of(B, "Xorg")])
    assert not plan.is_possible
    assert [step.kind for step in plan.steps] == [PlanAction.ASK, PlanAction.REFUSE]


@pytest.mark.parametrize(
    ("problem", "code", "needs_admin"),
    [(OwnerProblem.ACCESS_DENIED, "owner_hidden", True),
     (OwnerProblem.OTHER_NAMESPACE, "other_namespace", False),
     (OwnerProblem.PROCESS_GONE, "owner_gone", False),
     (None, "no_process", False)],
)  # fmt: skip
def test_an_unknown_holder_is_explained(
    problem: OwnerProblem | None, code: str, needs_admin: bool
) -> None:
    (step,) = plan_for([row(None, owner_problem=problem)], []).steps
    assert step.refusal
    assert (step.refusal.code, step.refusal.needs_admin) == (code, needs_admin)


def test_one_likely_heir_is_a_guess_and_several_are_refused() -> None:
    orphan = row(None, owner_problem=OwnerProblem.PROCESS_GONE, likely_holders=(B,))
    plan = plan_for([orphan], [facts_of(B)])
    assert plan.guesses == plan.steps
    assert plan.steps[0].kind is PlanAction.ASK
    several = orphan._replace(likely_holders=(B, C))
    assert plan_for([several], [facts_of(B), facts_of(C)]).refused


def test_an_heir_is_not_ended_where_the_owner_may_only_seem_to_have_ended() -> None:
    """A clock that was set back makes an owner seem younger than its socket."""
    orphan = row(None, owner_problem=OwnerProblem.PID_REUSED, likely_holders=(B,))
    (step,) = plan_for([orphan], [facts_of(B)]).steps
    assert step.kind is PlanAction.REFUSE
    assert step.refusal
    assert step.refusal.code == "several_heirs"
    assert str(B.pid) in step.refusal.reason


def test_an_heir_that_is_a_certain_holder_as_well_is_no_guess() -> None:
    orphan = row(None, address="::1", likely_holders=(B,))
    plan = plan_for([orphan, row(B)], [facts_of(B)])
    assert len(plan.steps) == 1
    assert not plan.guesses


def service(name: str, *dependents: str) -> ServiceFacts:
    return ServiceFacts(
        Service(name, name.title(), ServiceState.RUNNING),
        "scm",
        dependents=tuple(Service(each, each, ServiceState.RUNNING) for each in dependents),
    )


def test_a_service_is_stopped_and_not_killed() -> None:
    web = service("web", "shop")
    facts = [facts_of(A, services=(web,)), facts_of(B, services=(web,))]
    plan = plan_for([row(A), row(B, address="::1")], facts, force=True)
    (step,) = plan.steps
    assert (step.kind, step.service) == (PlanAction.STOP_SERVICE, web)
    assert len(step.sockets) == 2
    assert step.members == ()


def test_the_row_tells_which_service_of_a_shared_host_is_meant() -> None:
    host = facts_of(A, services=(service("dns"), service("web")))
    (step,) = plan_for([row(A, services=("web",))], [host]).steps
    assert step.service
    assert step.service.name == "web"
    unclear = plan_for([row(A, services=("dns", "web"))], [host])
    assert unclear.refused
    assert unclear.refused[0].refusal
    assert "dns, web" in unclear.refused[0].refusal.reason


def test_a_tree_that_holds_what_must_stay_is_refused() -> None:
    request = FreeRequest(PORT, tree=True)
    use = port_use([row(A)], request)
    tree = {A: (facts_of(C, "Xorg"), facts_of(B))}
    plan = plan_free(request, use, {A: facts_of(A)}, HERE, tree)
    assert plan.steps[0].refusal
    assert plan.steps[0].refusal.code == "tree_refused"
    harmless = plan_free(request, use, {A: facts_of(A)}, HERE, {A: (facts_of(C), facts_of(B))})
    assert [member.key for member in harmless.steps[0].members] == [C, B, A]


def test_the_process_of_a_service_is_not_ended_but_its_service_named() -> None:
    step = plan_end(facts_of(A, services=(service("web"),)), HERE)
    assert step.refusal
    assert "portview service stop web" in step.refusal.advice
    assert plan_end(facts_of(A), HERE).kind is PlanAction.ASK


@pytest.mark.parametrize(
    ("bound", "wanted", "is_blocking"),
    [("127.0.0.1", None, True), ("127.0.0.1", "127.0.0.1", True),
     ("127.0.0.1", "127.0.0.2", False), (ANY, "127.0.0.1", True),
     ("127.0.0.1", ANY, True), ("::", "127.0.0.1", True), ("::1", "127.0.0.1", False),
     (ANY, "::1", False), (ANY, "::", True), ("::ffff:127.0.0.1", "127.0.0.1", True),
     ("fe80::1%2", "::", True), ("rubbish", "::", False)],
)  # fmt: skip
def test_which_addresses_are_in_each_others_way(
    bound: str, wanted: str | None, is_blocking: bool
) -> None:
    assert is_in_the_way(bound, wanted) is is_blocking


def test_an_ipv6_wildcard_is_spared_where_ipv4_itself_is_held() -> None:
    rows = [row(A, address=ANY), row(B, address="::")]
    plan = plan_for(rows, [facts_of(A), facts_of(B)], address="127.0.0.1")
    assert [step.process.key for step in plan.steps if step.process] == [A]
    both = plan_for(rows, [facts_of(A), facts_of(B)])
    assert len(both.steps) == 2


KEYS = st.builds(ProcessKey, st.integers(1, 30), st.integers(1, 5))
ROWS = st.lists(
    st.builds(
        row,
        st.one_of(st.none(), KEYS),
        st.sampled_from(list(State)),
        st.sampled_from(["127.0.0.1", ANY, "::", "::1", "10.0.0.7"]),
        st.sampled_from([PORT, PORT + 1]),
        st.sampled_from([None, PEER]),
        st.sampled_from(list(Protocol)),
        owner_problem=st.sampled_from([None, *OwnerProblem]),
        likely_holders=st.lists(KEYS, max_size=2).map(tuple),
    ),
    max_size=12,
)
WANTED = st.fixed_dictionaries(
    {
        "protocol": st.sampled_from(list(Protocol)),
        "address": st.sampled_from([None, "127.0.0.1", "::1", ANY]),
        "force": st.booleans(),
        "tree": st.booleans(),
    }
)
NAMES = ["node", "Xorg", "docker-proxy", "java", "systemd"]


@given(ROWS, WANTED, st.lists(st.sampled_from(NAMES), min_size=40, max_size=40))
def test_only_holders_that_may_be_stopped_are_ever_stopped(
    rows: list[SocketRow], wanted: dict[str, object], names: list[str]
) -> None:
    keys = {row.owner for row in rows if row.owner} | {h for r in rows for h in r.likely_holders}
    plan = plan_for(rows, [facts_of(key, names[key.pid]) for key in keys], **wanted)
    holding = [
        one
        for one in rows
        if one.local.port == PORT
        and one.protocol is wanted["protocol"]
        and (
            one.state in {State.LISTEN, State.BOUND}
            if one.protocol is Protocol.TCP
            else one.remote is None
        )
    ]
    owners = {one.owner for one in holding}
    heirs = {heir for one in holding if one.owner is None for heir in one.likely_holders}
    stopped = [member for step in plan.steps for member in step.members]
    assert {member.key for member in stopped} <= owners | heirs
    assert len({member.key for member in stopped}) == len(stopped)
    for member in stopped:
        assert member.info.name in {"node", "java"}
        assert member.key != OWN
    for step in plan.steps:
        assert bool(step.refusal) is (step.kind is PlanAction.REFUSE)
        if step.process and step.process.key not in owners:
            assert step.is_guess
