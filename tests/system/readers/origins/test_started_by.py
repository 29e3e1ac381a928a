"""What real processes come from: a terminal, a cron daemon, an entry of the desktop."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.owners.origin import OriginKind
from portview.domain.owners.process import ProcessKey
from portview.readers.origins import crontabs, started_by
from portview.readers.process_details import read_parents
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process

if sys.platform == "linux":
    import fcntl
    import pty
    import termios

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from portview.domain.owners.origin import Origin

pytestmark = pytest.mark.linux_only("terminals, cron and entries of a desktop")

SECRET = "hunter2-secret"  # noqa: S105 - no password of anything


def origin_of(pid: int, *, alone: bool = False) -> Origin | None:
    key = process_key(pid)
    assert isinstance(key, ProcessKey)
    ancestors = () if alone else read_parents(key).parents
    return started_by.started_by(read_process(key), ancestors)


def wait_for(path: Path, seconds: float = 60) -> str:
    deadline = time.monotonic() + seconds
    while not (path.exists() and path.read_text().strip()):
        assert time.monotonic() < deadline, f"{path.name} was not written"
        time.sleep(0.05)
    return path.read_text()


def what(pid: int) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "portview", "what", str(pid), "--pid", "--json"],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    return json.loads(done.stdout)["processes"][0]["origin"]


def test_a_program_that_was_typed_in_a_terminal(tmp_path: Path) -> None:
    started_by.read_terminal(os.getpid())  # The terminals that are there by now may be kept.
    here, there = pty.openpty()
    shell = subprocess.Popen(
        [shutil.which("bash") or "sh", "--norc", "-i"],
        stdin=there, stdout=there, stderr=there, cwd=tmp_path, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads yet
        env={**os.environ, "PS1": "$ "},
    )  # fmt: skip
    try:
        terminal = os.ttyname(there)
        os.write(here, b"sh -c 'echo $$ > pid; read x; exit 0'\n")
        pid = int(wait_for(tmp_path / "pid"))
        origin = origin_of(pid)
        assert origin is not None
        assert (origin.kind, origin.name) == (OriginKind.TERMINAL, terminal)
        assert not origin.starts_again
        told = what(pid)
        assert told["kind"] == "terminal"
        assert terminal in told["sentence"]
        assert told["sentence"].endswith("nothing starts it again.")
    finally:
        os.write(here, b"\nexit\n")
        shell.wait(20)
        os.close(here)
        os.close(there)


@pytest.mark.parametrize("ending", ["; true", ""])
def test_a_cron_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    # A real daemon waits for the next minute; like it, this starts a shell with the command.
    daemon = tmp_path / "cron"
    shutil.copy(shutil.which("dash") or "/bin/sh", daemon)
    serve = f"{sys.executable} {tmp_path}/serve.py --token {SECRET}{ending}"
    (tmp_path / "serve.py").write_text(
        f"import os, sys\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "sys.stdin.read()\n"
    )
    (tmp_path / "ann").write_text(f"SHELL=/bin/sh\n*/5 * * * * {serve}\n@daily other\n")
    monkeypatch.setattr(crontabs, "_SYSTEM", ())
    monkeypatch.setattr(crontabs, "_OF_USERS", (f"{tmp_path}/ann",))
    process = subprocess.Popen(
        [daemon, "-c", '/bin/sh -c "$0"; true', serve], stdin=subprocess.PIPE
    )
    assert process.stdin
    try:
        origin = origin_of(int(wait_for(tmp_path / "pid")))
        assert origin is not None
        assert (origin.kind, origin.name) == (OriginKind.CRON, "ann")
        assert (origin.how, origin.source) == ("*/5 * * * *", str(tmp_path / "ann"))
        assert origin.starts_again
        assert SECRET not in str(origin)
    finally:
        process.stdin.close()
        process.wait(20)


@pytest.fixture
def waiting() -> Callable[..., subprocess.Popen[bytes]]:
    def start(*words: str) -> subprocess.Popen[bytes]:
        code = "import sys; print('ready', flush=True); sys.stdin.readline()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout
        process.stdout.readline()
        return process

    return start


def test_an_entry_of_the_desktop(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    waiting: Callable[..., subprocess.Popen[bytes]],
) -> None:
    folder = tmp_path / ".config" / "autostart"
    folder.mkdir(parents=True)
    monkeypatch.setattr(started_by, "_home_of", lambda _pid: str(tmp_path))
    process = waiting("--token", SECRET)
    assert process.stdin
    assert process.stdout
    try:
        code = process.args[2]  # type: ignore[index]
        quoted = code.replace("\\", "\\\\").replace('"', '\\"')
        (folder / "shop.desktop").write_text(
            f'[Desktop Entry]\nName=Corner shop\nExec={sys.executable} -c "{quoted}" '
            f"--token {SECRET}\n"
        )
        origin = origin_of(process.pid, alone=True)
        assert origin is not None
        assert (origin.kind, origin.name) == (OriginKind.AUTOSTART, "Corner shop")
        assert origin.source == str(folder / "shop.desktop")
        assert origin.starts_again
        assert SECRET not in str(origin)
        other = waiting("--token", "other")
        assert other.stdin
        assert other.stdout
        assert origin_of(other.pid, alone=True) is None
        other.stdin.close()
        other.wait(20)
        other.stdout.close()
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
