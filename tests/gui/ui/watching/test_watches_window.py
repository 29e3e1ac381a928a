"""Watches in the window: added from a row in two clicks, followed, acknowledged, removed."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QMainWindow

from portview.settings import Settings
from portview.ui.style.icons import application_icon
from portview.ui.watching.watch_tools import WatchTools
from portview.ui.window.tray_badge import badged_icon
from portview.watch.rules.file import read_rules, rules_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QTableWidget
    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.engine.task_runner import TaskRunner


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTVIEW_CONFIG_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def tools(qtbot: QtBot, runner: TaskRunner, folder: Path) -> Iterator[WatchTools]:
    window = QMainWindow()
    made = WatchTools(window, runner, Settings(folder / "settings.json"))
    window.show()
    yield made
    made.close()
    window.close()
    window.deleteLater()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


FAST = 'group_wait = "0s"\nstartup_grace = "0s"\n# Mine.\n'


def watch(port: int) -> str:
    return (
        f'[[watch]]\nname = "shop"\nexpect = "listening"\nport = {port}\n'
        'interval = "1s"\nfailures = 1\nsuccesses = 1\n'
    )


def test_a_watch_is_added_with_a_look_at_what_it_would_find(
    qtbot: QtBot, tools: WatchTools, server: socket.socket
) -> None:
    port = server.getsockname()[1]
    tools.watch_port(port, "tcp", "shop")
    dialog = tools._dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: "would be OK" in dialog.headline.text, timeout=30_000)
    # Held by another program than the row's: that would fire.
    dialog.expect_box.setCurrentIndex(dialog.expect_box.findData("held_by"))
    assert dialog.program_field.text() == "shop"
    qtbot.waitUntil(lambda: "would fire" in dialog.headline.text, timeout=30_000)
    dialog.expect_box.setCurrentIndex(dialog.expect_box.findData("tcp"))
    with qtbot.waitSignal(dialog.added, timeout=30_000):
        dialog.add_button.click()
    (added,) = read_rules(rules_path()).rules.watches
    assert (added.port, added.expect, added.notify) == (port, "tcp", ("desktop",))


def test_what_fires_is_told_once_acknowledged_and_removed_with_its_comments_kept(
    qtbot: QtBot, tools: WatchTools, server: socket.socket, folder: Path
) -> None:
    (folder / "watches.toml").write_text(FAST + watch(server.getsockname()[1]))
    told: list[str] = []
    states: list[str] = []
    tools.told.connect(lambda _title, _text, kind: told.append(kind))
    tools.state_changed.connect(lambda state, _words: states.append(state))
    tools.start()
    window = tools.watches_window
    tools.show_window()
    qtbot.waitUntil(lambda: states[-1:] == ["ok"], timeout=30_000)
    server.close()
    qtbot.waitUntil(lambda: told == ["failure"], timeout=30_000)
    qtbot.waitUntil(lambda: "1 watch is firing" in window.headline.text, timeout=30_000)
    qtbot.waitUntil(lambda: states[-1] == "firing", timeout=30_000)
    window.table.selectRow(0)
    window.acknowledge_button.click()
    qtbot.waitUntil(
        lambda: any("acknowledged" in word for word in words(window.table, 0)),
        timeout=30_000,
    )
    window.remove("shop")
    qtbot.waitUntil(lambda: "Nothing is watched" in window.headline.text, timeout=30_000)
    assert (folder / "watches.toml").read_text() == FAST
    qtbot.waitUntil(lambda: "resolved" in words(window.timeline, 1), timeout=30_000)


def words(table: QTableWidget, column: int) -> list[str]:
    items = [table.item(row, column) for row in range(table.rowCount())]
    return [item.text() for item in items if item is not None]


def test_a_file_with_a_mistake_is_said_and_left_as_it_is(
    qtbot: QtBot, tools: WatchTools, folder: Path
) -> None:
    wrong = '[[watch]]\nname = "x"\nexpect = "lisening"\nport = 1\n'
    (folder / "watches.toml").write_text(wrong)
    tools.show_window()
    window = tools.watches_window
    qtbot.waitUntil(lambda: "has a mistake" in window.headline.text, timeout=30_000)
    assert "line 3" in window.headline.text
    assert "listening" in window.headline.text
    assert (folder / "watches.toml").read_text() == wrong


def test_without_a_file_nothing_is_started(tools: WatchTools) -> None:
    tools.start()
    assert tools._feed is None


def test_the_tray_shows_the_worst_state_by_a_sign(qtbot: QtBot) -> None:
    plain = application_icon()
    pictures = [badged_icon(plain, state).pixmap(32, 32).toImage() for state in ("ok", "firing")]
    assert pictures[0] == plain.pixmap(32, 32).toImage()
    assert pictures[0] != pictures[1]


def test_every_port_card_offers_to_watch_the_port(
    qtbot: QtBot, folder: Path, open_window: Callable[..., RunningWindow]
) -> None:
    window = open_window().window
    qtbot.keyClicks(window.port_box, "47")
    window.port_card.buttons["Watch\u2026"].click()
    dialog = window.watching._dialog
    assert dialog is not None
    assert dialog.values()["port"] == 47
