"""Watches in the window: added from a row in two clicks, followed, acknowledged, removed."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QMainWindow

from portview.settings import Settings
from portview.ui.style.icons import application_icon
from portview.ui.watching.watch_tools import WatchTools
from portview.ui.window.tray_badge import badged_icon
from portview.watch.rules.file import read_rules, rules_path
from portview.watch.store.incident_store import Incident, IncidentStore

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
    with qtbot.waitSignal(dialog.written, timeout=30_000):
        dialog.add_button.click()
    (added,) = read_rules(rules_path()).rules.watches
    assert (added.port, added.expect, added.notify) == (port, "tcp", ("desktop",))


def test_what_fires_is_told_once_acknowledged_and_removed_with_its_comments_kept(
    qtbot: QtBot, tools: WatchTools, server: socket.socket, folder: Path
) -> None:
    (folder / "watches.toml").write_text(FAST + watch(server.getsockname()[1]))
    told: list[str] = []
    states: list[str] = []
    tools.reported.connect(lambda _title, _text, kind: told.append(kind))
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


KEPT = (
    "# Above.\n[[watch]]\n"
    'name = "shop"   # Ours.\n'
    'expect = "tcp"\n'
    "port = {port}\n"
    'repair = [{{ restart_service = "shop" }}]\n'
    'contains = "x"\n'
    "\n# About the other one.\n[[watch]]\n"
    'name = "other"\nexpect = "free"\nport = 1\n'
)


def test_a_watch_is_edited_and_all_that_the_form_does_not_show_stays(
    qtbot: QtBot, tools: WatchTools, server: socket.socket, folder: Path
) -> None:
    port = server.getsockname()[1]
    (folder / "watches.toml").write_text(KEPT.format(port=port))
    tools.show_window()
    window = tools.watches_window
    qtbot.waitUntil(lambda: window.table.rowCount() == 2, timeout=30_000)
    assert not window.edit_button.isEnabled()
    window.table.selectRow(0)
    window.edit_button.click()
    dialog = tools._dialog
    assert dialog is not None
    assert (dialog.name_field.text(), dialog.port_field.value()) == ("shop", port)
    qtbot.waitUntil(lambda: "would be OK" in dialog.headline.text, timeout=30_000)
    dialog.name_field.setText("store")
    dialog.fields.interval_box.setCurrentIndex(0)
    dialog.fields.failures_field.setValue(5)
    with qtbot.waitSignal(dialog.written, timeout=30_000):
        dialog.add_button.click()
    text = (folder / "watches.toml").read_text()
    assert text.startswith('# Above.\n[[watch]]\nname = "store"   # Ours.\n')
    assert 'repair = [{ restart_service = "shop" }]\ncontains = "x"' in text
    assert 'interval = "10s"' in text
    assert text.endswith(KEPT[KEPT.index("\n# About") :])
    changed = read_rules(rules_path()).rules.watches[0]
    assert (changed.name, changed.failures, changed.contains) == ("store", 5, "x")


@pytest.mark.parametrize(
    "keys",
    [
        'expect = "sockets"\nabove = 5',
        'expect = "sockets"\nabove = 5.5\nport = 80\nstate = "CLOSE_WAIT"',
        'expect = "resources"\nabove = 5\nport = 80\nresource = "memory"',
        'expect = "http"\nurl = "http://127.0.0.1:81/x"',
        'expect = "http"\nurl = "http://127.0.0.1:81/x"\nport = 82',
        'expect = "udp"\nport = 53',
        'expect = "free"\nport = 53\nprotocol = "udp"',
        'expect = "tls"\nhost = "example.test"\nport = 443\ndays = 7\ninterval = "77s"',
        'expect = "service"\nservice = "x"\nremind = "2h"\nnotify = ["desktop"]',
        'expect = "no_new_listeners"\nbaseline = ["tcp/80"]',
        'expect = "listening"\nport = 80\nprogram = "node"\nfailures = 1\nsuccesses = 1',
    ],
)
def test_what_is_opened_and_saved_again_means_what_it_meant(
    qtbot: QtBot, tools: WatchTools, folder: Path, keys: str
) -> None:
    text = f'[[watch]]\nname = "x"\n{keys}\n'
    (folder / "watches.toml").write_text(text)
    [before] = read_rules(rules_path()).rules.watches
    tools._on_edit("x")
    dialog = tools._dialog
    assert dialog is not None
    # A form that shows another value than the file has would write it with the next change.
    shown = dialog.values()
    assert shown["expect"] == before.expect
    assert shown.get("port") == (None if "url" in keys and "port" not in keys else before.port)
    assert (shown.get("host", ""), shown.get("url", "")) == (before.host, before.url)
    assert (shown.get("program", ""), shown.get("service", "")) == (before.program, before.service)
    dialog.name_field.setText("y")
    with qtbot.waitSignal(dialog.written, timeout=30_000):
        dialog.add_button.click()
    assert (folder / "watches.toml").read_text() == text.replace('"x"', '"y"', 1)


def test_an_edit_that_makes_no_sense_writes_nothing(
    qtbot: QtBot, tools: WatchTools, folder: Path
) -> None:
    text = KEPT.format(port=80)
    (folder / "watches.toml").write_text(text)
    tools._on_edit("shop")
    dialog = tools._dialog
    assert dialog is not None
    dialog.name_field.setText("other")
    dialog.add_button.click()
    qtbot.waitUntil(lambda: "used twice" in dialog.headline.text, timeout=30_000)
    assert (folder / "watches.toml").read_text() == text
    assert dialog.add_button.isEnabled()
    # A watch that is gone meanwhile can't be opened at all.
    said: list[str] = []
    tools.notified.connect(said.append)
    tools._on_edit("gone")
    assert "no watch named" in said[0]


def test_alerts_are_listed_acknowledged_with_a_note_and_silenced(
    qtbot: QtBot, tools: WatchTools, folder: Path
) -> None:
    now_ms = time.time_ns() // 1_000_000
    with closing(IncidentStore.open()) as store, store.transaction():
        for name, began_ms in (("old", now_ms - 7_200_000), ("shop", now_ms - 60_000)):
            store.begin_incident(
                Incident(name, name, "s", 80, "tcp", began_ms, None, True, (), "refused", "",
                         "Another program has it.")
            )  # fmt: skip
            store.add_event(began_ms, "firing", name, 80, name, "refused")
        store.end_incident("old", now_ms - 3_600_000, "")
    tools.show_alerts()
    window = tools.alerts_window
    qtbot.waitUntil(lambda: words(window.table, 1) == ["shop", "old"], timeout=30_000)
    assert "1 alert is open" in window.headline.text
    qtbot.waitUntil(lambda: words(window.timeline, 1) == ["diagnosis", "firing"], timeout=30_000)
    window.note_field.setText("I look after it")
    window.acknowledge_button.click()
    qtbot.waitUntil(
        lambda: any("I look after it" in text for text in words(window.table, 6)), timeout=30_000
    )
    titles = [window.table.horizontalHeaderItem(place).text() for place in (5, 6)]
    assert titles == ["What was found", "Acknowledged"]
    assert words(window.table, 5) == ["refused", "refused"]
    assert "acknowledged" in window.headline.text
    qtbot.waitUntil(lambda: not window.acknowledge_button.isEnabled(), timeout=30_000)
    window.silence_button.menu().actions()[0].trigger()

    def silences() -> dict[str, int]:
        with closing(IncidentStore.open()) as store:
            return store.silences(now_ms)

    qtbot.waitUntil(lambda: "shop" in silences(), timeout=30_000)
    window.table.selectRow(1)
    assert not window.acknowledge_button.isEnabled()
    with qtbot.waitSignal(window.why_wanted) as asked:
        window.why_button.click()
    assert asked.args == [80, "tcp"]


def test_without_alerts_the_window_says_so(qtbot: QtBot, tools: WatchTools) -> None:
    tools.show_alerts()
    window = tools.alerts_window
    qtbot.waitUntil(lambda: "Nothing fired" in window.headline.text, timeout=30_000)
    assert not window.report_button.isEnabled()
