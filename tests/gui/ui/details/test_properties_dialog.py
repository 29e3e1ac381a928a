"""Properties tell everything about one row, while the table continues."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from portview.actions.processes.file_properties import show_file_properties
from portview.domain.errors import PortViewError
from portview.domain.sockets.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.socket_row import SocketRow
    from portview.ui.details.properties_dialog import PropertiesDialog
    from portview.ui.window.main_window import MainWindow


@pytest.fixture
def properties_of(window: MainWindow, qtbot: QtBot) -> Iterator[Callable[[int], PropertiesDialog]]:
    """Give the properties of the row with a local port, opened by keyboard."""
    window.set_scope(Scope.ALL)

    def show(port: int) -> PropertiesDialog:
        (entry,) = [one for one in window.model.shown_entries if one.row.local.port == port]
        window.table.clearSelection()
        assert window.table.select_key(entry.row.key)
        window.activateWindow()
        qtbot.waitActive(window)
        window.table.setFocus()
        qtbot.keyClick(window.table, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
        dialog = window.properties.dialog
        assert dialog is not None
        assert dialog.isVisible()
        return dialog

    yield show
    if window.properties.dialog is not None:
        window.properties.dialog.close()
        window.properties.dialog.owner.sockets.table.gestures._reading.stop()


def test_the_socket_and_its_process_are_told_and_can_be_copied(
    properties_of: Callable[[int], PropertiesDialog],
) -> None:
    dialog = properties_of(51000)
    assert dialog.heading.text() == "node, PID 1234"
    assert dialog.windowTitle() == "Properties: 10.0.0.1:51000"
    assert dialog.file_button.isVisible() is (sys.platform == "win32")
    dialog.copy_button.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[:5] == [
        "node, PID 1234",
        "Protocol: TCP over IPv4",
        "Local end: 10.0.0.1:51000",
        "Remote end: 10.0.0.9:443",
        "State: ESTABLISHED",
    ]
    assert "Executable: /opt/node/bin/node" in lines
    assert "Command line: node server.js" in lines


def test_it_stays_with_its_row_while_the_table_goes_on(
    properties_of: Callable[[int], PropertiesDialog],
    window: MainWindow,
    show: Callable[..., None],
    make_socket: Callable[..., SocketRow],
) -> None:
    dialog = properties_of(8080)
    window.table.clearSelection()
    show(make_socket(22))
    assert dialog.heading.text() == "node, PID 1234"
    assert "has closed" in dialog.owner.facts.text_of("note") or "has ended" in (
        dialog.owner.facts.text_of("note")
    )
    again = properties_of(22)
    assert again is dialog
    assert "<b>sh & co</b>" in dialog.heading.text()
    assert dialog.heading.textFormat() is Qt.TextFormat.PlainText


def test_another_socket_of_the_process_is_led_to(
    properties_of: Callable[[int], PropertiesDialog], window: MainWindow
) -> None:
    dialog = properties_of(8080)
    other = next(
        entry.row.key for entry in window.model.shown_entries if entry.row.local.port == 3000
    )
    dialog.owner.socket_chosen.emit(other)
    assert window.table.current_key() == other


def test_several_processes_have_no_common_properties(window: MainWindow) -> None:
    window.set_scope(Scope.ALL)
    window.table.selectAll()
    window.row_actions.refresh()
    action = window.acts["properties"]
    assert not action.isEnabled()
    assert "one socket or one process" in action.statusTip()
    action.setEnabled(True)


@pytest.mark.windows_only("ShellExecuteExW")
def test_the_file_is_never_run_instead() -> None:
    """Wine has no Properties: it must say so, and Windows must show them."""
    before = {child.pid for child in psutil.Process().children()}
    try:
        show_file_properties(sys.executable)
    except PortViewError as error:
        assert error.code == "no_properties"  # noqa: PT017
    assert {child.pid for child in psutil.Process().children()} == before
