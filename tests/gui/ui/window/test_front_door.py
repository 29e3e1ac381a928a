"""One window per user, and errors that do not kill it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtNetwork import QLocalSocket

from portview.ui.window.error_dialog import ErrorReporter
from portview.ui.window.single_instance import QuitResult, SingleInstance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

SECOND_START = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from portview.ui.window import single_instance
from portview.ui.window.single_instance import SingleInstance
if "impatient" in sys.argv:
    single_instance._PATIENCE_MS = 300
application = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]))
is_first = instance.acquire()
if "asking" in sys.argv:
    print("asking", flush=True)
heard = False if is_first else instance.raise_first()
print(is_first, heard, flush=True)
if "crash" in sys.argv:
    import os
    os._exit(1)
instance.release()
"""


@pytest.fixture
def first(tmp_path: Path, qtbot: QtBot) -> Iterator[SingleInstance]:
    instance = SingleInstance(tmp_path)
    assert instance.acquire()
    instance.listen()
    yield instance
    instance.release()


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SECOND_START, str(folder), *more],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_start_raises_the_first_window(
    qtbot: QtBot, first: SingleInstance, tmp_path: Path
) -> None:
    with qtbot.waitSignal(first.raise_requested, timeout=20_000):
        second = start(tmp_path)
    output, _ = second.communicate(timeout=20)
    assert output.split() == ["False", "True"]


def test_a_start_that_comes_before_the_first_one_listens_asks_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    instance = SingleInstance(tmp_path)
    assert instance.acquire()
    second = start(tmp_path, "asking")
    assert second.stdout is not None
    assert second.stdout.readline().strip() == "asking"
    with qtbot.waitSignal(instance.raise_requested, timeout=20_000):
        instance.listen()
    output, _ = second.communicate(timeout=20)
    assert output.split() == ["False", "True"]
    instance.release()


def test_a_first_one_that_hangs_is_asked_once(
    qtbot: QtBot, first: SingleInstance, tmp_path: Path
) -> None:
    connected: list[None] = []
    assert first._server is not None
    first._server.newConnection.connect(lambda: connected.append(None))
    # This process waits here, so that its event loop answers nobody.
    output, _ = start(tmp_path, "impatient").communicate(timeout=20)
    assert output.split() == ["False", "False"]
    qtbot.waitUntil(lambda: bool(connected))
    qtbot.wait(50)  # for more of them to be accepted, were there any
    assert len(connected) == 1


def test_other_settings_are_another_program(
    qtbot: QtBot, first: SingleInstance, tmp_path: Path
) -> None:
    output, _ = start(tmp_path / "other").communicate(timeout=20)
    assert output.split() == ["True", "False"]


def test_a_request_to_quit_waits_until_the_first_one_has_gone(
    qtbot: QtBot, first: SingleInstance, tmp_path: Path
) -> None:
    with qtbot.waitSignal(first.quit_requested, timeout=20_000):
        asking = subprocess.Popen(
            [sys.executable, "-m", "portview", "--quit"],
            env={**os.environ, "PORTVIEW_CONFIG_DIR": str(tmp_path)},
        )
    assert asking.poll() is None
    first.release()
    assert asking.wait(30) == 0


def test_there_is_nothing_to_quit_where_none_runs(qtbot: QtBot, tmp_path: Path) -> None:
    assert SingleInstance(tmp_path).quit_first(0) is QuitResult.NONE_RUNS


@pytest.mark.qt_log_ignore("unexpected locking error", extend=True)
def test_a_folder_that_cannot_be_written_keeps_nobody_out(qtbot: QtBot, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    instance = SingleInstance(in_the_way / "settings")
    assert instance.acquire()
    instance.release()


def test_other_words_than_those_that_are_known_do_nothing(
    qtbot: QtBot, first: SingleInstance
) -> None:
    socket = QLocalSocket()
    with (
        qtbot.assertNotEmitted(first.quit_requested),
        qtbot.assertNotEmitted(first.raise_requested),
        qtbot.waitSignal(socket.disconnected, timeout=20_000),
    ):
        assert first._server
        socket.connectToServer(first._server.fullServerName())
        socket.write(b"quit now!\n")


def test_two_users_of_one_folder_do_not_meet(
    qtbot: QtBot, first: SingleInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portview.ui.window.single_instance._user", lambda: "another")
    other = SingleInstance(tmp_path)
    assert other.acquire()
    other.release()


def test_a_first_one_that_died_does_not_lock_the_next_one_out(qtbot: QtBot, tmp_path: Path) -> None:
    output, _ = start(tmp_path, "crash").communicate(timeout=20)
    assert output.split() == ["True", "False"]
    instance = SingleInstance(tmp_path)
    assert instance.acquire()
    instance.release()


@pytest.fixture
def reporter(tmp_path: Path, qtbot: QtBot) -> Iterator[ErrorReporter]:
    made = ErrorReporter(tmp_path / "portview.log")
    made.install()
    yield made
    made.uninstall()
    if made._dialog is not None:
        made._dialog.close()


def test_an_error_in_a_slot_is_logged_and_shown_once_with_the_logs_path(
    qtbot: QtBot, reporter: ErrorReporter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("<b>boom</b>")

    with qtbot.captureExceptions(), caplog.at_level(logging.ERROR):
        reporter.install()  # pytest-qt put its own hook in between
        QTimer.singleShot(0, fail)
        QTimer.singleShot(0, fail)
        qtbot.waitUntil(lambda: reporter._dialog is not None)
        qtbot.waitUntil(lambda: caplog.text.count("<b>boom</b>") >= 2)
    text = reporter._dialog.informativeText()
    assert "<b>boom</b>" in text
    assert str(tmp_path / "portview.log") in text
    assert reporter._dialog.textFormat().name == "PlainText"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_in_a_thread_is_logged_too(
    qtbot: QtBot, reporter: ErrorReporter, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("from a thread")

    reporter.install()
    with caplog.at_level(logging.ERROR):
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: reporter._dialog is not None)
    assert "from a thread" in caplog.text


def test_the_program_opens_runs_and_closes_as_a_process(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from PySide6.QtCore import QTimer\n"
        "from PySide6.QtWidgets import QApplication\n"
        "import portview.ui.window.main_window as main_window\n"
        "import portview.__main__ as door\n"
        "class Window(main_window.MainWindow):\n"
        "    def _on_snapshot(self, snapshot):\n"
        "        super()._on_snapshot(snapshot)\n"
        "        QTimer.singleShot(0, self.close)\n"
        "main_window.MainWindow = Window\n"
        "sys.exit(door.main([]))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert b"Traceback" not in ended.stderr
    assert (tmp_path / "config" / "settings.json").exists()
    log = tmp_path / "log" / "portview.log"
    assert not log.exists() or "ERROR" not in log.read_text(encoding="utf-8")
    assert os.environ["PORTVIEW_CONFIG_DIR"] == str(tmp_path / "config")
