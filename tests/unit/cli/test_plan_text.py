"""A plan at the terminal says what is done and to whom, and the same as the dialog."""

from __future__ import annotations

import pytest

from portview.actions.free_port.plan import FreePlan, PlanAction, PlanStep
from portview.actions.free_port.port_usage import FreeRequest
from portview.actions.safety.process_facts import CloseMethod
from portview.actions.safety.refusals import Refusal
from portview.cli.plan_text import plan_lines
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
    return "\n".join(plan_lines(FreePlan(FreeRequest(80), steps, rows), 5))


def test_a_plan_names_the_way_and_the_grace_time() -> None:
    said = text(asking(asking=CloseMethod.SIGNAL), served=2)
    assert "ask it to close (SIGTERM); end it if it still runs after 5 s" in said
    assert "2 open connections of it will be closed." in said


def test_where_one_must_stay_nobody_is_told_to_be_stopped() -> None:
    said = text(asking(), REFUSED, served=2)
    assert "left alone: No." in said
    assert "also not stopped" in said
    assert "ask it" not in said
    assert "will be cut" not in said


@pytest.mark.parametrize("execution", [Execution.SUSPENDED, Execution.TRACED])
def test_what_stands_still_is_told(execution: Execution) -> None:
    assert "doesn't respond" in text(asking(execution=execution))
    assert "doesn't respond" not in text(asking(execution=Execution.RUNNING))
