"""What a person is asked tells everything that is done, and only that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.actions.confirmation.cards import Card, CardKind
from portview.actions.confirmation.confirmation import (
    Confirmation,
    confirm_end,
    confirm_free,
    confirm_suspend,
)
from portview.actions.free_port.plan import FreePlan, plan_end, plan_free
from portview.actions.port_usage import FreeRequest, port_use
from portview.actions.processes.suspend import SuspendPlan, SuspendVerb
from portview.actions.safety.process_facts import (
    CloseMethod,
    ProcessFacts,
    SelfContext,
    ServiceFacts,
)
from portview.domain.errors import ActionReport, Outcome
from portview.domain.owners.process import Execution, ProcessInfo, ProcessKey
from portview.domain.owners.service import Service, ServiceState
from portview.domain.plain_text import inert
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

HERE = SelfContext(ProcessKey(500, 5_000), platform="linux")
A, B, C = ProcessKey(11, 100), ProcessKey(12, 200), ProcessKey(13, 300)
PEER = Endpoint("10.0.0.9", 443)


def row(owner: ProcessKey | None, address: str = "127.0.0.1", **more: object) -> SocketRow:
    remote = more.pop("remote", None)
    family = Family.IPV6 if ":" in address else Family.IPV4
    key = SocketKey(Protocol.TCP, family, Endpoint(address, 8080), remote, owner)  # type: ignore[arg-type]
    state = State.ESTABLISHED if remote else State.LISTEN
    return SocketRow(key, state, owner.pid if owner else None, **more)  # type: ignore[arg-type]


def facts(key: ProcessKey, name: str = "node", **more: object) -> ProcessFacts:
    return read_facts(ProcessInfo(key, name), **more)  # type: ignore[arg-type]


def confirmation(
    rows: list[SocketRow], known: list[ProcessFacts], **wanted: object
) -> Confirmation:
    request = FreeRequest(8080, **wanted)  # type: ignore[arg-type]
    trees = {A: (facts(C),)} if wanted.get("tree") else {}
    plan = plan_free(request, port_use(rows, request), {one.key: one for one in known}, HERE, trees)
    return confirm_free(plan, 5)


def kinds(asked: Confirmation) -> list[CardKind]:
    return [card.kind for card in asked.cards]


def test_one_holder_needs_no_summary() -> None:
    asked = confirmation([row(A)], [facts(A)])
    assert (asked.headline, asked.verb) == ("Free TCP port 8080?", "Free port 8080")
    assert asked.notes == ()
    assert kinds(asked) == [CardKind.STOPS]


def test_several_holders_are_counted_before_they_are_told() -> None:
    rows = [row(A), row(B, "::1"), row(A, remote=PEER), row(C, "10.0.0.1", remote=PEER)]
    asked = confirmation(rows, [facts(A), facts(B)])
    assert asked.notes == ("2 processes will be stopped.", "1 open connection will be closed.")
    assert kinds(asked) == [CardKind.STOPS, CardKind.STOPS, CardKind.STAYS]
    assert "PID 13" in asked.cards[2].details


def test_what_runs_under_a_holder_is_counted_and_named() -> None:
    asked = confirmation([row(A)], [facts(A)], tree=True)
    assert asked.notes == ("2 processes will be stopped.",)
    assert "child processes are stopped first: node, PID 13." in asked.cards[0].consequence


def test_services_are_counted_beside_processes() -> None:
    web = ServiceFacts(Service("web", "Web", ServiceState.RUNNING), "scm")
    asked = confirmation([row(A), row(B, "::1")], [facts(A, services=(web,)), facts(B)])
    assert asked.notes == ("1 process and 1 service will be stopped.",)
    assert kinds(asked) == [CardKind.SERVICE, CardKind.STOPS]


def test_where_one_must_stay_nobody_is_told_to_be_stopped() -> None:
    rows = [row(A), row(None, "::", owner_problem=OwnerProblem.ACCESS_DENIED)]
    asked = confirmation(rows, [facts(A)], force=True)
    assert asked.verb == ""
    assert "Nothing will be done" in asked.headline
    assert set(kinds(asked)) == {CardKind.REFUSED, CardKind.STAYS}
    assert not any("ended" in card.consequence for card in asked.cards)
    assert not asked.has_tree
    assert not asked.can_be_forced


def test_a_likely_holder_is_told_as_that_above_all() -> None:
    orphan = row(None, owner_problem=OwnerProblem.PROCESS_GONE, likely_holders=(B,))
    asked = confirmation([orphan], [facts(B)])
    assert "most likely" in asked.notes[0]
    assert asked.cards[0].consequence.startswith("Most likely the holder.")


def test_why_it_is_ended_at_once_is_told() -> None:
    alone = facts(A, asking=CloseMethod.NONE)
    still = facts(A, asking=CloseMethod.NONE, execution=Execution.SUSPENDED)
    for process, why in ((alone, "can't be asked to close"), (still, "while suspended")):
        (card,) = confirmation([row(A)], [process]).cards
        assert why in card.consequence
        assert "unsaved data is lost" in card.consequence
    assert any(detail.startswith("Suspended:") for detail in card.details)


def test_a_port_that_nobody_holds_is_told_by_what_a_bind_showed() -> None:
    tried = ActionReport(Outcome.NOT_DONE, "", "", "It is reserved by the system.", "Take another.")
    asked = confirm_free(FreePlan(FreeRequest(8080)), 5, tried)
    assert (asked.headline, asked.verb) == ("It is reserved by the system.", "")
    assert asked.notes == ("Take another.",)


@pytest.mark.parametrize("verb", list(SuspendVerb))
@pytest.mark.parametrize("execution", list(Execution))
def test_suspending_is_offered_only_where_it_changes_something(
    verb: SuspendVerb, execution: Execution
) -> None:
    plan = SuspendPlan(verb, facts(A, execution=execution), (row(A),))
    asked = confirm_suspend(plan)
    assert bool(asked.verb) is plan.is_possible
    is_pointless = {
        SuspendVerb.SUSPEND: execution.is_suspended,
        SuspendVerb.RESUME: execution is Execution.RUNNING,
    }[verb]
    assert plan.is_possible is not is_pointless
    assert "at 127.0.0.1:8080" in asked.cards[0].details


@given(st.text(max_size=300), st.text(max_size=300), st.lists(st.text(max_size=300), max_size=3))
def test_whatever_a_process_is_called_it_stays_plain(
    name: str, user: str, command_line: list[str]
) -> None:
    info = ProcessInfo(A, name, command_line=tuple(command_line), user=user)
    parent = replace(info, key=B)
    process = read_facts(info, parent)
    for asked in (
        confirmation([row(A)], [process]),
        confirm_end(plan_end(process, HERE), 5),
        confirm_suspend(SuspendPlan(SuspendVerb.SUSPEND, process)),
    ):
        for text in (asked.headline, *map(_whole, asked.cards)):
            assert inert(text, 10_000) == text
            assert len(text) < 1_200


def _whole(card: Card) -> str:
    return " ".join((card.title, *card.details, card.consequence, card.advice))
