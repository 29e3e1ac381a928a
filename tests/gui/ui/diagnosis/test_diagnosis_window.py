"""Why is it so? Asked in the window, answered, set right, and handed on."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from portview.actions.confirmation.actions import FreeAction, SuspendAction
from portview.actions.confirmation.setting_action import SettingAction
from portview.actions.specs.setting import reserve
from portview.diagnosis.remedies import Remediation, RemediationKind
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import Protocol
from portview.settings import Settings
from portview.ui.diagnosis.diagnosis_tools import DiagnosisTools, action_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.engine.task_runner import TaskRunner
    from portview.ui.diagnosis.diagnosis_window import DiagnosisWindow

SERVER = """
import os, socket
# Below the dynamic range, so that a free port is found nearby.
for port in range(20000 + os.getpid() % 9000, 30000):
    try:
        server = socket.create_server(("127.0.0.1", port))
        break
    except OSError:
        continue
print(server.getsockname()[1], flush=True)
while True:
    client, _ = server.accept()
    client.recv(1000)
    client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nhi")
    client.close()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "config" / "settings.json")


@pytest.fixture
def tools(qtbot: QtBot, runner: TaskRunner, settings: Settings) -> Iterator[DiagnosisTools]:
    window = QMainWindow()
    made = DiagnosisTools(window, runner, settings, list)
    window.show()
    yield made
    made.close()
    window.close()
    window.deleteLater()


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    yield process, int(process.stdout.readline())
    process.kill()
    process.communicate()


def wait_for_answer(qtbot: QtBot, window: DiagnosisWindow) -> None:
    qtbot.waitUntil(lambda: not window.task.is_running, timeout=30_000)


def test_a_port_in_use_is_explained_with_evidence_and_ways_out(
    qtbot: QtBot, tools: DiagnosisTools, server: tuple[subprocess.Popen[str], int]
) -> None:
    _, port = server
    tools.ask_about(port)
    window = tools.diagnosis_window
    assert window.isVisible()
    assert window.cancel_button.isEnabled()
    wait_for_answer(qtbot, window)
    assert f"TCP port {port} is in use" in window.headline.text
    assert "listens" in window.headline.text
    rows = window.fixes.rows
    assert [row.fix.remediation for row in rows if row.fix.remediation is not None]
    first = window.evidence.topLevelItem(0)
    assert first is not None
    assert first.text(0).endswith("listener")
    assert first.isExpanded()
    assert first.childCount() > 0
    assert window.checked.topLevelItemCount() > 5


def test_a_free_port_is_called_free(qtbot: QtBot, tools: DiagnosisTools) -> None:
    window = tools.diagnosis_window
    window.bring_up()
    window.field.setText("21999")
    qtbot.keyClick(window.field, Qt.Key.Key_Return)
    wait_for_answer(qtbot, window)
    assert "is free" in window.headline.text


def test_a_pasted_error_is_understood(qtbot: QtBot, tools: DiagnosisTools) -> None:
    window = tools.diagnosis_window
    window.bring_up()
    window.field.setText("listen udp 127.0.0.1:21998: bind: address already in use")
    window.ask()
    wait_for_answer(qtbot, window)
    assert "UDP port 21998" in window.headline.text
    assert window.protocol.currentText() == "UDP"


@pytest.mark.parametrize("text", ["70000", "the shop does not start"])
def test_what_is_not_understood_is_said(qtbot: QtBot, tools: DiagnosisTools, text: str) -> None:
    window = tools.diagnosis_window
    window.bring_up()
    window.field.setText(text)
    window.ask()
    assert not window.task.is_running
    assert window.answer is None
    assert "port" in window.headline.text.lower()


def test_cancelling_leaves_no_answer(
    qtbot: QtBot, tools: DiagnosisTools, server: tuple[subprocess.Popen[str], int]
) -> None:
    tools.ask_about(server[1])
    window = tools.diagnosis_window
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.task.is_running
    assert "Cancelled" in window.headline.text
    assert window.isVisible()


def test_fixes_lead_to_actions_and_the_difference_is_said(
    qtbot: QtBot, tools: DiagnosisTools, server: tuple[subprocess.Popen[str], int]
) -> None:
    process, port = server
    tools.ask_about(port)
    window = tools.diagnosis_window
    wait_for_answer(qtbot, window)
    wanted: list[object] = []
    tools.action_wanted.connect(wanted.append)
    (row,) = [
        row
        for row in window.fixes.rows
        if row.fix.remediation and row.fix.remediation.kind is RemediationKind.FREE_PORT
    ]
    assert row.button is not None
    row.button.click()
    assert wanted == [FreeAction(port, Protocol.TCP, None)]
    process.kill()
    process.wait()
    tools.note_change()
    wait_for_answer(qtbot, window)
    assert "No longer: " in window.headline.text
    assert "listener" in window.headline.text


def test_another_port_is_copied_without_asking(
    qtbot: QtBot, tools: DiagnosisTools, server: tuple[subprocess.Popen[str], int]
) -> None:
    tools.ask_about(server[1])
    window = tools.diagnosis_window
    wait_for_answer(qtbot, window)
    picks = [
        row
        for row in window.fixes.rows
        if row.fix.remediation and row.fix.remediation.kind is RemediationKind.PICK_PORT
    ]
    button = picks[0].button
    assert button is not None
    button.click()
    assert QGuiApplication.clipboard().text().isdecimal()


def test_the_answer_is_copied_with_and_without_names(
    qtbot: QtBot, tools: DiagnosisTools, server: tuple[subprocess.Popen[str], int]
) -> None:
    tools.ask_about(server[1])
    window = tools.diagnosis_window
    wait_for_answer(qtbot, window)
    clipboard = QGuiApplication.clipboard()
    user = getpass.getuser()
    window.without_names.setChecked(True)
    window._copy_markdown()
    assert clipboard.text().startswith("## TCP port")
    window._copy_text()
    assert f"account {user}" not in clipboard.text()
    window.without_names.setChecked(False)
    window._copy_text()
    assert f"account {user}" in clipboard.text()
    window._copy_json()
    assert json.loads(clipboard.text())["port"] == server[1]


def test_what_a_fix_is_carried_out_by() -> None:
    key = ProcessKey(7, 1)
    assert isinstance(action_of(Remediation(RemediationKind.FREE_PORT, 80)), FreeAction)
    resume = action_of(Remediation(RemediationKind.RESUME_PROCESS, process=key))
    assert isinstance(resume, SuspendAction)
    change = reserve(8080)
    setting = action_of(Remediation(RemediationKind.CHANGE_SETTING, change=change))
    assert setting == SettingAction(change)
    assert action_of(Remediation(RemediationKind.PICK_PORT, 80)) is None


def test_a_row_and_a_typed_port_lead_there(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    server: tuple[subprocess.Popen[str], int],
) -> None:
    window = open_window().window
    window.port_box.setText(str(server[1]))
    qtbot.waitUntil(window.port_card.isVisible, timeout=10_000)
    buttons = [window.port_card.buttons["Why?"]]
    assert buttons[0].isVisible()
    buttons[0].click()
    wait_for_answer(qtbot, window.diagnosis.diagnosis_window)
    assert str(server[1]) in window.diagnosis.diagnosis_window.headline.text
    assert window.acts["why"] in window.menuBar().actions()[4].menu().actions()
