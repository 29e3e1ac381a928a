"""What was done stands in the list, and what was stopped can be started again from it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import psutil
import pytest
from PySide6.QtCore import Qt

from portview.actions.confirmation.actions import ServiceAction, SuspendAction
from portview.actions.confirmation.history import keep_record
from portview.actions.confirmation.setting_action import SettingAction
from portview.actions.port_settings.change import apply_setting, plan_setting
from portview.actions.port_settings.linux import LinuxPortSettings
from portview.actions.processes.end import end_process, inspect_process
from portview.actions.processes.suspend import SuspendVerb, change_execution, inspect_execution
from portview.actions.safety.process_facts import ServiceFacts
from portview.actions.services.change import ServiceReport
from portview.actions.specs.setting import SettingChange, SettingKind, reserve
from portview.domain.errors import Outcome
from portview.domain.facts import Known
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.service import Service, ServiceState
from portview.engine.task_runner import Pool
from portview.readers.process_identity import process_key
from portview.readers.process_rights import read_process_rights
from portview.ui.confirm.history_window import HistoryWindow

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import TaskRunner

WAIT_MS = 20_000


@pytest.fixture
def open_list(qtbot: QtBot, runner: TaskRunner) -> Iterator[Callable[[], HistoryWindow]]:
    """Open lists that are closed with the test."""
    opened: list[HistoryWindow] = []

    def start() -> HistoryWindow:
        opened.append(HistoryWindow(runner))
        opened[-1].open()
        return opened[-1]

    yield start
    for actions in opened:
        actions.close()
        actions.deleteLater()


def test_a_stopped_process_is_started_again(
    qtbot: QtBot,
    open_list: Callable[[], HistoryWindow],
    server: Callable[[], tuple[subprocess.Popen[str], int]],
) -> None:
    process, _ = server()
    key = process_key(process.pid)
    assert isinstance(key, ProcessKey)
    keep_record(end_process(inspect_process(key)))
    process.wait(10)
    actions = open_list()
    qtbot.waitUntil(lambda: actions.tree.topLevelItemCount() == 1, timeout=WAIT_MS)
    item = actions.tree.topLevelItem(0)
    assert item is not None
    actions.tree.setCurrentItem(item)
    assert not actions.again_button.isEnabled()
    actions.tree.setCurrentItem(item.child(0))
    own = read_process_rights(os.getpid())
    if sys.platform == "win32" and isinstance(own, Known) and own.value.is_privileged:
        assert "administrator" in actions.note.text()
        return
    assert actions.again_button.isEnabled()
    qtbot.mouseClick(actions.again_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "runs." in actions.note.text(), timeout=WAIT_MS)
    pid = int(actions.note.text().rpartition("PID ")[2].partition(")")[0])
    again = psutil.Process(pid)
    again.kill()
    again.wait(10)


def test_a_stopped_service_is_asked_about_in_its_own_dialog(
    qtbot: QtBot, open_list: Callable[[], HistoryWindow]
) -> None:
    stopped = ServiceFacts(Service("web", "Web", ServiceState.STOPPED), "scm")
    keep_record(ServiceReport(Outcome.DONE, "Stop.", "", "", service=stopped))
    actions = open_list()
    qtbot.waitUntil(lambda: actions.tree.topLevelItemCount() == 1, timeout=WAIT_MS)
    item = actions.tree.topLevelItem(0)
    assert item is not None
    actions.tree.setCurrentItem(item.child(0))
    with qtbot.waitSignal(actions.action_requested) as asked:
        qtbot.mouseClick(actions.again_button, Qt.MouseButton.LeftButton)
    assert asked.args == [ServiceAction("web", "start")]


def test_a_suspended_process_can_be_resumed_from_it(
    qtbot: QtBot,
    open_list: Callable[[], HistoryWindow],
    server: Callable[[], tuple[subprocess.Popen[str], int]],
) -> None:
    process, _ = server()
    key = process_key(process.pid)
    assert isinstance(key, ProcessKey)
    keep_record(change_execution(inspect_execution(key, SuspendVerb.SUSPEND)))
    actions = open_list()
    qtbot.waitUntil(lambda: actions.tree.topLevelItemCount() == 1, timeout=WAIT_MS)
    item = actions.tree.topLevelItem(0)
    assert item is not None
    actions.tree.setCurrentItem(item.child(0))
    assert "Resume" in actions.again_button.text()
    with qtbot.waitSignal(actions.action_requested) as asked:
        qtbot.mouseClick(actions.again_button, Qt.MouseButton.LeftButton)
    assert asked.args == [SuspendAction(key, SuspendVerb.RESUME)]


def test_a_list_that_is_closed_at_once_is_left_in_peace(qtbot: QtBot, runner: TaskRunner) -> None:
    actions = HistoryWindow(runner)
    actions.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    actions.open()
    with qtbot.waitSignal(actions.destroyed, timeout=WAIT_MS):
        actions.reject()
    told: list[object] = []
    runner.run(lambda _work: None, pool=Pool.ACTIONS, on_done=told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)


def test_an_empty_record_is_told(qtbot: QtBot, open_list: Callable[[], HistoryWindow]) -> None:
    actions = open_list()
    qtbot.waitUntil(lambda: actions.note.text() == "No actions so far.", timeout=WAIT_MS)


@pytest.mark.linux_only(reason="the settings are those of the Linux kernel")
def test_a_changed_setting_can_be_put_back(
    qtbot: QtBot, open_list: Callable[[], HistoryWindow], tmp_path: Path
) -> None:
    (tmp_path / "ip_local_reserved_ports").write_text("7\n")
    settings = LinuxPortSettings(tmp_path)
    keep_record(apply_setting(plan_setting(reserve(8080), settings), settings=settings))
    window = open_list()
    qtbot.waitUntil(lambda: window.tree.topLevelItemCount() == 1, timeout=WAIT_MS)
    action = window.tree.topLevelItem(0)
    assert action is not None
    window.tree.setCurrentItem(action.child(0))
    wanted: list[object] = []
    window.action_requested.connect(wanted.append)
    assert window.again_button.isEnabled()
    window.again_button.click()
    assert wanted == [SettingAction(SettingChange(SettingKind.RELEASE, "8080-8080"))]
