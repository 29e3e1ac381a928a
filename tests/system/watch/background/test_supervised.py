"""A machine that boots has its watches evaluated before anybody logs in, and a killed process back.

Where systemd does not run, runit's ``runsv`` supervises the command of the very unit, with the
environment that a system gives its services and nothing of a session.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from portview.watch.background.systemd_unit import unit_text
from tests.engines import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.linux_only(reason="units of systemd, and a supervisor from a package")


def unit_of_this_machine() -> dict[str, list[str]]:
    """Return the keys of the unit as it would be installed."""
    done = subprocess.run(
        [sys.executable, "-m", "portview", "background", "install", "--kind", "service",
         "--dry-run"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    keys: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            keys.setdefault(name, []).append(value)
    return keys


@contextmanager
def booted(folder: Path) -> Iterator[None]:
    """Run the unit's command as a system does that boots: no session, no terminal, no HOME."""
    runsv = shutil.which("runsv")
    if runsv is None:
        pytest.skip("runsv is in no package of this system")
    unit = unit_of_this_machine()
    assert unit["Restart"] == ["always"]
    variables = " ".join(shlex.quote(shlex.split(one)[0]) for one in unit["Environment"])
    service = folder / "service"
    service.mkdir()
    run = service / "run"
    # What a person's shell would add is not there; $ and % are doubled in a unit alone.
    [command] = unit["ExecStart"]
    run.write_text(
        f"#!/bin/sh\nexec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin {variables} "
        f"{command.replace('%%', '%').replace('$$', '$')} >>{folder}/out 2>&1 </dev/null\n"
    )
    run.chmod(0o755)
    supervisor = subprocess.Popen([runsv, service], start_new_session=True)
    try:
        yield
    finally:
        supervisor.send_signal(signal.SIGTERM)  # which ends the service as well
        supervisor.wait(60)


def pid_of_service(folder: Path) -> int:
    try:
        return int((folder / "service" / "supervise" / "pid").read_text() or 0)
    except (OSError, ValueError):
        return 0


def found_state() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "portview", "watch", "check", "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    watches = json.loads(done.stdout)["watches"]
    return str(watches[0]["state"])


def is_evaluating() -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "portview", "background", "status", "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return bool(json.loads(done.stdout)["evaluating"])


@pytest.mark.timeout(300)
def test_a_boot_evaluates_and_a_kill_is_mended_within_seconds(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "watches.toml").write_text(
        f'[[watch]]\nname = "shop"\nexpect = "listening"\nport = {port}\ninterval = "1s"\n'
        "failures = 1\nretries = 0\n"
    )
    with booted(tmp_path):
        wait_until(is_evaluating)
        wait_until(lambda: found_state() == "firing")
        killed = pid_of_service(tmp_path)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: pid_of_service(tmp_path) not in {0, killed})
        wait_until(is_evaluating)
        with socket.create_server(("127.0.0.1", port)):
            # It evaluates again, and the incident outlived the kill.
            wait_until(lambda: found_state() in {"recovering", "ok"})
    wait_until(lambda: not is_evaluating())


def test_systemd_finds_the_unit_less_exposed_than_one_without_options(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is in no package of this system")
    hardened = unit_text([sys.executable, "-m", "portview", "watch", "run"], {})
    plain = "[Service]\nExecStart=/bin/true\n"

    def exposure(text: str) -> float:
        unit = tmp_path / "portview.service"
        unit.write_text(text)
        done = subprocess.run(
            [analyze, "security", "--offline=true", "--json=short", "--no-pager", unit],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout, done.stderr
        found = json.loads(done.stdout)
        return sum(float(one["exposure"] or 0) for one in found if one["set"] is False)

    assert exposure(hardened) < exposure(plain)
