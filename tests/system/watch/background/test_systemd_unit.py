"""The background process is installed as it says, tells its supervisor, and leaves nothing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portview.actions.service_control.systemd import systemd_runs
from portview.watch.background.systemd_unit import unit_text

pytestmark = pytest.mark.linux_only(reason="systemd and desktop entries are of Linux")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    return tmp_path


def background(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portview", "background", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("kind", ["service", "user-unit"])
@pytest.mark.parametrize(
    "command",
    [
        None,
        (sys.executable, "-c", "first line\nsecond \"quoted\" 'line' 100 % $HOME \\ back", "run"),
        (sys.executable, "ä b;c|d", ""),
    ],
)
def test_systemd_finds_nothing_wrong_with_the_unit(
    home: Path, kind: str, command: tuple[str, ...] | None
) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is in no package of this system")
    if command is None:
        text = background("install", "--dry-run", "--kind", kind).stdout
    else:
        variables = {"PORTVIEW_LOG_DIR": "/var/log/a b/100 %"}
        text = unit_text(command, variables, of_user=kind == "user-unit", user="")
    unit = home / "portview.service"
    unit.write_text(text, encoding="utf-8")
    done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(systemd_runs(), reason="would install a unit on this machine")
@pytest.mark.parametrize("kind", ["service", "user-unit"])
def test_without_systemd_no_unit_is_installed_and_nothing_is_left(home: Path, kind: str) -> None:
    done = background("install", "--kind", kind)
    assert done.returncode == 1
    assert "systemd" in done.stderr
    assert done.stdout == ""
    assert not list(home.rglob("*.service"))
    assert not Path("/etc/systemd/system/portview.service").exists()
    assert background("status").returncode == 1


def test_the_start_at_log_in_is_installed_shown_and_removed(home: Path) -> None:
    assert background("status").returncode == 1
    assert background("install", "--kind", "login", "--dry-run").returncode == 0
    assert background("status").returncode == 1
    assert background("install", "--kind", "login").returncode == 0
    entry = home / "xdg" / "autostart" / "portview-watch.desktop"
    [line] = [one for one in entry.read_text().splitlines() if one.startswith("Exec=")]
    assert line.endswith(" watch run")
    status = background("status")
    assert status.returncode == 0
    assert "login" in status.stdout
    assert background("remove").returncode == 0
    assert not entry.exists()
    assert background("remove").returncode == 1


def test_an_account_is_a_name_and_belongs_to_a_service() -> None:
    refused = background("install", "--dry-run", "--kind", "service", "--user", "a\nExecStart=x")
    assert refused.returncode == 2
    assert background("install", "--dry-run", "--kind", "login", "--user", "dev").returncode == 2
    unit = background("install", "--dry-run", "--kind", "service", "--user", "dev").stdout
    assert "\nUser=dev\n" in unit


def test_the_supervisor_hears_that_it_is_ready_alive_and_ends(tmp_path: Path) -> None:
    place = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(place)
        heard.settimeout(60)
        with subprocess.Popen(
            [sys.executable, "-m", "portview", "watch", "run"],
            env={**os.environ, "NOTIFY_SOCKET": place, "WATCHDOG_USEC": "500000"},
        ) as process:
            try:
                assert heard.recv(1000).startswith(b"READY=1")
                assert heard.recv(1000) == b"WATCHDOG=1"
                assert heard.recv(1000) == b"WATCHDOG=1"
                process.send_signal(signal.SIGTERM)
                while (message := heard.recv(1000)) != b"STOPPING=1":
                    assert message == b"WATCHDOG=1"
                assert process.wait(60) == 0
            finally:
                process.kill()


def test_logs_without_any_are_exit_code_1() -> None:
    assert background("logs").returncode == 1
