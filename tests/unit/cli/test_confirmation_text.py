"""A confirmation at the terminal says what is done and to whom, in the words of the dialog."""

from __future__ import annotations

import pytest

from portview.actions.confirmation.confirmation import confirm_free
from portview.actions.free_port.plan import FreePlan, PlanAction, PlanStep
from portview.actions.port_usage import FreeRequest
from portview.actions.safety.process_facts import CloseMethod
from portview.actions.safety.refusals import Refusal
from portview.cli.confirmation_text import confirmation_lines
from portview.domain.owners.process import Execution, ProcessInfo, ProcessKey
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from tests.fakes.process_facts import read_facts

A, B = ProcessKey(11, 100), ProcessKey(12, 200)
REFUSED = PlanStep(
    PlanAction.REFUSE, read_facts(ProcessInfo(B, "Xorg")), refusal=Refusal("x", "No.")
)


def asking(**more: object) -> PlanStep:
    return PlanStep(PlanAction.ASK, read_facts(ProcessInfo(A, "node"), **more))  # type: ignore[arg-type]


def text(*steps: PlanStep, served: int = 0) -> str:
    key = SocketKey(Protocol.TCP, Family.IPV4, Endpoint("127.0.0.1", 80), Endpoint("::1", 9), A)
    rows = (SocketRow(key, State.ESTABLISHED),) * served
    asked = confirm_free(FreePlan(FreeRequest(80), steps, rows), 5)
    return "\n".join(line for line, _style in confirmation_lines(asked))


def test_a_plan_names_the_way_and_the_grace_time() -> None:
    said = text(asking(asking=CloseMethod.SIGNAL), served=2)
    assert "-> It will be asked to close (SIGTERM), and ended if it still runs after 5 s." in said
    assert "2 open connections will be closed." in said


def test_where_one_must_stay_nobody_is_told_to_be_stopped() -> None:
    said = text(asking(), REFUSED, served=2)
    assert "-> Left alone. No." in said
    assert "-> Also not stopped" in said
    assert "asked to close" not in said
    assert "will be closed" not in said


@pytest.mark.parametrize("execution", [Execution.SUSPENDED, Execution.TRACED])
def test_what_stands_still_is_told(execution: Execution) -> None:
    assert "doesn't respond" in text(asking(execution=execution))
    assert "doesn't respond" not in text(asking(execution=Execution.RUNNING))


def worker(key: ProcessKey, parent: ProcessInfo | None, local_port: int = 80) -> PlanStep:
    info = ProcessInfo(key, "node", command_line=("node", "server.js"), user="dev")
    local = Endpoint("127.0.0.1", local_port)
    row = SocketRow(SocketKey(Protocol.TCP, Family.IPV4, local, None, key, 7), State.LISTEN)
    return PlanStep(PlanAction.ASK, read_facts(info, parent=parent), (row,))


def test_what_workers_have_in_common_is_said_once() -> None:
    master = ProcessInfo(ProcessKey(20, 1), "node")
    shell = ProcessInfo(ProcessKey(5, 1), "bash")
    workers = [worker(ProcessKey(21 + number, 2), master) for number in range(3)]
    said = text(*workers, worker(master.key, shell))
    assert said.count("node server.js") == 1
    assert said.count("asked to close") == 1
    assert said.splitlines()[1] == "  node, PID 20"
    assert "3 more processes of the same program: node, PID 21, node, PID 22, node, PID 23" in said
    assert "started by bash (PID 5)" in said


def test_others_and_what_is_refused_stand_alone() -> None:
    steps = [worker(ProcessKey(21, 2), None), worker(ProcessKey(22, 2), None, 81), REFUSED, REFUSED]
    said = text(*steps)
    assert said.count("node server.js") == 2
    assert said.count("Left alone. No.") == 2
