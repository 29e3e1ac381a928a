"""What was done stands in the list, and what was stopped can be started again from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest
from PySide6.QtCore import Qt

from portview.actions.end_process import end_process, look_at_process
from portview.actions.jobs import ServiceJob, SuspendJob
from portview.actions.process_facts import ServiceFacts
from portview.actions.record import keep_record
from portview.actions.service_change import ServiceReport
from portview.actions.suspend_process import SuspendVerb, change_execution, look_at_execution
from portview.domain.outcome import Outcome
from portview.domain.processes import ProcessKey
from portview.domain.services import Service, ServiceState
from portview.engine.task_runner import Pool
from portview.readers.process_identity import process_key
from portview.ui.action_list import ActionList

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import TaskRunner

WAIT_MS = 20_000


@pytest.fixture
def open_list(qtbot: QtBot, runner: TaskRunner) -> Iterator[Callable[[], ActionList]]:
    """Open lists that are closed with the test."""
    opened: list[ActionList] = []

    def start() -> ActionList:
        opened.append(ActionList(runner))
        opened[-1].open()
        return opened[-1]

    yield start
    for actions in opened:
        actions.close()
        actions.deleteLater()


def test_a_stopped_process_is_started_again(
    qtbot: QtBot,
    open_list: Callable[[], ActionList],
    server: Callable[[], tuple[subprocess.Popen[str], int]],
) -> None:
    process, _ = server()
    key = process_key(process.pid)
    assert isinstance(key, ProcessKey)
    keep_record(end_process(look_at_process(key)))
    process.wait(10)
    actions = open_list()
    qtbot.waitUntil(lambda: actions.tree.topLevelItemCount() == 1, timeout=WAIT_MS)
    item = actions.tree.topLevelItem(0)
    assert item is not None
    actions.tree.setCurrentItem(item)
    assert not actions.again_button.isEnabled()
    actions.tree.setCurrentItem(item.child(0))
    assert actions.again_button.isEnabled()
    qtbot.mouseClick(actions.again_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "runs." in actions.note.text(), timeout=WAIT_MS)
    pid = int(actions.note.text().rpartition("PID ")[2].partition(")")[0])
    again = psutil.Process(pid)
    again.kill()
    again.wait(10)


def test_a_stopped_service_is_asked_about_in_its_own_dialog(
    qtbot: QtBot, open_list: Callable[[], ActionList]
) -> None:
    stopped = ServiceFacts(Service("web", "Web", ServiceState.STOPPED), "scm")
    keep_record(ServiceReport(Outcome.DONE, "Stop.", "", "", service=stopped))
    actions = open_list()
    qtbot.waitUntil(lambda: actions.tree.topLevelItemCount() == 1, timeout=WAIT_MS)
    item = actions.tree.topLevelItem(0)
    assert item is not None
    actions.tree.setCurrentItem(item.child(0))
    with qtbot.waitSignal(actions.job_requested) as asked:
        qtbot.mouseClick(actions.again_button, Qt.MouseButton.LeftButton)
    assert asked.args == [ServiceJob("web", "start")]


def test_a_suspended_process_can_be_resumed_from_it(
    qtbot: QtBot,
    open_list: Callable[[], ActionList],
    server: Callable[[], tuple[subprocess.Popen[str], int]],
) -> None:
    process, _ = server()
    key = process_key(process.pid)
    assert isinstance(key, ProcessKey)
    keep_record(change_execution(look_at_execution(key, SuspendVerb.SUSPEND)))
    actions = open_list()
    qtbot.waitUntil(lambda: actions.tree.topLevelItemCount() == 1, timeout=WAIT_MS)
    item = actions.tree.topLevelItem(0)
    assert item is not None
    actions.tree.setCurrentItem(item.child(0))
    assert "Resume" in actions.again_button.text()
    with qtbot.waitSignal(actions.job_requested) as asked:
        qtbot.mouseClick(actions.again_button, Qt.MouseButton.LeftButton)
    assert asked.args == [SuspendJob(key, SuspendVerb.RESUME)]


def test_a_list_that_is_closed_at_once_is_left_in_peace(qtbot: QtBot, runner: TaskRunner) -> None:
    actions = ActionList(runner)
    actions.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    actions.open()
    with qtbot.waitSignal(actions.destroyed, timeout=WAIT_MS):
        actions.reject()
    told: list[object] = []
    runner.run(lambda _work: None, pool=Pool.ACTIONS, on_done=told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)


def test_an_empty_record_is_told(qtbot: QtBot, open_list: Callable[[], ActionList]) -> None:
    actions = open_list()
    qtbot.waitUntil(lambda: actions.note.text() == "Nothing was done so far.", timeout=WAIT_MS)
