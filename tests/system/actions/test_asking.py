"""Asking programs of Windows to close: by their windows, and by a console that is theirs alone."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from portview.actions.processes.stop import Ending, stop_processes
from portview.actions.safety.process_facts import CloseMethod
from portview.actions.safety.process_inspection import ProcessInspector
from portview.domain.owners.process import ProcessKey
from portview.readers.process_identity import process_key
from tests.system.actions.conftest import seen_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.system.actions.conftest import Server

pytestmark = pytest.mark.windows_only("windows and consoles of Windows")

CREATE_NEW_CONSOLE = 0x10
WINDOW = """
import sys
from PySide6.QtWidgets import QApplication, QWidget
application = QApplication([])
window = QWidget()
window.show()
print("shown", flush=True)
sys.exit(application.exec())
"""
STUBBORN_WINDOW = WINDOW.replace(
    "window = QWidget()",
    """
class Stubborn(QWidget):
    def closeEvent(self, event):
        print("asked", flush=True)
        event.ignore()
window = Stubborn()
""",
)
CONSOLE = """
import os, signal, sys, time
signal.signal(signal.SIGBREAK, lambda *_: os._exit(7))
open(sys.argv[1], "w").close()
time.sleep(120)
"""


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []

    def start(*words: str, flags: int = 0, **more: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", *words], creationflags=flags, text=True, **more
        )  # type: ignore[call-overload]
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait(10)
        if process.stdout:
            process.stdout.close()


def key_of(process: subprocess.Popen[str]) -> ProcessKey:
    key = process_key(process.pid)
    assert isinstance(key, ProcessKey)
    return key


def test_a_program_with_a_window_is_asked_by_it(
    spawn: Callable[..., subprocess.Popen[str]],
) -> None:
    process = spawn(WINDOW, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline().strip() == "shown"
    key = key_of(process)
    assert ProcessInspector().facts_of(key).asking is CloseMethod.WINDOW
    (result,) = stop_processes([seen_now(key)], grace_s=20)
    assert (result.ending, result.asked) == (Ending.CLOSED, CloseMethod.WINDOW)
    assert process.wait(10) == 0


def test_a_window_that_does_not_close_is_ended_after_the_grace_time(
    spawn: Callable[..., subprocess.Popen[str]],
) -> None:
    process = spawn(STUBBORN_WINDOW, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline().strip() == "shown"
    (result,) = stop_processes([seen_now(key_of(process))], grace_s=0.5)
    assert (result.ending, result.asked) == (Ending.ENDED, CloseMethod.NONE)
    assert result.after_ms >= 500
    assert process.wait(10) == 1
    assert "asked" in process.stdout.read()


def test_a_program_with_a_console_of_its_own_is_asked_by_ctrl_break(
    spawn: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    process = spawn(CONSOLE, str(ready), flags=CREATE_NEW_CONSOLE)
    deadline = time.monotonic() + 30
    while not ready.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    key = key_of(process)
    asking = ProcessInspector().facts_of(key).asking
    assert asking is CloseMethod.CONSOLE
    (result,) = stop_processes([seen_now(key)], grace_s=20)
    assert result.ending.is_over
    code = process.wait(10)
    if hasattr(ctypes.CDLL("ntdll.dll"), "wine_get_version"):
        # Wine sends an interrupt to both ends instead, and the pressing one dies of it.
        pytest.skip("Wine has no CTRL_BREAK across consoles; the process was ended instead")
    assert (result.ending, result.asked, code) == (Ending.CLOSED, CloseMethod.CONSOLE, 7)


def test_a_program_that_shares_our_console_is_not_asked_through_it(
    serve: Callable[..., Server],
) -> None:
    """CTRL_BREAK would reach this test as well."""
    server = serve("polite")
    (result,) = stop_processes([seen_now(server.key)], grace_s=5)
    assert (result.ending, result.asked) == (Ending.ENDED, CloseMethod.NONE)
    assert result.after_ms < 5000
