"""Every action, port and process by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from portview.domain.sockets.scope import Scope
from portview.ui.commands.palette import CommandPalette

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from portview.ui.window.main_window import MainWindow


def opened(window: MainWindow, qtbot: QtBot) -> CommandPalette:
    window.activateWindow()
    qtbot.waitActive(window)
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_P, modifiers)
    palettes = [one for one in window.findChildren(CommandPalette) if one.isVisible()]
    assert len(palettes) == 1
    return palettes[0]


def test_an_action_is_found_by_its_name_and_done_by_enter(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    qtbot.keyClicks(palette.field, "udp")
    assert "UDP" in palette.titles[0]
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.scope is Scope.UDP
    assert not palette.isVisible()


def test_every_action_of_the_menus_is_there(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    titles = " ".join(command.title for command in palette._commands)
    for name in ("free_port", "export", "scan", "about", "time_wait", "watches"):
        assert window.acts[name].text().replace("&", "") in titles
    palette.reject()


def test_a_port_a_pid_and_a_program_lead_to_what_they_mean(
    window: MainWindow, qtbot: QtBot
) -> None:
    palette = opened(window, qtbot)
    qtbot.keyClicks(palette.field, "8080")
    assert palette.titles[0] == "Port 8080: who has it"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.port_card.text.startswith("TCP 8080 is in use")
    window.port_box.clear()
    palette = opened(window, qtbot)
    qtbot.keyClicks(palette.field, "dnsmasq")
    assert any(title.startswith("UDP 53") for title in palette.titles)
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.filter_box.text() == "pid:53"


def test_a_pasted_error_is_explained_there_and_read_by_the_port_box(
    window: MainWindow, qtbot: QtBot
) -> None:
    error = "Error: listen EADDRINUSE: address already in use :::8080"
    palette = opened(window, qtbot)
    palette.field.setText(error)
    assert palette.titles[:2] == ["Explain this message", "Port 8080: who has it"]
    palette.reject()
    window.port_box.setText(error)
    assert "8080 is in use" in window.port_card.text
    window.port_box.clear()
