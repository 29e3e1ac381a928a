"""Who came to a port after the plan was made, on sockets that this process really has."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from portview.actions.free_port import newcomers
from portview.actions.free_port.newcomers import changed_results
from portview.actions.free_port.plan import FreePlan, PlanAction, PlanStep
from portview.actions.inspection.process_inspection import read_rows
from portview.actions.port_usage import FreeRequest
from portview.actions.safety.process_facts import ServiceFacts
from portview.actions.stopping.stop import Ending, StopResult
from portview.domain.facts import Known
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.service import Service, ServiceState
from portview.domain.sockets.socket_row import State
from portview.readers.process_identity import process_key
from tests.fakes.process_facts import read_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.sockets.socket_row import SocketRow

NOBODY = ProcessKey(2**22 + 3, 10)
"""No process has this number."""
WEB = ServiceFacts(Service("web", "Web", ServiceState.RUNNING), "systemd")


def own_key() -> ProcessKey:
    key = process_key(os.getpid())
    assert isinstance(key, ProcessKey)
    return key


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def rows_of(server: socket.socket) -> tuple[SocketRow, ...]:
    port = server.getsockname()[1]
    return tuple(row for row in read_rows() if row.local.port == port and row.state is State.LISTEN)


def step_for(key: ProcessKey, *rows: SocketRow) -> PlanStep:
    return PlanStep(PlanAction.ASK, read_facts(ProcessInfo(key, "node")), rows)


def plan_of(server: socket.socket, *steps: PlanStep, **more: object) -> FreePlan:
    return FreePlan(FreeRequest(server.getsockname()[1]), steps, **more)  # type: ignore[arg-type]


def test_who_was_there_is_no_newcomer(server: socket.socket) -> None:
    rows = rows_of(server)
    assert changed_results(plan_of(server, step_for(own_key(), *rows))) == ()
    assert changed_results(plan_of(server, step_for(own_key()), left_alone=rows)) == ()


def test_a_newcomer_is_named_with_its_place_and_nothing_is_done(server: socket.socket) -> None:
    found = changed_results(plan_of(server, step_for(own_key()), step_for(NOBODY)))
    port = server.getsockname()[1]
    mine, gone = found
    assert (mine.process, mine.ending) == (own_key(), Ending.CHANGED)
    assert mine.detail.endswith(f"now holds 127.0.0.1:{port}.")
    assert f"(PID {os.getpid()})" in mine.detail
    assert gone == StopResult(NOBODY, Ending.GONE)


def test_where_all_who_were_seen_have_ended_there_is_nothing_to_keep_from(
    server: socket.socket,
) -> None:
    """What became of the port is said by the proof."""
    assert changed_results(plan_of(server, step_for(NOBODY))) == ()


@pytest.mark.linux_only("several addresses of this machine at one port")
def test_only_what_was_not_planned_is_named(server: socket.socket) -> None:
    rows = rows_of(server)
    port = server.getsockname()[1]
    with socket.create_server(("127.0.0.2", port)), socket.create_server(("127.0.0.3", port)):
        (result,) = changed_results(plan_of(server, step_for(own_key(), *rows)))
        assert f"127.0.0.2:{port}." in result.detail
        assert f"127.0.0.3:{port}." in result.detail
        assert f"127.0.0.1:{port}" not in result.detail
        assert result.detail.count(". ") == result.detail.count("now holds") - 1
        narrow = replace(
            plan_of(server, step_for(own_key(), *rows)),
            request=FreeRequest(port, address="127.0.0.1"),
        )
        assert changed_results(narrow) == (), "elsewhere it is in nobody's way"


def test_a_socket_whose_owner_is_hidden_is_a_newcomer_by_its_number(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = [row._replace(key=row.key._replace(owner=None), pid=77) for row in rows_of(server)]
    monkeypatch.setattr(newcomers, "read_rows", lambda: tuple(hidden))
    (result,) = changed_results(plan_of(server, step_for(own_key())))
    assert result.detail.startswith("PID 77 now holds")


@pytest.mark.parametrize(("name", "is_newcomer"), [("web", False), ("shop", True)])
def test_another_process_of_the_service_that_is_stopped_is_none(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch, name: str, is_newcomer: bool
) -> None:
    """No service manager runs the test: which service the process is, is put in."""
    service = replace(WEB, service=replace(WEB.service, name=name))
    facts = replace(read_facts(ProcessInfo(own_key(), "web")), services=Known((service,)))
    monkeypatch.setattr(newcomers.ProcessInspector, "facts_of", lambda _self, _key: facts)
    step = PlanStep(PlanAction.STOP_SERVICE, facts, (), WEB)
    found = changed_results(plan_of(server, step))
    assert bool(found) is is_newcomer
    assert [result.process for result in found] == ([own_key()] if is_newcomer else [])


@pytest.mark.linux_only("several addresses of this machine at one port")
def test_one_of_the_service_hides_no_newcomer_that_is_listed_after_it(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = rows_of(server)
    hidden = row._replace(key=row.key._replace(owner=None), pid=77)
    monkeypatch.setattr(newcomers, "read_rows", lambda: (row, hidden))
    facts = replace(read_facts(ProcessInfo(own_key(), "web")), services=Known((WEB,)))
    monkeypatch.setattr(newcomers.ProcessInspector, "facts_of", lambda _self, _key: facts)
    (result,) = changed_results(plan_of(server, PlanStep(PlanAction.STOP_SERVICE, facts, (), WEB)))
    assert result.detail.startswith("PID 77 now holds")


def test_the_holders_of_services_count_once_among_those_to_be_kept_from() -> None:
    of_service = PlanStep(PlanAction.STOP_SERVICE, read_facts(ProcessInfo(NOBODY, "web")), (), WEB)
    kept = PlanStep(PlanAction.REFUSE, read_facts(ProcessInfo(ProcessKey(1, 1), "init")))
    unknown = PlanStep(PlanAction.REFUSE, service=WEB)
    plan = FreePlan(FreeRequest(1), (step_for(own_key()), of_service, of_service, kept, unknown))
    assert newcomers._keys(plan) == [own_key(), NOBODY]
