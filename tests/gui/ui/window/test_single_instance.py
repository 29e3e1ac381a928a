"""Who may speak with the first instance, and which instance continues."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtNetwork import QLocalSocket

from portview.domain.errors import Outcome
from portview.readers.local_peer import is_own_peer, socket_folders
from portview.ui.window.single_instance import SingleInstance
from tests.other_user import NOBODY, as_nobody, folder_for_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

ROOT = Path(__file__).resolve().parents[4]
posix = pytest.mark.linux_only(reason="sockets that are files, and users")
as_root = pytest.mark.root_only(reason="becomes another user")

SECOND_START = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from portview.ui.window.single_instance import SingleInstance
application = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]), elevated=True)
print(instance.acquire(), instance.take_over(), flush=True)
instance.release()
"""
SQUATTER = """
import os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    os.chdir(sys.argv[1])
    server.bind(sys.argv[2])
    os.chmod(sys.argv[2], 0o777)
    server.listen()
    print("ready", flush=True)
    while True:
        connection, _ = server.accept()
        connection.sendall(b"ok\\n")
"""


@pytest.fixture(autouse=True)
def no_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with folder_for_all() as folder:
        yield folder


@pytest.fixture
def first(tmp_path: Path, qtbot: QtBot) -> Iterator[Callable[..., SingleInstance]]:
    """Start first instances, elevated or not, as far as they know."""
    made: list[SingleInstance] = []

    def start(*, elevated: bool = False) -> SingleInstance:
        instance = SingleInstance(tmp_path, elevated=elevated)
        assert instance.acquire()
        instance.listen()
        made.append(instance)
        return instance

    yield start
    for instance in made:
        instance.release()


def start_elevated(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SECOND_START, str(folder)], stdout=subprocess.PIPE, text=True
    )


def test_an_elevated_start_takes_over_from_one_that_is_not(
    qtbot: QtBot, first: Callable[..., SingleInstance], tmp_path: Path
) -> None:
    instance = first()
    with (
        qtbot.assertNotEmitted(instance.raise_requested),
        qtbot.waitSignal(instance.quit_requested, timeout=20_000),
    ):
        second = start_elevated(tmp_path)
    instance.release()
    output, _ = second.communicate(timeout=30)
    assert output.split() == ["False", "True"]


def test_an_elevated_start_raises_one_that_is_elevated_as_well(
    qtbot: QtBot, first: Callable[..., SingleInstance], tmp_path: Path
) -> None:
    instance = first(elevated=True)
    with (
        qtbot.assertNotEmitted(instance.quit_requested),
        qtbot.waitSignal(instance.raise_requested, timeout=20_000),
    ):
        second = start_elevated(tmp_path)
    output, _ = second.communicate(timeout=30)
    assert output.split() == ["False", "None"]


@pytest.mark.parametrize("pieces", [[b"ra", b"ise\n"], [b"", b"raise", b"\n"], [b"raise\n"]])
def test_a_message_may_come_in_pieces(
    qtbot: QtBot, first: Callable[..., SingleInstance], pieces: list[bytes]
) -> None:
    instance = first()
    assert instance._server
    visitor = QLocalSocket()
    visitor.connectToServer(instance._server.fullServerName())
    qtbot.waitUntil(lambda: bool(instance._heard))
    with qtbot.waitSignal(instance.raise_requested, timeout=20_000):
        so_far = b""
        for piece in pieces:
            visitor.write(piece)
            visitor.flush()
            so_far += piece
            if not so_far.endswith(b"\n"):
                qtbot.waitUntil(lambda heard=so_far: heard in instance._heard.values())
    qtbot.waitUntil(lambda: visitor.bytesAvailable() >= 3)
    assert bytes(visitor.readAll().data()) == b"ok\n"
    visitor.abort()


@pytest.mark.parametrize("message", [b"raise\nquit\n", b"x" * 5000, b"quit now\n", b"\n"])
def test_anything_else_ends_the_conversation(
    qtbot: QtBot, first: Callable[..., SingleInstance], message: bytes
) -> None:
    instance = first()
    assert instance._server
    visitor = QLocalSocket()
    with (
        qtbot.assertNotEmitted(instance.raise_requested),
        qtbot.assertNotEmitted(instance.quit_requested),
        qtbot.waitSignal(visitor.disconnected, timeout=20_000),
    ):
        visitor.connectToServer(instance._server.fullServerName())
        visitor.write(message)
    assert not instance._heard


