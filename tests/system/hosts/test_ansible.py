"""The Ansible role runs with a real Ansible where one is installed: it changes nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.linux_only(reason="Ansible controls from Linux and macOS")
PLAYBOOK = ROOT / "resources" / "monitoring" / "ansible" / "portview.yml"


def playbook(folder: Path, *arguments: str, variables: object = None) -> str:
    program = shutil.which("ansible-playbook")
    if program is None:
        pytest.skip("ansible-playbook is not installed")
    done = subprocess.run(
        [program, "-i", "localhost,", "-c", "local", PLAYBOOK, *arguments,
         "-e", json.dumps(variables or {})],
        env={**os.environ, "ANSIBLE_HOME": str(folder / "ansible"), "ANSIBLE_NOCOLOR": "1",
             "PYTHONPATH": "", "LC_ALL": "C.UTF-8"},
        capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_ansible_accepts_the_role(tmp_path: Path) -> None:
    assert "portview.yml" in playbook(tmp_path, "--syntax-check")


@pytest.mark.parametrize("mode", [(), ("--check",)])
@pytest.mark.parametrize("as_text", [False, True])
def test_it_asks_and_changes_nothing(
    tmp_path: Path, server: int, mode: tuple[str, ...], *, as_text: bool
) -> None:
    command = [sys.executable, "-m", "portview"]
    variables = {
        "portview_ports": [server],
        "portview_command": " ".join(command) if as_text else command,
        "ansible_python_interpreter": sys.executable,
    }
    shown = playbook(tmp_path, *mode, variables=variables)
    assert re.search(r"localhost\s+: ok=3\s+changed=0\s+unreachable=0\s+failed=0", shown), shown
    assert str(server) in shown
