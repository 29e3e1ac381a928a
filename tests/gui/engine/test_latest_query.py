"""One question at a time, and only the latest of those that wait."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import TaskRunner


class Asked:
    """Answers with the question itself, once it may, and collects what comes back."""

    def __init__(self, runner: TaskRunner) -> None:
        self.questions: list[int] = []
        self.answers: list[tuple[int, int]] = []
        self.errors: list[Exception] = []
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.inquiry: LatestQuery[int, int] = LatestQuery(
            self._answer,
            runner,
            Pool.READING,
            on_answered=lambda question, answer: self.answers.append((question, answer)),
            on_failed=self.errors.append,
        )

    def _answer(self, question: int) -> int:
        self.questions.append(question)
        self.entered.set()
        assert self.gate.wait(30)
        if question < 0:
            raise ValueError("no")
        return question * 10


def test_of_those_that_wait_only_the_latest_is_asked(qtbot: QtBot, runner: TaskRunner) -> None:
    asked = Asked(runner)
    for question in range(5):
        asked.inquiry.ask(question)
    asked.gate.set()
    qtbot.waitUntil(lambda: len(asked.answers) == 2 and not asked.inquiry.is_asking)
    assert asked.answers == [(0, 0), (4, 40)]
    assert asked.questions == [0, 4]


def test_a_failure_is_told_and_the_next_question_asked(qtbot: QtBot, runner: TaskRunner) -> None:
    asked = Asked(runner)
    asked.gate.set()
    asked.inquiry.ask(-1)
    asked.inquiry.ask(2)
    qtbot.waitUntil(lambda: bool(asked.answers))
    assert [str(error) for error in asked.errors] == ["no"]
    assert asked.answers == [(2, 20)]


def test_what_was_dropped_is_not_answered_and_a_later_question_is(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    asked = Asked(runner)
    asked.inquiry.ask(1)
    asked.inquiry.ask(2)
    assert asked.entered.wait(10)
    asked.inquiry.drop()
    asked.inquiry.ask(3)
    asked.gate.set()
    qtbot.waitUntil(lambda: (3, 30) in asked.answers)
    assert 2 not in asked.questions
