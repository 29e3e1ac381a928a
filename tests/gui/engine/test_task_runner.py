"""Errands run on pools and come back once, on the UI thread, whatever happens meanwhile."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QThread

from portview.engine.task_runner import Pool, Work

if TYPE_CHECKING:
    import pytest
    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import TaskRunner


class Ends:
    """Collects how tasks end, and on which thread that is told."""

    def __init__(self) -> None:
        self.notified: list[tuple[str, object]] = []
        self.threads: set[QThread] = set()

    def taking(self, kind: str):  # noqa: ANN201 - a callback of any shape
        def take(*values: object) -> None:
            self.notified.append((kind, values[0] if values else None))
            self.threads.add(QThread.currentThread())

        return take

    def receivers(self) -> dict[str, object]:
        return {
            f"on_{kind}": self.taking(kind) for kind in ("done", "failed", "cancelled", "progress")
        }


def test_a_result_comes_back_on_the_ui_thread(qtbot: QtBot, runner: TaskRunner) -> None:
    ends = Ends()
    worked_on: list[int] = []

    def work(_: Work[int]) -> int:
        worked_on.append(threading.get_ident())
        return 42

    task = runner.run(work, pool=Pool.PROBES, **ends.receivers())
    assert task.is_running
    qtbot.waitUntil(lambda: bool(ends.notified))
    assert ends.notified == [("done", 42)]
    assert ends.threads == {qtbot_thread()}
    assert worked_on != [threading.get_ident()]
    assert not task.is_running


def qtbot_thread() -> QThread:
    return QThread.currentThread()


def test_an_error_goes_to_the_caller(qtbot: QtBot, runner: TaskRunner) -> None:
    ends = Ends()
    error = ValueError("no such thing")

    def work(_: Work[None]) -> None:
        raise error

    runner.run(work, pool=Pool.ACTIONS, **ends.receivers())
    qtbot.waitUntil(lambda: bool(ends.notified))
    assert ends.notified == [("failed", error)]


def test_an_error_that_nobody_takes_is_logged(
    qtbot: QtBot, runner: TaskRunner, caplog: pytest.LogCaptureFixture
) -> None:
    def work(_: Work[None]) -> None:
        raise ValueError("lost and found")

    with caplog.at_level(logging.ERROR):
        task = runner.run(work, pool=Pool.ACTIONS, on_done=print)
        qtbot.waitUntil(lambda: not task.is_running)
    assert "lost and found" in caplog.text


def test_cancel_reaches_the_work_and_is_told_once(qtbot: QtBot, runner: TaskRunner) -> None:
    ends = Ends()
    entered = threading.Event()

    def work(work: Work[None]) -> None:
        entered.set()
        work.token.wait(60)
        work.token.raise_if_cancelled()

    task = runner.run(work, pool=Pool.PROBES, **ends.receivers())
    assert entered.wait(10)
    task.cancel()
    task.cancel()
    qtbot.waitUntil(lambda: not task.is_running)
    assert ends.notified == [("cancelled", None)]


def test_work_cancelled_before_it_ran_never_runs(qtbot: QtBot, runner: TaskRunner) -> None:
    ends = Ends()
    gate, ran = threading.Event(), threading.Event()
    blocker = runner.run(lambda _: gate.wait(60), pool=Pool.READING, on_done=print)
    waiting = runner.run(lambda _: ran.set(), pool=Pool.READING, **ends.receivers())
    waiting.cancel()
    gate.set()
    qtbot.waitUntil(lambda: not blocker.is_running and not waiting.is_running)
    assert ends.notified == [("cancelled", None)]
    assert not ran.is_set()


def test_progress_arrives_in_order_before_the_end(qtbot: QtBot, runner: TaskRunner) -> None:
    ends = Ends()

    def work(work: Work[str]) -> str:
        for step in range(100):
            work.report(step)
        return "end"

    runner.run(work, pool=Pool.PROBES, **ends.receivers())
    qtbot.waitUntil(lambda: ("done", "end") in ends.notified)
    assert ends.notified == [*(("progress", step) for step in range(100)), ("done", "end")]


def test_a_slow_probe_does_not_delay_a_reading(qtbot: QtBot, runner: TaskRunner) -> None:
    gate = threading.Event()
    ends = Ends()
    for _ in range(Pool.PROBES.thread_count * 2):
        runner.run(lambda _: gate.wait(60), pool=Pool.PROBES, on_done=lambda _: None)
    runner.run(lambda _: "read", pool=Pool.READING, **ends.receivers())
    qtbot.waitUntil(lambda: bool(ends.notified))
    assert ends.notified == [("done", "read")]
    gate.set()


def test_thousands_of_tasks_all_come_back(qtbot: QtBot, runner: TaskRunner) -> None:
    results: list[int] = []
    for number in range(3000):
        runner.run(lambda _, n=number: n, pool=Pool.PROBES, on_done=results.append)
    qtbot.waitUntil(lambda: len(results) == 3000, timeout=30_000)
    assert sorted(results) == list(range(3000))


def test_shutting_down_in_the_middle_of_work_ends_it_and_delivers_nothing(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    ends = Ends()
    entered = threading.Barrier(5)

    def work(work: Work[None]) -> None:
        entered.wait(10)
        work.token.wait(60)

    for _ in range(4):
        runner.run(work, pool=Pool.PROBES, **ends.receivers())
    for _ in range(100):
        runner.run(lambda _: None, pool=Pool.READING, **ends.receivers())
    entered.wait(10)
    runner.shut_down()
    runner.shut_down()
    later = runner.run(lambda _: None, pool=Pool.READING, **ends.receivers())
    qtbot.wait(1)  # lets every queued delivery arrive, were there one
    assert ends.notified == []
    assert not later.is_running
