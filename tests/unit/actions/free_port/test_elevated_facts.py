"""What an administrator read about a process fills in what is unreadable here, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.actions.free_port.elevated_facts import (
    ElevatedFacts,
    completed,
    elevated_facts_values,
    read_elevated_facts,
)
from portview.actions.free_port.plan import PlanAction, plan_free
from portview.actions.port_usage import FreeRequest, PortUse
from portview.actions.safety.process_facts import ProcessFacts, SelfContext, ServiceFacts
from portview.domain.facts import ABSENT, NOT_READ, Fact, Known, Remedy, Unreadable
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.program import RunningProgram
from portview.domain.owners.service import Service, ServiceState
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from tests.fakes.process_facts import PROGRAM, read_facts

KEY = ProcessKey(700, 7_000)
HIDDEN = Unreadable("access denied", Remedy.ADMINISTRATOR)
HERE = SelfContext(ProcessKey(500, 5), platform="win32", windows_folder=r"C:\Windows")
SERVICES = st.builds(
    Service,
    st.text(max_size=5),
    st.text(max_size=5),
    st.sampled_from([*ServiceState, None]),
    st.one_of(st.none(), st.integers(1, 9)),
)
SERVICE_FACTS = st.builds(
    ServiceFacts,
    SERVICES,
    st.just("scm"),
    st.one_of(st.none(), st.just("auto")),
    st.lists(SERVICES, max_size=2).map(tuple),
    st.booleans(),
    st.booleans(),
    st.lists(st.text(max_size=3), max_size=2).map(tuple),
)
UNREADABLE = st.builds(Unreadable, st.text(max_size=9), st.sampled_from(Remedy))
DIGESTS = st.one_of(st.just(ABSENT), st.just(NOT_READ), st.just(Known("a" * 16)))


def facts_of(value: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.just(ABSENT), UNREADABLE, value.map(Known))


@given(
    facts_of(st.lists(SERVICE_FACTS, max_size=2).map(tuple)),
    facts_of(st.booleans()),
    st.builds(RunningProgram, DIGESTS, DIGESTS, DIGESTS),
)
def test_facts_are_read_as_they_were_written(
    services: Fact[tuple[ServiceFacts, ...]], critical: Fact[bool], program: RunningProgram
) -> None:
    facts = replace(
        read_facts(ProcessInfo(KEY, "x")), services=services, is_critical=critical, program=program
    )
    values = json.loads(json.dumps(elevated_facts_values(facts)))
    assert read_elevated_facts(values) == ElevatedFacts(services, critical, program)


def test_what_was_read_here_stays() -> None:
    mine = read_facts(ProcessInfo(KEY, "x"), is_critical=Known(False))
    other = ElevatedFacts(HIDDEN, Known(True), RunningProgram())
    assert completed(mine, other) == mine


@pytest.mark.parametrize("program", [PROGRAM, RunningProgram(HIDDEN, ABSENT, Known("b" * 16))])
def test_an_administrators_look_turns_a_refusal_into_a_plan(program: RunningProgram) -> None:
    service = ServiceFacts(Service("postgres", "PostgreSQL", ServiceState.RUNNING, 700), "scm")
    mine = ProcessFacts(
        ProcessInfo(KEY, "postgres.exe"),
        parent=ABSENT,
        services=HIDDEN,
        is_critical=HIDDEN,
        session_tie=ABSENT,
        program=program,
    )
    rows = (row(),)
    hidden = plan_free(FreeRequest(5432), PortUse(rows), {KEY: mine}, HERE)
    assert hidden.is_hidden
    seen = ElevatedFacts(Known((service,)), Known(False), PROGRAM)
    full = completed(mine, seen)
    assert full.program == PROGRAM
    (step,) = plan_free(FreeRequest(5432), PortUse(rows), {KEY: full}, HERE).steps
    assert step.kind is PlanAction.STOP_SERVICE
    assert step.service == service


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"services": {}, "is_critical": {"absent": True}, "program": "7:1:-:-:-"},
        {"services": {"known": [[]]}, "is_critical": {"absent": True}, "program": "7:1:-:-:-"},
        {"services": {"absent": True}, "is_critical": {"absent": True}, "program": "7:1"},
        {"services": {"unreadable": "x", "remedy": "magic"}, "is_critical": {}, "program": ""},
    ],
)
def test_anything_else_is_no_answer(values: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_elevated_facts(values)


def row() -> SocketRow:
    key = SocketKey(Protocol.TCP, Family.IPV4, Endpoint("127.0.0.1", 5432), None, KEY)
    return SocketRow(key, State.LISTEN, KEY.pid)
