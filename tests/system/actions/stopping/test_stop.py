"""Asking programs of Windows to close: by their windows, and by a console that is theirs alone."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from portview.actions.inspection.process_inspection import ProcessInspector
from portview.actions.safety.process_facts import CloseMethod
from portview.actions.stopping.stop import Ending, stop_processes
from portview.domain.owners.process import ProcessKey
from portview.readers.process_identity import process_key
from tests.system.actions.conftest import seen_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.system.actions.conftest import Server

pytestmark = pytest.mark.windows_only("windows and consoles of Windows")

CREATE_NEW_CONSOLE, DETACHED_PROCESS = 0x10, 0x8
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
PAIR = """
import subprocess, sys, time
code = sys.argv[1]
leader = subprocess.Popen([sys.executable, "-c", code, sys.argv[2]], creationflags=0x200)
other = subprocess.Popen([sys.executable, "-c", code, sys.argv[3]])
open(sys.argv[4], "w").write(f"{leader.pid} {other.pid}")
time.sleep(120)
"""
"""Runs two servers in its console, the first of them in a process group of its own."""
CALM = """
import os, signal, sys, time
for number in (signal.SIGBREAK, signal.SIGINT):
    signal.signal(number, lambda *_: os._exit(7))
if len(sys.argv) > 2:
    open(sys.argv[2], "w").write(str(os.getpid()))
open(sys.argv[1], "w").close()
while True:
    time.sleep(0.1)
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
    assert (result.ending, result.asked) == (Ending.ENDED, CloseMethod.WINDOW)
    assert result.after_ms >= 500
    assert process.wait(10) == 1
    assert "asked" in process.stdout.read()


def test_a_program_with_a_console_of_its_own_is_asked_by_ctrl_break(
    spawn: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    process = spawn(CALM, str(ready), flags=CREATE_NEW_CONSOLE)
    wait_for_all([ready])
    key = key_of(process)
    assert ProcessInspector().facts_of(key).asking is CloseMethod.CONSOLE
    (result,) = stop_processes([seen_now(key)], grace_s=20)
    assert result.ending.is_over
    code = process.wait(10)
    if is_wine():
        # Wine sends an interrupt to both ends instead, and the pressing one dies of it.
        pytest.skip("Wine has no CTRL_BREAK across consoles; the process was ended instead")
    assert (result.ending, result.asked, code) == (Ending.CLOSED, CloseMethod.CONSOLE, 7)


def test_a_process_group_of_its_own_is_asked_and_a_shared_console_is_not(
    spawn: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("leader", "other", "pids")]
    spawn(PAIR, CALM, *map(str, files), flags=CREATE_NEW_CONSOLE)
    wait_for_all(files)
    leader, other = (int(pid) for pid in files[2].read_text("ascii").split())
    facts = ProcessInspector().facts_of(key_of_pid(leader))
    assert facts.asking is CloseMethod.GROUP
    facts = ProcessInspector().facts_of(key_of_pid(other))
    assert facts.asking is CloseMethod.NONE
    assert "shares its console with python.exe" in facts.why_not_asked
    (result,) = stop_processes([seen_now(key_of_pid(leader))], grace_s=20)
    assert (result.ending, result.asked) == (Ending.CLOSED, CloseMethod.GROUP)
    assert isinstance(process_key(other), ProcessKey), "the other one runs on"


def test_a_server_that_was_typed_into_a_shell_is_asked_by_ctrl_c(
    spawn: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    script, ready, number = (tmp_path / name for name in ("server.py", "ready", "pid"))
    script.write_text(CALM, "ascii")
    shell = spawn_shell(f"{sys.executable} {script} {ready} {number}")
    try:
        wait_for_all([ready])
        pid = int(number.read_text("ascii"))
        assert ProcessInspector().facts_of(key_of_pid(pid)).asking is CloseMethod.INTERRUPT
        (result,) = stop_processes([seen_now(key_of_pid(pid))], grace_s=20)
        assert (result.ending, result.asked) == (Ending.CLOSED, CloseMethod.INTERRUPT)
        if not is_wine():
            # Wine's cmd.exe does not hold CTRL+C off itself, as that of Windows does.
            assert shell.poll() is None, "the shell waits for the next command"
    finally:
        shell.kill()
        shell.wait(10)


def test_a_program_without_a_window_or_a_console_is_told_as_such(
    spawn: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    process = spawn(CALM, str(ready), flags=DETACHED_PROCESS)
    wait_for_all([ready])
    facts = ProcessInspector().facts_of(key_of(process))
    assert facts.asking is CloseMethod.NONE
    assert "neither a window nor a console" in facts.why_not_asked


def is_wine() -> bool:
    return hasattr(ctypes.CDLL("ntdll.dll"), "wine_get_version")


def spawn_shell(command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(f"cmd.exe /k {command}", creationflags=CREATE_NEW_CONSOLE, text=True)


def key_of_pid(pid: int) -> ProcessKey:
    key = process_key(pid)
    assert isinstance(key, ProcessKey)
    return key


def wait_for_all(files: list[Path]) -> None:
    deadline = time.monotonic() + 30
    while not all(file.exists() for file in files):
        assert time.monotonic() < deadline, files
        time.sleep(0.02)


def test_a_program_that_shares_our_console_is_not_asked_through_it(
    serve: Callable[..., Server],
) -> None:
    """CTRL_BREAK would reach this test as well."""
    server = serve("polite")
    (result,) = stop_processes([seen_now(server.key)], grace_s=5)
    assert (result.ending, result.asked) == (Ending.ENDED, CloseMethod.NONE)
    assert result.after_ms < 5000
