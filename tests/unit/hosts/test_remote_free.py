"""A remote plan is shown as it is, and only what was seen can be asked for."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from portview.hosts.remote_free import read_plan

PROCESS = {"pid": 42, "process": "web", "process_started": "2026-01-02T03:04:05.678Z"}
STEP = {"action": "ask_to_close", "process": PROCESS, "refusal": None, "service": None}


def plan(*steps: object) -> dict[str, Any]:
    return {"plan": {"steps": list(steps)}, "report": None}


def test_what_was_seen_travels_with_the_command() -> None:
    found = read_plan(plan(STEP), 80, "tcp")
    assert found.command == (
        *("free", "80", "--proto", "tcp", "--yes", "--json"),
        *("--expect", "42@2026-01-02T03:04:05.678Z"),
    )
    assert "web" in found.lines[0]
    assert "42" in found.lines[0]


def test_one_refusal_is_no_command() -> None:
    refused = {**STEP, "action": "refuse", "refusal": {"reason": "It is the system itself."}}
    found = read_plan(plan(STEP, refused), 80, "tcp")
    assert found.command == ()
    assert "It is the system itself." in found.lines


def test_a_process_without_a_start_can_not_be_named_for_good() -> None:
    found = read_plan(plan({**STEP, "process": {**PROCESS, "process_started": None}}), 80, "tcp")
    assert found.command == ()


def test_a_free_port_needs_nothing() -> None:
    report = {"done": "Nothing had to be done.", "now": "Port 80 is free.", "next_step": ""}
    found = read_plan({"plan": {"steps": []}, "report": report}, 80, "tcp")
    assert found == (("Nothing had to be done.", "Port 80 is free."), ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*STEP, *PROCESS, "steps", "plan", "reason"]), inner)
    ),
)


@given(JSON)
def test_no_lie_breaks_it(value: Any) -> None:
    found = read_plan({"plan": {"steps": value}, "report": value}, 80, "tcp")
    assert isinstance(found.lines, tuple)
    assert all(isinstance(line, str) for line in found.lines)
