"""Qt tests: timers that a test leaves running fail it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import shiboken6
from PySide6.QtCore import QTimer

from portview import app
from portview.engine.task_runner import TaskRunner
from portview.readers.choose import open_reader
from portview.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from portview.app import OpenWindow
    from portview.readers.snapshots import SnapshotReader


@pytest.fixture(autouse=True)
def no_running_timers(monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> Iterator[None]:
    """Fail a test whose timers still run, or whose windows are still open, when it ends."""
    started: list[QTimer] = []
    start = QTimer.start

    def recording_start(timer: QTimer, *arguments: Any) -> None:
        started.append(timer)
        start(timer, *arguments)

    monkeypatch.setattr(QTimer, "start", recording_start)
    yield
    running = {timer for timer in started if shiboken6.isValid(timer) and timer.isActive()}
    assert not running, f"timers left running, of {[timer.parent() for timer in running]}"
    open_windows = [window for window in qapp.topLevelWidgets() if window.isVisible()]
    assert not open_windows, f"windows left open: {open_windows}"


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[TaskRunner]:
    """Give a TaskRunner that is shut down after the test."""
    task_runner = TaskRunner()
    yield task_runner
    task_runner.shut_down()


@pytest.fixture
def open_window(tmp_path: Path, qtbot: QtBot) -> Iterator[Callable[..., OpenWindow]]:
    """Give a function that opens a real window on this machine's sockets; all are closed."""
    opened: list[tuple[OpenWindow, SnapshotReader]] = []

    def open_one(settings: Settings | None = None, reader: Any = None) -> OpenWindow:
        reader = reader or open_reader()
        settings = settings or Settings(tmp_path / "config" / "settings.json")
        made = app.open_window(reader, settings)
        made.poller.set_interval(500)
        opened.append((made, reader))
        made.window.show()
        qtbot.waitExposed(made.window)
        return made

    yield open_one
    for made, reader in opened:
        made.window.close()
        made.close()
        reader.close()
        made.window.deleteLater()


@pytest.fixture
def child_listener() -> Iterator[Callable[[], tuple[subprocess.Popen[str], int]]]:
    """Give a function that starts a process listening on a loopback port of its own choice."""
    children: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], int]:
        child = subprocess.Popen(
            [sys.executable, "-c", _LISTEN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        assert child.stdout is not None
        return child, int(child.stdout.readline())

    yield start
    for child in children:
        child.communicate()  # its standard input ends, and with it the child


_LISTEN = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""
