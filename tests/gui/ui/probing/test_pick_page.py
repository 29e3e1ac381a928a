"""Find a free port: what is proposed, and what was passed over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from portview.domain.sockets.socket_row import Protocol
from portview.probes.pick import Skipped
from portview.ui.probing.pick_page import passed_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from portview.settings import Settings
    from portview.ui.probing.pick_page import PickPage
    from portview.ui.probing.probing_tools import ProbingTools


def wait_for_end(qtbot: QtBot, window: PickPage) -> None:
    qtbot.waitUntil(lambda: not window._task.is_running, timeout=30_000)


def test_a_port_near_one_in_use_is_found_and_copied(
    qtbot: QtBot, tools: ProbingTools, listener: Callable[..., int]
) -> None:
    port = listener()
    window = tools.pick_page
    window.dynamic.setChecked(True)
    tools.find_free_port(port)
    assert window.isVisible()
    wait_for_end(qtbot, window)
    window.copy_button.click()
    found = int(QGuiApplication.clipboard().text())
    assert found != port
    assert abs(found - port) <= 200
    skipped = window.view.table
    assert any(str(port) in skipped.item(n, 0).text() for n in range(skipped.rowCount()))
    window.json_button.click()
    assert json.loads(QGuiApplication.clipboard().text())["ports"] == [found]


def test_too_few_ports_are_told_with_the_way_out(
    qtbot: QtBot, tools: ProbingTools, listener: Callable[..., int], settings: Settings
) -> None:
    port = listener()
    window = tools.pick_page
    window.bring_up()
    window.near.clear()
    window.range.setText(str(port))
    window.dynamic.setChecked(True)
    qtbot.keyClick(window.range, Qt.Key.Key_Return)
    wait_for_end(qtbot, window)
    assert "Too few are free" in window.view.headline.text
    assert "another range" in window.view.headline.text
    assert not window.copy_button.isEnabled()
    tools.test_window.close()
    assert settings.get("pick_range", str, "") == str(port)
    assert settings.get("pick_dynamic", bool, default=False) is True


def test_mistakes_are_marked(qtbot: QtBot, tools: ProbingTools) -> None:
    window = tools.pick_page
    window.bring_up()
    window.near.setText("70000")
    window.look()
    assert window.near.mistake is not None
    assert not window._task.is_running
    window.near.clear()
    window.look()
    assert window.near.mistake is not None


def test_udp_ports_can_be_looked_for(qtbot: QtBot, tools: ProbingTools, silent_udp: int) -> None:
    window = tools.pick_page
    window.dynamic.setChecked(True)
    tools.find_free_port(silent_udp, Protocol.UDP)
    wait_for_end(qtbot, window)
    assert "(UDP)" in window.view.headline.text


def test_equal_reasons_share_a_line() -> None:
    skipped = [
        Skipped(80, "is in the excluded range 80-82"),
        Skipped(81, "is in the excluded range 80-82"),
        Skipped(90, "Another program has it."),
        Skipped(91, "Another program has it."),
    ]
    assert [row.cells for row in passed_over(skipped)] == [
        ("80-81", "is in the excluded range 80-82"),
        ("90-91", "Another program has it."),
    ]
