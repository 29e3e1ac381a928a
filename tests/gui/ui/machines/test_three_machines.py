"""Three machines are listed, explained and watched from one command and from one window."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QMainWindow

from portview.domain.sockets.port_names import PortNames
from portview.settings import Settings
from portview.ui.machines.machine_chooser import MachineChooser
from portview.ui.machines.machine_tools import MachineTools
from portview.ui.machines.remote_dialogs import ExplainDialog, FreeDialog
from tests.machines import NAMES, Fleet, fleet, listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import TaskRunner
    from portview.ui.machines.machine_window import MachineWindow

pytestmark = [
    pytest.mark.linux_only(reason="makes network namespaces, each with an sshd"),
    pytest.mark.root_only(reason="makes network namespaces, each with an sshd"),
]

PORT = 8080
_PATIENCE_MS = 90_000


@pytest.fixture(scope="module")
def machines() -> Iterator[Fleet]:
    """Give three machines, of which the first two have a server."""
    with ExitStack() as stack:
        made = stack.enter_context(fleet())
        for name in NAMES[:2]:
            stack.enter_context(listening(made.namespaces[name], PORT))
        for name in NAMES:
            (made.settings_of(name) / "watches.toml").write_text(
                f'[[watch]]\nname = "shop"\nexpect = "listening"\nport = {PORT}\nfailures = 1\n'
                "retries = 0\n"
            )
        yield made


def asked(machines: Fleet, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    inventory = machines.folder / "machines.ini"
    inventory.write_text("[web]\n" + "".join(f"{name}\n" for name in NAMES))
    inventory.chmod(0o644)
    done = subprocess.run(
        [sys.executable, "-m", "portview", *arguments, "--hosts", inventory, "--json"],
        env={**os.environ, **machines.environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.stdout, done.stderr
    answers = {one["host"]: one for one in json.loads(done.stdout)["hosts"]}
    assert {one["state"] for one in answers.values()} == {"known"}, answers
    return done.returncode, answers


def test_one_command_lists_explains_and_watches_them(machines: Fleet) -> None:
    _code, listed = asked(machines, "list", "--query", f"port:{PORT} state:listen")
    assert [len(listed[name]["sockets"]) for name in NAMES] == [1, 1, 0]
    code, why = asked(machines, "why", str(PORT))
    assert code == 1
    assert [bool(why[name]["causes"]) for name in NAMES] == [True, True, True]
    assert [why[name]["can_bind"] for name in NAMES] == ["no", "no", "yes"]
    code, watches = asked(machines, "watch", "check")
    assert code == 1
    states = [watches[name]["watches"][0]["state"] for name in NAMES]
    assert states == ["ok", "ok", "firing"]


@pytest.fixture
def tools(
    qtbot: QtBot,
    runner: TaskRunner,
    tmp_path: Path,
    machines: Fleet,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MachineTools]:
    for name, value in machines.environment.items():
        monkeypatch.setenv(name, value)
    window = QMainWindow()
    settings = Settings(tmp_path / "settings.json")
    made = MachineTools(window, runner, settings, PortNames({}))
    yield made
    made.close()
    window.deleteLater()


def has_port(window: MachineWindow, port: int) -> bool:
    return port in ports_in(window)


def ports_in(window: MachineWindow) -> set[int]:
    return {entry.row.local.port for entry in window.model.all_entries()}


def test_one_window_shows_them_live(qtbot: QtBot, tools: MachineTools, machines: Fleet) -> None:
    for name in NAMES:
        tools.show_machine(name)
    web1, _web2, web3 = (tools.windows[name] for name in NAMES)
    for window in tools.windows.values():
        qtbot.waitUntil(partial(has_port, window, 22), timeout=_PATIENCE_MS)
        assert window.windowTitle().startswith(window.host)
    assert PORT in ports_in(web1)
    assert PORT not in ports_in(web3)
    with listening(machines.namespaces["web3"], 8081):
        qtbot.waitUntil(lambda: 8081 in ports_in(web3), timeout=_PATIENCE_MS)
    web1.close()
    assert "web1" not in tools.windows


def test_a_port_is_freed_there_and_by_its_name(
    qtbot: QtBot, tools: MachineTools, machines: Fleet
) -> None:
    tools.show_machine("web3")
    window = tools.windows["web3"]
    with listening(machines.namespaces["web3"], 8090, as_account=True):
        qtbot.waitUntil(lambda: 8090 in ports_in(window), timeout=_PATIENCE_MS)
        window.free(8090, "tcp")
        [dialog] = window.findChildren(FreeDialog)
        assert "web3" in dialog.windowTitle()
        assert not dialog.act_button.isDefault()
        qtbot.waitUntil(dialog.act_button.isEnabled, timeout=_PATIENCE_MS)
        assert "python" in dialog.text.toPlainText()
        dialog.act_button.click()
        qtbot.waitUntil(lambda: 8090 not in ports_in(window), timeout=_PATIENCE_MS)
        qtbot.waitUntil(lambda: "8090" in dialog.text.toPlainText(), timeout=_PATIENCE_MS)
        dialog.reject()


def test_a_port_is_explained_there(qtbot: QtBot, tools: MachineTools) -> None:
    tools.show_machine("web1")
    window = tools.windows["web1"]
    window.explain(PORT, "tcp")
    [dialog] = window.findChildren(ExplainDialog)
    qtbot.waitUntil(lambda: str(PORT) in dialog.text.toPlainText(), timeout=_PATIENCE_MS)
    assert "web1" in dialog.windowTitle()
    dialog.reject()


def test_a_machine_that_goes_away_is_unknown_and_can_be_asked_again(
    qtbot: QtBot, tools: MachineTools
) -> None:
    tools.show_machine("nowhere")
    window = tools.windows["nowhere"]
    qtbot.waitUntil(lambda: window.bar.button.isVisibleTo(window), timeout=_PATIENCE_MS)
    assert "nowhere" in window.bar.state.text()
    assert not window.views.isEnabled()
    window.bar.button.click()
    assert not window.bar.button.isVisibleTo(window)


def test_the_menu_of_a_row_names_the_machine(qtbot: QtBot, tools: MachineTools) -> None:
    tools.show_machine("web1")
    window = tools.windows["web1"]
    qtbot.waitUntil(lambda: 22 in ports_in(window), timeout=_PATIENCE_MS)
    entry = next(one for one in window.model.all_entries() if one.row.local.port == 22)
    menu = window.menu_for(entry)
    texts = [action.text() for action in menu.actions() if action.text()]
    assert all("web1" in text for text in texts[1:])
    menu.deleteLater()


def test_only_names_that_are_some_are_connected_to(qtbot: QtBot) -> None:
    chooser = MachineChooser(["dev@web1"])
    chosen: list[str] = []
    chooser.chosen.connect(chosen.append)
    chooser.show()
    chooser.name.setEditText("-oProxyCommand=x")
    chooser.connect_button.click()
    assert chosen == []
    assert chooser.problem.isVisibleTo(chooser)
    chooser.name.setEditText("dev@web1")
    chooser.connect_button.click()
    assert chosen == ["dev@web1"]
    del qtbot
