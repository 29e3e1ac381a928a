"""A plan with hundreds of holders is told in a few lines that name what matters."""

from __future__ import annotations

from dataclasses import replace

from portview.actions.confirmation.confirmation import confirm_free
from portview.actions.free_port.plan import FreePlan, PlanAction, PlanStep
from portview.actions.free_port.plan_summary import MOST_GROUPS, shown_groups, summary_of_steps
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
    steps = tuple(step(pid) for pid in range(1, MOST_GROUPS + 1))
    groups, rest = shown_groups(steps)
    assert [group.first for group in groups] == list(steps)
    assert rest == []


def test_a_long_plan_is_summed_up_and_every_holder_counted() -> None:
    steps = [step(pid, "node" if pid % 3 else "php") for pid in range(1, 301)]
    text = text_of(plan(*steps))
    assert len(text) < 4000
    assert "288 more processes hold it and are stopped as well: node (192), php (96)." in text
    asked = confirm_free(plan(*steps), 5)
    assert len(asked.cards) == MOST_GROUPS
    assert any("288 more processes" in note for note in asked.notes)


def test_what_is_refused_is_always_named() -> None:
    refused = step(300, "Xorg", Refusal("desktop", "It is the desktop.", "Log out."))
    steps = [*(step(pid) for pid in range(1, 300)), refused]
    shown, rest = shown_groups(steps)
    assert shown[-1].first is refused
    assert len(rest) == 300 - MOST_GROUPS
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


def worker(pid: int, parent: ProcessInfo | None) -> PlanStep:
    info = ProcessInfo(ProcessKey(pid, pid), "php-fpm", command_line=("php-fpm", "-F"))
    return PlanStep(PlanAction.ASK, read_facts(info, parent=parent))


def test_a_master_and_its_workers_are_one_card() -> None:
    shell = ProcessInfo(ProcessKey(5, 5), "bash")
    master = worker(20, shell)
    assert master.process is not None
    workers = [worker(pid, master.process.info) for pid in range(21, 81)]
    asked = confirm_free(plan(*workers[:30], master, *workers[30:]), 5)
    (card,) = asked.cards
    assert card.title == "php-fpm, PID 20"
    assert card.members[:2] == ("php-fpm, PID 21", "php-fpm, PID 22")
    assert len(card.members) == 60
    # What stops is counted all the same.
    assert any("61 processes will be stopped" in note for note in asked.notes)
    assert not any("more process" in note for note in asked.notes)


def test_what_differs_is_not_called_alike() -> None:
    one, other = worker(20, None), worker(21, None)
    assert other.process is not None
    of_another = replace(other.process, info=replace(other.process.info, user="other"))
    groups, _rest = shown_groups([one, replace(other, process=of_another)])
    assert len(groups) == 2
    tree = replace(other, tree=(other.process,))
    assert len(shown_groups([one, tree])[0]) == 2
