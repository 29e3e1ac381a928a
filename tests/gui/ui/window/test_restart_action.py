"""Restart as administrator: asked once, reported, and on Linux the command that does it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from portview.actions.elevation.errors import elevation_cancelled
from portview.domain.sockets.scope import Scope
from portview.engine.task_runner import TaskRunner
from portview.ui.commands.window_actions import WindowActions
from portview.ui.window.carried_view import CarriedView
from portview.ui.window.restart_action import RESTART_ACTION, RestartAction
from portview.ui.window.root_command_dialog import RootCommandDialog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

CARRIED = CarriedView(Scope.UDP, "-proc:a b")


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[TaskRunner]:
    made = TaskRunner()
    yield made
    made.shut_down()


@pytest.fixture
def make(qtbot: QtBot, runner: TaskRunner) -> Callable[..., tuple[RestartAction, WindowActions]]:
    def start(
        restart: Callable[[list[str]], None] | None, *, is_elevated: bool = False
    ) -> tuple[RestartAction, WindowActions]:
        window = QMainWindow()
        qtbot.addWidget(window)
        acts = WindowActions(window)
        made = RestartAction(
            acts,
            window,
            runner,
            is_elevated=is_elevated,
            carried=lambda: CARRIED,
            restart=restart,
        )
        return made, acts

    return start


def test_the_person_is_asked_once_and_told_how_it_goes(
    qtbot: QtBot, make: Callable[..., tuple[RestartAction, WindowActions]]
) -> None:
    asked, answered = threading.Semaphore(0), threading.Event()

    def restart(arguments: list[str]) -> None:
        assert arguments == ["--scope", "udp", "--filter=-proc:a b"]
        asked.release()
        answered.wait(20)

    action, acts = make(restart)
    said: list[str] = []
    action.notified.connect(said.append)
    acts[RESTART_ACTION].trigger()
    assert asked.acquire(timeout=20)
    acts[RESTART_ACTION].trigger()
    assert not acts[RESTART_ACTION].isEnabled()
    answered.set()
    qtbot.waitUntil(acts[RESTART_ACTION].isEnabled)
    assert not asked.acquire(blocking=False)
    assert "administrator" in said[-1]


def test_declining_leaves_everything_as_it_was(
    qtbot: QtBot, make: Callable[..., tuple[RestartAction, WindowActions]]
) -> None:
    def restart(_arguments: list[str]) -> None:
        raise elevation_cancelled()

    action, acts = make(restart)
    said: list[str] = []
    action.notified.connect(said.append)
    acts[RESTART_ACTION].trigger()
    qtbot.waitUntil(acts[RESTART_ACTION].isEnabled)
    assert "declined" in said[-1]


def test_an_elevated_window_does_not_offer_it(
    make: Callable[..., tuple[RestartAction, WindowActions]],
) -> None:
    _, acts = make(None, is_elevated=True)
    assert not acts[RESTART_ACTION].isEnabled()


@pytest.mark.linux_only(reason="Windows restarts")
def test_elsewhere_the_command_is_shown_and_copied(
    qtbot: QtBot, make: Callable[..., tuple[RestartAction, WindowActions]]
) -> None:
    action, acts = make(None)
    acts[RESTART_ACTION].trigger()
    (dialog,) = action.parent().findChildren(RootCommandDialog)
    command = dialog.command.toPlainText()
    assert command.startswith("sudo ")
    assert " -I " in command
    dialog.copy_button.click()
    assert QGuiApplication.clipboard().text() == command
    dialog.reject()
