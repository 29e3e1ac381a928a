"""Who has the port after the act, and whom a person is advised to stop: nobody who must stay."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import pytest

from portview.actions.free_port import verify
from portview.actions.free_port.plan import FreePlan, PlanAction, PlanStep
from portview.actions.free_port.verify import PortVerdict, _holders_now, prove
from portview.actions.port_usage import FreeRequest
from portview.actions.safety.process_facts import ProcessFacts, SelfContext
from portview.domain.facts import ABSENT, Fact, Known
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.probes.bind_report import BindReport, BindVerdict
from tests.fakes.process_facts import read_facts

if TYPE_CHECKING:
    from collections.abc import Iterable

PORT = 8080
OLD, NEW, BOSS, INIT = (
    ProcessKey(11, 100),
    ProcessKey(12, 200),
    ProcessKey(13, 50),
    ProcessKey(1, 1),
)
HERE = SelfContext(ProcessKey(500, 5_000), frozenset({ProcessKey(400, 4_000)}))


def facts_of(
    key: ProcessKey, parent: ProcessKey | None = None, unit: str | None = None
) -> ProcessFacts:
    known: Fact[ProcessInfo] = Known(ProcessInfo(parent, "boss")) if parent else ABSENT
    in_unit: Fact[str] = Known(unit) if unit else ABSENT
    return replace(read_facts(ProcessInfo(key, "node")), parent=known, unit=in_unit)


def row(
    owner: ProcessKey | None,
    state: State = State.LISTEN,
    address: str = "127.0.0.1",
    pid: int | None = None,
) -> SocketRow:
    remote = None if state is State.LISTEN else Endpoint("10.0.0.9", 443)
    family = Family.IPV6 if ":" in address else Family.IPV4
    key = SocketKey(Protocol.TCP, family, Endpoint(address, PORT), remote, owner)
    return SocketRow(key, state, owner.pid if owner else pid)


def plan_of(*held: ProcessFacts, **wanted: object) -> FreePlan:
    steps = [PlanStep(PlanAction.ASK, one, (row(one.key),)) for one in held]
    steps.append(PlanStep(PlanAction.REFUSE))
    return FreePlan(FreeRequest(PORT, **wanted), tuple(steps))  # type: ignore[arg-type]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> dict[ProcessKey, ProcessFacts]:
    """Put processes in the place of those that run; no test can choose who started whom."""
    processes = {key: facts_of(key) for key in (BOSS, INIT)}

    class Inspector:
        def standpoint(self) -> SelfContext:
            return HERE

        def facts_of(self, key: ProcessKey) -> ProcessFacts:
            return processes[key]

        def facts(self, keys: Iterable[ProcessKey]) -> dict[ProcessKey, ProcessFacts]:
            return {key: processes[key] for key in keys if key in processes}

    monkeypatch.setattr(verify, "ProcessInspector", Inspector)
    return processes


World: TypeAlias = "dict[ProcessKey, ProcessFacts]"


def test_who_started_it_again_is_named(world: World) -> None:
    world[NEW] = facts_of(NEW, parent=BOSS)
    (holder,) = _holders_now([row(NEW)], plan_of(facts_of(OLD)), {OLD})
    assert (holder.row, holder.process) == (row(NEW), world[NEW])
    assert holder.starter == ProcessInfo(BOSS, "boss")
    assert holder.service is None


@pytest.mark.parametrize("parent", [INIT, *HERE.ancestors, HERE.own])
def test_who_must_stay_is_not_named_as_the_one_to_stop(world: World, parent: ProcessKey) -> None:
    world[NEW] = facts_of(NEW, parent=parent)
    world[parent] = facts_of(parent)
    (holder,) = _holders_now([row(NEW)], plan_of(facts_of(OLD)), {OLD})
    assert holder.starter is None
    assert holder.process == world[NEW]


def test_a_holder_of_before_was_started_again_by_nobody(world: World) -> None:
    world[OLD] = facts_of(OLD, parent=BOSS, unit="web.service")
    (holder,) = _holders_now([row(OLD)], plan_of(world[OLD]), {OLD})
    assert (holder.process, holder.starter, holder.service) == (world[OLD], None, None)


def test_the_unit_that_both_run_in_is_what_started_it_again(world: World) -> None:
    world[NEW] = facts_of(NEW, parent=BOSS, unit="web.service")
    before = facts_of(OLD, parent=INIT, unit="web.service")
    (holder,) = _holders_now([row(NEW)], plan_of(before), {OLD})
    assert (holder.service, holder.starter) == ("web.service", None)
    # A parent of both, inside of the unit, may have done it as well.
    same_parent = facts_of(OLD, parent=BOSS, unit="web.service")
    (holder,) = _holders_now([row(NEW)], plan_of(same_parent), {OLD})
    assert (holder.service, holder.starter) == ("web.service", ProcessInfo(BOSS, "boss"))
    # A unit of another name has done nothing.
    other = facts_of(OLD, parent=INIT, unit="shop.service")
    (holder,) = _holders_now([row(NEW)], plan_of(other), {OLD})
    assert (holder.service, holder.starter) == (None, ProcessInfo(BOSS, "boss"))
    without_parent = facts_of(NEW, unit="web.service")
    world[NEW] = without_parent
    (holder,) = _holders_now([row(NEW)], plan_of(before), {OLD})
    assert (holder.service, holder.starter) == ("web.service", None)


def test_each_holder_is_told_apart_and_one_of_nobody_known_as_such(world: World) -> None:
    world[NEW] = facts_of(NEW, parent=BOSS)
    world[OLD] = facts_of(OLD)
    rows = [row(None, pid=99), row(NEW), row(OLD)]
    nobody, new, old = _holders_now(rows, plan_of(world[OLD]), {OLD})
    assert (nobody.process, nobody.starter, nobody.service) == (None, None, None)
    assert new.starter
    assert (old.process, old.starter) == (world[OLD], None)
    assert _holders_now([], plan_of(), ()) == ()


def bind(verdict: BindVerdict) -> BindReport:
    return BindReport(PORT, Protocol.TCP, verdict, "", "", ())


def test_who_came_between_the_last_look_and_the_bind_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world[NEW] = facts_of(NEW, parent=BOSS)
    rows: list[SocketRow] = []

    def somebody_comes(*_arguments: object) -> BindReport:
        rows.append(row(NEW))
        return bind(BindVerdict.IN_USE)

    monkeypatch.setattr(verify, "read_rows", lambda: tuple(rows))
    monkeypatch.setattr(verify, "try_bind", somebody_comes)
    proof = prove(plan_of(facts_of(OLD)), since=time.monotonic(), watch_s=0)
    assert proof.verdict is PortVerdict.TAKEN_AGAIN
    assert [holder.row.owner for holder in proof.holders] == [NEW]
    assert proof.free_after_ms is not None


def test_who_comes_after_a_bind_that_worked_does_not_make_it_untrue(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    def read_rows() -> tuple[SocketRow, ...]:
        looks.append(1)
        return ()

    monkeypatch.setattr(verify, "read_rows", read_rows)
    monkeypatch.setattr(verify, "try_bind", lambda *_arguments: bind(BindVerdict.FREE))
    proof = prove(plan_of(facts_of(OLD)), since=time.monotonic(), watch_s=0)
    assert proof.verdict is PortVerdict.FREE
    assert len(looks) == 2, "until it is released, and while it is watched"


@pytest.mark.parametrize(
    ("address", "is_free", "expected"),
    [
        ("127.0.0.1", True, PortVerdict.FREE),
        ("127.0.0.1", False, PortVerdict.STILL_HELD),
        (None, True, PortVerdict.STILL_HELD),
    ],
)
def test_a_socket_of_the_other_family_only_seems_to_be_in_the_way_of_an_address(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    address: str | None,
    is_free: bool,
    expected: PortVerdict,
) -> None:
    """The bind at the very address that was wanted proves that it is not."""
    world[OLD] = facts_of(OLD)
    other, closing = row(NEW, State.ESTABLISHED), row(None, State.TIME_WAIT)
    monkeypatch.setattr(verify, "read_rows", lambda: (row(OLD, address="::"), other, closing))
    monkeypatch.setattr(verify, "_FREE_AT_THE_LATEST_S", 0)
    verdict = BindVerdict.FREE if is_free else BindVerdict.IN_USE
    monkeypatch.setattr(verify, "try_bind", lambda *_arguments: bind(verdict))
    proof = prove(plan_of(world[OLD], address=address), since=time.monotonic(), watch_s=0)
    assert proof.verdict is expected
    assert bool(proof.holders) is (expected is PortVerdict.STILL_HELD)
    assert proof.connections == (other,)
    assert proof.free_after_ms is None


def test_what_is_closing_is_still_known_where_only_that_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = row(None, State.TIME_WAIT)
    monkeypatch.setattr(verify, "read_rows", lambda: (closing,))
    monkeypatch.setattr(verify, "try_bind", lambda *_arguments: bind(BindVerdict.LEFTOVERS))
    monkeypatch.setattr(verify, "time_wait_left_s", lambda port: 30.0 if port == PORT else None)
    proof = prove(plan_of(facts_of(OLD)), since=time.monotonic(), watch_s=0)
    assert (proof.verdict, proof.time_wait_left_s) == (PortVerdict.TIME_WAIT, 30.0)
    # Other connections that are closing keep nothing from a port that could be bound.
    monkeypatch.setattr(verify, "try_bind", lambda *_arguments: bind(BindVerdict.FREE))
    proof = prove(plan_of(facts_of(OLD)), since=time.monotonic(), watch_s=0)
    assert (proof.verdict, proof.time_wait_left_s) == (PortVerdict.FREE, None)
