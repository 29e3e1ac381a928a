"""Whose program it is: real executables under names of the system's, here and in its folders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from portview.actions.free_port.execute import inspect_port
from portview.actions.free_port.plan import PlanAction
from portview.actions.port_usage import FreeRequest
from portview.domain.facts import ABSENT, Known
from portview.readers.linux.program_origin import is_protected_file, system_names
from portview.readers.processes import read_process
from tests.system.actions.conftest import HOLDING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.actions.conftest import Holder

pytestmark = pytest.mark.linux_only("/proc/PID/exe")

PYTHON = os.path.realpath(sys.executable)
SYSTEM_FOLDER = "/usr/local/games"
"""A folder of the system's, covered by one of the test's own in a mount namespace."""
CHANGES = {
    "root's": "",
    "a user's": "chown 1234 $FILE",
    "writable by all": "chmod o+w $FILE",
    "in a folder that is writable by all": f"chmod o+w {SYSTEM_FOLDER}",
}


@pytest.mark.parametrize(
    "name",
    ["X", "Xorg", "sway", "river", "init", "systemd", "systemd-journald", "dbus-daemon", "docker",
     "pasta", "conmon", "lxd", "gdm"],
)  # fmt: skip
def test_an_own_program_may_be_called_anything(
    name: str, hold: Callable[..., Holder], tmp_path: Path
) -> None:
    own = tmp_path / name
    shutil.copy(PYTHON, own)
    holder = hold("serving", prefix=(str(own), str(HOLDING)))
    plan = inspect_port(FreeRequest(holder.port))
    (step,) = plan.steps
    assert step.process
    assert (step.kind, step.refusal) == (PlanAction.ASK, None)
    assert step.process.system_names == ABSENT


def test_an_own_script_may_be_called_anything(hold: Callable[..., Holder], tmp_path: Path) -> None:
    script = tmp_path / "dbus-daemon"
    script.write_text(f"#!{sys.executable}\n{HOLDING.read_text('utf-8')}", "utf-8")
    script.chmod(0o755)
    holder = hold("serving", prefix=(str(script),))
    (step,) = inspect_port(FreeRequest(holder.port)).steps
    assert step.process
    assert step.process.info.name == "dbus-daemon"
    assert (step.kind, step.refusal) == (PlanAction.ASK, None)


@pytest.mark.root_only("makes a mount namespace")
@pytest.mark.parametrize("change", CHANGES)
def test_in_the_systems_folders_only_roots_own_count(
    change: str, hold: Callable[..., Holder]
) -> None:
    holder = _hold_in_system_folder(hold, "sway", CHANGES[change])
    names = system_names(read_process(holder.key))
    (step,) = inspect_port(FreeRequest(holder.port)).steps
    if change == "root's":
        assert names == Known(frozenset({"sway"}))
        assert step.refusal
        assert step.refusal.code == "desktop"
    else:
        assert names == ABSENT
        assert step.kind is PlanAction.ASK


@pytest.mark.root_only("makes a mount namespace")
def test_a_script_of_the_systems_counts_beside_its_interpreter(hold: Callable[..., Holder]) -> None:
    holder = _hold_in_system_folder(hold, "python3", script="qtile")
    assert system_names(read_process(holder.key)) == Known(frozenset({"python3", "qtile"}))
    (step,) = inspect_port(FreeRequest(holder.port)).steps
    assert step.refusal
    assert step.refusal.code == "desktop"


@pytest.mark.root_only("makes a mount namespace")
def test_a_program_of_the_systems_that_was_deleted_keeps_its_name(
    hold: Callable[..., Holder],
) -> None:
    holder = _hold_in_system_folder(hold, "Xorg")
    inside = ["nsenter", "--mount", f"--target={holder.pid}"]
    subprocess.run([*inside, "rm", f"{SYSTEM_FOLDER}/Xorg"], check=True)
    assert read_process(holder.key).executable_deleted
    assert system_names(read_process(holder.key)) == Known(frozenset({"Xorg"}))


def test_a_file_is_protected_only_with_the_folders_above_it(tmp_path: Path) -> None:
    mine = tmp_path / "program"
    mine.write_bytes(b"")
    tmp_path.chmod(0o777)
    assert is_protected_file(str(mine)) is False
    assert is_protected_file("/usr/bin/env") is True


def _hold_in_system_folder(
    hold: Callable[..., Holder], name: str, change: str = "", script: str = ""
) -> Holder:
    """Run a holder from a folder of the system's that only it sees."""
    file = f"{SYSTEM_FOLDER}/{name}"
    text = f"{SYSTEM_FOLDER}/{script}" if script else str(HOLDING)
    lines = [
        f"mount -t tmpfs -o mode=0755 none {SYSTEM_FOLDER}",
        f"cp {PYTHON} {file}",
        f"cp {HOLDING} {text}" if script else "true",
        f"FILE={file}; {change or 'true'}",
        f'exec {file} {text} "$@"',
    ]
    prefix = ("unshare", "--mount", "sh", "-c", " && ".join(lines), "sh")
    # It looks for its library beside itself otherwise.
    home = {**os.environ, "PYTHONHOME": sys.base_prefix}
    return hold("serving", prefix=prefix, env=home)
