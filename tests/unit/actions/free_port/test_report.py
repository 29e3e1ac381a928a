"""How it ended is told in words that are true of it, and of nothing else."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.actions.free_port.plan import FreePlan, PlanAction, PlanStep
from portview.actions.free_port.report import describe_result, outcome_of
from portview.actions.free_port.verify import HolderNow, PortVerdict, Proof, verdict_of
from portview.actions.port_usage import FreeRequest, PortUse
from portview.actions.safety.process_facts import CloseMethod
from portview.actions.stopping.stop import Ending, StopResult
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.probes.bind_places import BindPlace
from portview.probes.bind_refusal import explain_refusal
from portview.probes.bind_report import BindReport, BindVerdict, PlaceReport
from tests.fakes.process_facts import read_facts

PORT = 8080
OLD, NEW, BOSS = ProcessKey(11, 100), ProcessKey(12, 200), ProcessKey(13, 50)


def row(owner: ProcessKey | None, state: State = State.LISTEN) -> SocketRow:
    remote = None if state is State.LISTEN else Endpoint("10.0.0.9", 443)
    key = SocketKey(Protocol.TCP, Family.IPV4, Endpoint("127.0.0.1", PORT), remote, owner)
    return SocketRow(key, state, owner.pid if owner else None)


def bind(verdict: BindVerdict, detail: str = "", hint: str = "") -> BindReport:
    return BindReport(PORT, Protocol.TCP, verdict, detail, hint, ())


def plan_for(*keys: ProcessKey) -> FreePlan:
    steps = (PlanStep(PlanAction.ASK, read_facts(ProcessInfo(key, "node"))) for key in keys)
    return FreePlan(FreeRequest(PORT), tuple(steps))


CLOSED = (StopResult(OLD, Ending.CLOSED, after_ms=300),)


def words(proof: Proof, results: tuple[StopResult, ...] = CLOSED) -> tuple[str, str, str]:
    return describe_result(plan_for(OLD), results, (), proof)


IGNORING = (StopResult(OLD, Ending.ENDED, CloseMethod.SIGNAL),)


def test_what_ignored_the_question_is_told_so() -> None:
    proof = Proof(PortVerdict.FREE, bind(BindVerdict.FREE))
    done, _now, _next = words(proof, IGNORING)
    assert done == "node (PID 11) did not close when asked, and was ended."


def test_freed_tells_after_how_long() -> None:
    proof = Proof(PortVerdict.FREE, bind(BindVerdict.FREE), free_after_ms=420)
    done, now, next_step = words(proof)
    assert done == "node (PID 11) closed by itself when asked."
    assert now == "TCP port 8080 is free; freed in 0.4 s."
    assert next_step == ""


def test_where_it_was_proved_stands_beside_what_was_done() -> None:
    places = [BindPlace("0.0.0.0", Family.IPV4), BindPlace("::", Family.IPV6)]  # noqa: S104 - data
    proved = tuple(PlaceReport(place, BindVerdict.FREE, "") for place in places)
    report = BindReport(PORT, Protocol.TCP, BindVerdict.FREE, "", "", proved)
    done, _now, _next = words(Proof(PortVerdict.FREE, report))
    assert done.endswith("PortView bound it on 0.0.0.0 and :: and released it.")


def test_what_the_system_reserves_is_told_with_its_range() -> None:
    ranges = PortRanges(excluded=(PortRange(8000, 8099),))
    verdict, detail, hint = explain_refusal(errno.EACCES, PORT, ranges)
    reserved = bind(verdict, detail, hint)
    assert verdict_of(PortUse(), reserved, ()) is PortVerdict.RESERVED
    _, now, next_step = words(Proof(PortVerdict.RESERVED, reserved))
    assert "No process holds TCP port 8080, but it is reserved by the system." in now
    assert "8000-8099 (excluded port range)" in now
    assert "outside the excluded ranges" in next_step


def test_a_respawn_by_a_service_names_the_service_to_stop() -> None:
    again = read_facts(ProcessInfo(NEW, "node"))
    holder = HolderNow(row(NEW), again, service="shop.service")
    proof = Proof(PortVerdict.TAKEN_AGAIN, bind(BindVerdict.IN_USE), (holder,))
    _, now, next_step = words(proof)
    assert now == (
        "TCP port 8080 was taken again by node (PID 12), started by the service shop.service."
    )
    assert next_step.endswith("portview service stop shop.service")


def test_a_respawn_by_a_parent_names_the_parent() -> None:
    boss = ProcessInfo(BOSS, "supervisor")
    again = read_facts(ProcessInfo(NEW, "node"), boss)
    holder = HolderNow(row(NEW), again, starter=boss)
    proof = Proof(PortVerdict.TAKEN_AGAIN, bind(BindVerdict.IN_USE), (holder,))
    _, now, next_step = words(proof)
    assert "started by supervisor (PID 13)" in now
    assert "portview end 13 --started 1970-01-01T00:00:00.050Z" in next_step


def test_time_wait_is_told_with_its_seconds_where_they_are_known() -> None:
    leftovers = bind(BindVerdict.LEFTOVERS)
    for seconds, said in ((41.4, ", for 41 s."), (None, ", for a minute or two.")):
        proof = Proof(PortVerdict.TIME_WAIT, leftovers, time_wait_left_s=seconds)
        assert words(proof)[1].endswith(f"only TIME_WAIT is left{said}")
        assert outcome_of(proof, CLOSED, ()) is Outcome.DONE


def test_want_of_rights_is_an_outcome_of_its_own() -> None:
    denied = (StopResult(OLD, Ending.DENIED),)
    proof = Proof(PortVerdict.STILL_HELD, bind(BindVerdict.IN_USE), (HolderNow(row(OLD), None),))
    assert outcome_of(proof, denied, ()) is Outcome.NEEDS_ADMIN
    assert words(proof, denied)[2] == "Try again with administrator rights."
    problem = PortViewError("denied", "Not you.", "Ask.", Outcome.NEEDS_ADMIN)
    assert outcome_of(proof, (), (problem,)) is Outcome.NEEDS_ADMIN


ROWS = st.lists(st.sampled_from([row(OLD), row(NEW), row(None)]), max_size=3).map(tuple)
OTHERS = st.lists(st.just(row(NEW, State.ESTABLISHED)), max_size=2).map(tuple)
CLOSING = st.lists(st.just(row(None, State.TIME_WAIT)), max_size=2).map(tuple)


@given(ROWS, OTHERS, CLOSING, st.sampled_from(BindVerdict))
def test_only_a_bind_that_worked_is_called_free(
    holding: tuple[SocketRow, ...],
    others: tuple[SocketRow, ...],
    closing: tuple[SocketRow, ...],
    tried: BindVerdict,
) -> None:
    verdict = verdict_of(PortUse(holding, others, closing), bind(tried), {OLD})
    assert (verdict is PortVerdict.FREE) is (not holding and tried is BindVerdict.FREE)
    assert (verdict in {PortVerdict.STILL_HELD, PortVerdict.TAKEN_AGAIN}) is bool(holding)
    is_new = bool(holding) and {one.owner for one in holding} == {NEW}
    assert (verdict is PortVerdict.TAKEN_AGAIN) is is_new
    proof = Proof(verdict, bind(tried), tuple(HolderNow(one, None) for one in holding))
    is_usable = not holding and tried is BindVerdict.LEFTOVERS
    is_done = outcome_of(proof, (), ()) is Outcome.DONE
    assert is_done is (verdict is PortVerdict.FREE or is_usable)


@pytest.mark.parametrize("verdict", list(PortVerdict))
def test_every_verdict_has_its_words(verdict: PortVerdict) -> None:
    holders = (HolderNow(row(NEW), read_facts(ProcessInfo(NEW, "a\u202eb"))),)
    proof = Proof(verdict, bind(BindVerdict.ERROR, "It failed.", "Look."), holders, (row(NEW),))
    for text in words(proof):
        assert "\u202e" not in text
    assert words(proof)[1].startswith(("TCP port 8080", "No process"))
