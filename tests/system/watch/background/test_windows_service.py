"""The Windows service, run by the service control manager of the machine: Wine's here."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.windows_only(reason="services of Windows")


def background(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portview", "background", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def of_installer(verb: str) -> int:
    command = [sys.executable, "-m", "portview", "background-of-installer", verb]
    return subprocess.run(command, check=False, timeout=120).returncode


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + 90
    while not is_so():
        assert time.monotonic() < ends, what
        time.sleep(0.1)  # between two questions to the service control manager


@pytest.fixture
def folder() -> Iterator[Path]:
    from portview.watch.background.service_folder import service_folder  # noqa: PLC0415 - Windows

    place = service_folder()
    assert not place.exists()
    yield place
    background("remove")
    shutil.rmtree(place, ignore_errors=True)


def pid_of_service() -> int:
    from portview.actions.service_control.windows_api import (  # noqa: PLC0415 - Windows only
        SERVICE_QUERY_STATUS,
        open_service,
    )
    from portview.watch.background.windows_service import SERVICE_NAME, _status  # noqa: PLC0415

    with open_service(SERVICE_NAME, SERVICE_QUERY_STATUS) as service:
        return int(_status(service).pid)


def state() -> str:
    from portview.watch.background.windows_service import WindowsService  # noqa: PLC0415

    return WindowsService().state()


def test_it_is_installed_evaluates_stops_starts_and_leaves_nothing(folder: Path) -> None:
    from portview.watch.background.windows_service import WindowsService  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        shown = background("install", "--kind", "service", "--dry-run")
        assert shown.returncode == 0, shown.stderr
        assert str(folder) in shown.stdout
        assert not folder.exists()
        done = background("install", "--kind", "service")
        assert done.returncode == 0, done.stderr
        assert state() == "running"
        assert background("status").returncode == 0
        (folder / "watches.toml").write_text(
            f'[[watch]]\nname = "shop"\nexpect = "listening"\nport = {port}\ninterval = "1s"\n'
            "failures = 1\n"
        )
        log = folder / "portview.log"
        wait_until((folder / "portview.sqlite3").exists, "it has a store")
    wait_until(lambda: log.exists() and "watch shop: firing" in log.read_text(), "it fires")
    # Installed again, as an upgrade does: nothing is lost.
    assert background("install", "--kind", "service").returncode == 0
    service = WindowsService()
    began = time.monotonic()
    service.stop()
    took = time.monotonic() - began
    assert state() == "stopped"
    assert took < 30
    assert "the service ends" in log.read_text()
    service.start()
    assert state() == "running"
    assert service.is_own()
    assert of_installer("stop") == 10
    assert of_installer("start") == 0
    assert state() == "running"
    assert of_installer("remove") == 0
    assert not service.is_installed()
    assert background("status").returncode == 1


def test_a_killed_service_is_noticed_and_starts_again(folder: Path) -> None:
    from portview.watch.background.windows_service import WindowsService  # noqa: PLC0415

    assert background("install", "--kind", "service").returncode == 0
    pid = pid_of_service()
    assert pid
    os.kill(pid, 9)
    wait_until(lambda: state() == "stopped" or pid_of_service() != pid, "the manager notices")
    # Wine's manager carries out no failure actions; Windows' own has restarted it by itself.
    WindowsService().start()
    assert state() == "running"
    assert pid_of_service() not in {0, pid}


def test_started_from_a_terminal_it_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portview", "run-service", str(tmp_path)], check=False
    )
    assert done.returncode == 2
