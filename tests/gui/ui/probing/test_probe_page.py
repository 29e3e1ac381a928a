"""The probe window: questions typed, answers shown, copied and waited for."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from portview.ui.probing.probe_question import ProbeKind
from portview.ui.probing.waits import MOST_WAITS
from portview.ui.probing.workspace import TestTab, TestWorkspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings
    from portview.ui.probing.probe_page import ProbePage
    from portview.ui.probing.probing_tools import ProbingTools


def ask(qtbot: QtBot, window: ProbePage, kind: ProbeKind, target: str) -> str:
    before = window.history.item(0)
    window.open_for(kind, target)
    qtbot.keyClick(window.form.target, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.history.item(0) is not before, timeout=30_000)
    return window.view.headline.text


def test_answers_are_shown_kept_and_copied(
    qtbot: QtBot, tools: ProbingTools, listener: Callable[..., int], free_port: int
) -> None:
    port = listener()
    window = tools.probe_page
    assert "Open" in ask(qtbot, window, ProbeKind.TCP, f"127.0.0.1:{port}")
    assert window.view.table.item(0, 0).text() == f"127.0.0.1:{port}"
    assert "Closed" in ask(qtbot, window, ProbeKind.TCP, f"127.0.0.1:{free_port}")
    window.history.setCurrentRow(1)
    assert "Open" in window.view.headline.text
    window.json_button.click()
    document = json.loads(QGuiApplication.clipboard().text())
    assert document["verdict"] == "open"
    assert document["target"] == f"127.0.0.1:{port}"
    window.copy_button.click()
    assert QGuiApplication.clipboard().text().startswith(f"TCP 127.0.0.1:{port}\nOpen: ")


def test_every_kind_can_be_asked(
    qtbot: QtBot, tools: ProbingTools, listener: Callable[..., int], silent_udp: int
) -> None:
    window = tools.probe_page
    port = listener()
    window.form._timeouts[ProbeKind.UDP].setText("50ms")
    window.form._timeouts[ProbeKind.HTTP].setText("200ms")
    window.form._timeouts[ProbeKind.TLS].setText("200ms")
    assert "Open or filtered" in ask(qtbot, window, ProbeKind.UDP, f"127.0.0.1:{silent_udp}")
    assert "Unexpected" in ask(qtbot, window, ProbeKind.HTTP, f"http://127.0.0.1:{port}/")
    assert "Unexpected" in ask(qtbot, window, ProbeKind.TLS, f"127.0.0.1:{port}")
    assert "In use" in ask(qtbot, window, ProbeKind.BIND, f"127.0.0.1:{port}")
    assert window.history.count() == 4


def test_a_mistake_is_shown_where_it_stands_and_nothing_is_asked(
    qtbot: QtBot, tools: ProbingTools
) -> None:
    window = tools.probe_page
    window.open_for(ProbeKind.TCP, "")
    qtbot.keyClicks(window.form.target, "localhost:99999")
    mistake = window.form.target.mistake
    assert mistake is not None
    assert (mistake.position, mistake.length) == (10, 5)
    assert "99999" in window.form._mistake.text()
    assert window.form._mistake.isVisible()
    qtbot.keyClick(window.form.target, Qt.Key.Key_Return)
    assert window.history.count() == 0
    assert window.form.target.selectedText() == "99999"
    window.form.target.setText("localhost:80")
    assert not window.form._mistake.isVisible()
    window.form._tries.setText("many")
    qtbot.keyClick(window.form.target, Qt.Key.Key_Return)
    assert window.history.count() == 0
    assert window.form._tries.mistake is not None


def test_an_empty_target_is_a_mistake_only_when_asked(qtbot: QtBot, tools: ProbingTools) -> None:
    window = tools.probe_page
    window.open_for(ProbeKind.TCP, "")
    assert window.form.target.mistake is None
    window.ask_button.click()
    assert window.form.target.mistake is not None


def test_escape_first_cancels_and_then_closes(
    qtbot: QtBot, tools: ProbingTools, silent_udp: int
) -> None:
    window = tools.probe_page
    window.form._timeouts[ProbeKind.UDP].setText("1h")
    window.open_for(ProbeKind.UDP, f"127.0.0.1:{silent_udp}")
    window.ask_button.click()
    assert window.cancel_button.isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert "Cancelled" in window.view.headline.text
    assert window.isVisible()
    assert not window.cancel_button.isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_what_was_asked_last_is_there_the_next_time(
    qtbot: QtBot, tools: ProbingTools, settings: Settings, runner: TaskRunner
) -> None:
    window = tools.probe_page
    window.open_for(ProbeKind.HTTP, "http://localhost:1/x")
    tools.test_window.resize(700, 544)
    tools.test_window.close()
    again = type(window)(runner, settings)
    assert again.form.kind is ProbeKind.HTTP
    assert again.form.target.text() == "http://localhost:1/x"
    again.deleteLater()
    shown = TestWorkspace(settings, lambda _tab: again, tools.test_window.parentWidget())
    assert shown.tab is TestTab.PROBE
    assert shown.height() == 544
    shown.deleteLater()


def test_a_web_address_is_carried_over_to_the_other_kinds(
    qtbot: QtBot, tools: ProbingTools
) -> None:
    form = tools.probe_page.form
    form.choose(ProbeKind.HTTP, "http://localhost:8080/x")
    form.kinds[ProbeKind.TCP].click()
    assert form.target.text() == "localhost:8080"
    assert form.target.mistake is None


def test_it_tells_when_a_port_answers(qtbot: QtBot, tools: ProbingTools, free_port: int) -> None:
    window = tools.probe_page
    window.open_for(ProbeKind.TCP, f"127.0.0.1:{free_port}")
    told: list[str] = []
    tools.notified.connect(told.append)
    window.wait_button.click()
    assert tools.waits.names == [f"127.0.0.1:{free_port} answers"]
    assert tools.waits.isVisible()
    assert told == []
    with socket.create_server(("127.0.0.1", free_port)):
        qtbot.waitUntil(lambda: bool(told), timeout=30_000)
    assert told[0].startswith(f"127.0.0.1:{free_port} answers, after")
    assert not tools.waits.isVisible()


def test_it_tells_when_a_port_is_free(qtbot: QtBot, tools: ProbingTools, free_port: int) -> None:
    window = tools.probe_page
    window.open_for(ProbeKind.BIND, f"127.0.0.1:{free_port}")
    told: list[str] = []
    tools.notified.connect(told.append)
    with socket.create_server(("127.0.0.1", free_port)):
        window.wait_button.click()
        qtbot.wait(150)
        assert told == []
    qtbot.waitUntil(lambda: bool(told), timeout=30_000)
    assert told[0].startswith(f"127.0.0.1:{free_port} is free, after")


def test_a_wait_ends_when_time_is_up_and_can_be_stopped(
    qtbot: QtBot, tools: ProbingTools, free_port: int
) -> None:
    window = tools.probe_page
    window.open_for(ProbeKind.TCP, f"127.0.0.1:{free_port}")
    told: list[str] = []
    tools.notified.connect(told.append)
    window.limit.setText("100ms")
    window.wait_button.click()
    qtbot.waitUntil(lambda: bool(told), timeout=30_000)
    assert "but not yet" in told[0]
    window.limit.setText("1h")
    for _ in range(MOST_WAITS + 1):
        window.wait_button.click()
    assert "stop one first" in told[1]
    assert len(tools.waits.names) == MOST_WAITS
    tools.waits._fill_menu()
    actions = tools.waits._menu.actions()
    actions[0].trigger()
    assert len(tools.waits.names) == MOST_WAITS - 1
    actions[-1].trigger()
    assert tools.waits.names == []
    assert len(told) == 2
