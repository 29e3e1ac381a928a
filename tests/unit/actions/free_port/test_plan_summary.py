"""A plan with hundreds of holders is told in a few lines that name what matters."""

from __future__ import annotations

from portview.actions.confirmation.confirmation import confirm_free
from portview.actions.free_port.plan import FreePlan, PlanAction, PlanStep
from portview.actions.free_port.plan_summary import MOST_STEPS, shown_steps, summary_of_steps
from portview.actions.free_port.report import results_words
from portview.actions.port_usage import FreeRequest
from portview.actions.safety.refusals import Refusal
from portview.actions.stopping.stop import Ending, StopResult
from portview.cli.confirmation_text import confirmation_lines
from portview.domain.owners.process import ProcessInfo, ProcessKey
from tests.fakes.process_facts import read_facts


def step(pid: int, name: str = "node", refusal: Refusal | None = None, under: int = 0) -> PlanStep:
    tree = tuple(read_facts(ProcessInfo(ProcessKey(pid * 1000 + n, 5), "sh")) for n in range(under))
    kind = PlanAction.REFUSE if refusal else PlanAction.ASK
    facts = read_facts(ProcessInfo(ProcessKey(pid, pid), name))
    return PlanStep(kind, facts, tree=tree, refusal=refusal)


def plan(*steps: PlanStep) -> FreePlan:
    return FreePlan(FreeRequest(80), steps)


def text_of(seen: FreePlan) -> str:
    return "\n".join(line for line, _style in confirmation_lines(confirm_free(seen, 5)))


def test_a_short_plan_is_shown_in_full() -> None:
    steps = tuple(step(pid) for pid in range(1, MOST_STEPS + 1))
    assert shown_steps(steps) == (steps, ())


def test_a_long_plan_is_summed_up_and_every_holder_counted() -> None:
    steps = [step(pid, "node" if pid % 3 else "php") for pid in range(1, 301)]
    text = text_of(plan(*steps))
    assert len(text) < 4000
    assert "288 more processes hold it and are stopped as well: node (192), php (96)." in text
    asked = confirm_free(plan(*steps), 5)
    assert len(asked.cards) == MOST_STEPS
    assert any("288 more processes" in note for note in asked.notes)


def test_what_is_refused_is_always_named() -> None:
    refused = step(300, "Xorg", Refusal("desktop", "It is the desktop.", "Log out."))
    steps = [*(step(pid) for pid in range(1, 300)), refused]
    shown, rest = shown_steps(steps)
    assert shown[-1] is refused
    assert len(rest) == 300 - MOST_STEPS
    text = text_of(plan(*steps))
    assert "It is the desktop." in text
    assert "288 more processes hold it: node (288)." in text


def test_a_long_plan_that_is_not_possible_does_not_say_that_others_stop() -> None:
    refusal = Refusal("desktop", "It is the desktop.", "Log out.")
    said = summary_of_steps([step(1, refusal=refusal), step(2)], is_possible=False)
    assert "hold it: node (2)." in said
    assert "stopped" not in said


def test_many_under_one_holder_are_counted() -> None:
    text = text_of(plan(step(1, under=200)))
    assert "and 196 more" in text
    assert len(text.splitlines()) < 8
    assert "10 processes run under them." in summary_of_steps([step(1, under=4), step(2, under=6)])


def test_many_results_are_told_by_their_end() -> None:
    results = [StopResult(ProcessKey(pid, 1), Ending.CLOSED) for pid in range(1, 200)]
    results.append(StopResult(ProcessKey(500, 1), Ending.ENDED))
    said = results_words(results, {})
    assert said == (
        "PID 1, PID 2, PID 3, PID 4, PID 5 and 194 more: closed by itself when asked. "
        "PID 500 was ended."
    )
