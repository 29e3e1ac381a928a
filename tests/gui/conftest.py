"""Qt tests: timers that a test leaves running fail it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import shiboken6
from PySide6.QtCore import QTimer

from portview.engine.task_runner import TaskRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot


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
    running = [timer for timer in started if shiboken6.isValid(timer) and timer.isActive()]
    assert not running, f"timers left running, of {[timer.parent() for timer in running]}"
    open_windows = [window for window in qapp.topLevelWidgets() if window.isVisible()]
    assert not open_windows, f"windows left open: {open_windows}"


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[TaskRunner]:
    """Give a TaskRunner that is shut down after the test."""
    task_runner = TaskRunner()
    yield task_runner
    task_runner.shut_down()