@posix
def test_the_socket_lies_in_a_folder_of_this_user_alone(
    first: Callable[..., SingleInstance], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    first()
    (made,) = (runtime / "portview").iterdir()
    assert made.is_socket()
    assert made.parent.stat().st_mode & 0o777 == 0o700
    assert made.stat().st_mode & 0o077 == 0


@posix
@pytest.mark.parametrize("flaw", ["open to others", "a link", "relative", "missing"])
def test_a_runtime_folder_that_is_not_private_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flaw: str
) -> None:
    runtime, settings = tmp_path / "runtime", tmp_path / "settings"
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    if flaw == "open to others":
        runtime.mkdir()
        runtime.chmod(0o755)
    elif flaw == "a link":
        runtime.symlink_to(real)
    elif flaw == "relative":
        monkeypatch.chdir(real)
        monkeypatch.setenv("XDG_RUNTIME_DIR", ".")
    opened = list(socket_folders(settings, creating=True))
    for _, descriptor in opened:
        os.close(descriptor)
    assert [path for path, _ in opened] == [settings / "run"]
    assert not list(real.iterdir())


@posix
@as_root
def test_a_folder_that_another_user_made_is_not_used(
    tmp_path: Path, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    os.chown(tmp_path / "run", NOBODY, NOBODY)
    instance = SingleInstance(tmp_path)
    assert instance.acquire()
    instance.listen()
    assert "can't be heard" in caplog.text
    instance.release()


@posix
@as_root
def test_another_users_server_is_never_believed(
    tmp_path: Path, qtbot: QtBot, first: Callable[..., SingleInstance]
) -> None:
    """Its answer would let a start end with success and without a window."""
    instance = first()
    name = instance._name
    run = tmp_path / "run"
    (run / name).unlink()
    run.chmod(0o777)
    squatter = subprocess.Popen(
        [*as_nobody(), sys.executable, "-c", SQUATTER, str(run), name],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert squatter.stdout
    assert squatter.stdout.readline() == "ready\n"
    try:
        # Even where the folder was open to others for a moment.
        run.chmod(0o700)
        second = SingleInstance(tmp_path)
        assert not second.acquire()
        assert second._ask(b"raise") is None
    finally:
        squatter.kill()
        squatter.communicate()


@posix
@as_root
def test_another_users_client_is_not_heard(
    tmp_path: Path, qtbot: QtBot, first: Callable[..., SingleInstance]
) -> None:
    instance = first()
    run = tmp_path / "run"
    run.chmod(0o755)
    (run / instance._name).chmod(0o777)
    code = (
        "import os, socket, sys\n"
        "os.chdir(sys.argv[1])\n"
        "client = socket.socket(socket.AF_UNIX)\n"
        "client.connect(sys.argv[2])\n"
        "try:\n"
        "    client.sendall(b'quit\\n')\n"
        "    print(client.recv(9))\n"
        "except ConnectionError:\n"
        "    print(b'')\n"
    )
    with qtbot.assertNotEmitted(instance.quit_requested):
        client = subprocess.Popen(
            [*as_nobody(), sys.executable, "-c", code, str(run), instance._name],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        qtbot.waitUntil(lambda: client.poll() is not None, timeout=20_000)
    assert client.communicate()[0] == "b''\n"


@posix
@as_root
@pytest.mark.parametrize("kind", ["fifo", "link", "another user's"])
def test_a_planted_lock_keeps_nobody_out(tmp_path: Path, qtbot: QtBot, kind: str) -> None:
    lock = SingleInstance(tmp_path)._lock_path
    if kind == "fifo":
        os.mkfifo(lock)
    elif kind == "link":
        lock.symlink_to(tmp_path / "victim")
    else:
        lock.write_text("1\nportview\nhost\n", "ascii")
        os.chown(lock, NOBODY, NOBODY)
    instance = SingleInstance(tmp_path)
    assert instance.acquire()
    instance.release()
    assert not (tmp_path / "victim").exists()


@posix
def test_a_peer_is_known_by_its_user() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert is_own_peer(ours.fileno())
    assert not is_own_peer(ours.fileno())


def test_quit_says_that_it_did_not_reach_an_instance(
    tmp_path: Path, first: Callable[..., SingleInstance]
) -> None:
    """The first one is this process, which does not listen while it waits here."""
    first()
    code = (
        "import sys\n"
        "from portview.ui.window import single_instance\n"
        "single_instance._QUIT_PATIENCE_MS = single_instance._PATIENCE_MS = 200\n"
        "single_instance._ASK_AGAIN_MS = 200\n"
        "from portview.entry import main\n"
        "sys.exit(main(['--quit']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PORTVIEW_CONFIG_DIR": str(tmp_path)},
        timeout=60,
    )
    assert done.returncode == Outcome.NOT_DONE
    assert "still runs" in done.stderr
