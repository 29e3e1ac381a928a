"""What another program can place is never run: modules, tools, and what variables name."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.actions.elevation.manual_command import command_for_administrator, manual_command
from portview.actions.elevation.request import ElevatedOperation, ElevatedRequest
from portview.actions.own_command import elevated_command, own_command
from portview.process_hardening import remove_untrusted_variables
from portview.readers import system_tools
from portview.readers.system_tools import TOOL_FOLDERS, find_tool, tool_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
TRAP = """
import os
with open(os.environ["TRAP"], "a") as file:
    file.write(__name__ + chr(10))
raise SystemExit(99)
"""
MODULES = (
    *("__future__", "json", "logging", "typing", "argparse", "dataclasses", "enum", "functools"),
    *("subprocess", "ctypes", "socket", "psutil", "platformdirs", "PySide6", "re", "pathlib"),
    *("site", "runpy", "encodings", "signal", "tempfile", "ipaddress", "collections", "operator"),
    *("contextlib", "types", "warnings", "threading", "keyword", "reprlib", "weakref"),
)
LOADED_BY_RUNPY = (
    *("collections", "contextlib", "functools", "keyword", "operator", "reprlib", "types"),
    *("warnings", "threading", "weakref"),
)
"""What Python's own -m imports before any code of the program that it runs: only -P helps."""
TOOLS = ("nft", "iptables-save", "ip6tables-save", "ufw", "systemctl", "pkexec", "journalctl")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Make a folder full of modules and programs that leave a trace when they are run."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in MODULES:
        (folder / f"{name}.py").write_text(TRAP, "utf-8")
    for name in TOOLS:
        tool = folder / name
        tool.write_text('#!/bin/sh\necho "$0" >> "$TRAP"\nexit 99\n', "utf-8")
        tool.chmod(0o755)
    return folder


@pytest.fixture
def plainly_hostile(hostile: Path) -> Path:
    """Leave out what no program that is run by -m alone can be guarded against."""
    for name in LOADED_BY_RUNPY:
        (hostile / f"{name}.py").unlink()
    return hostile


def plant_package(folder: Path) -> None:
    package = folder / "portview"
    package.mkdir()
    for name in ("__init__", "__main__", "entry"):
        (package / f"{name}.py").write_text(TRAP, "utf-8")


def run_in(
    folder: Path, *command: str, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a hostile folder, and expect that it works and nothing there was run."""
    trap = folder.parent / "trap"
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TRAP": str(trap), **(variables or {})},
        timeout=60,
    )
    assert not trap.exists(), trap.read_text("utf-8")
    # 1 is what `list` ends with where there are no sockets.
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_the_trap_snaps(hostile: Path) -> None:
    with pytest.raises(AssertionError, match="json"):
        run_in(hostile, sys.executable, "-c", "import json")


def test_a_plain_start_takes_no_module_from_the_working_directory(plainly_hostile: Path) -> None:
    command = (sys.executable, "-m", "portview")
    assert run_in(plainly_hostile, *command, "list", "--json").stdout.startswith("{")
    run_in(plainly_hostile, *command, "--help")


@pytest.mark.linux_only(reason="on Windows the window would be one")
def test_the_window_takes_no_module_from_the_working_directory(
    plainly_hostile: Path, tmp_path: Path
) -> None:
    report, trap = tmp_path / "report.json", tmp_path / "trap"
    command = (sys.executable, "-m", "portview")
    with subprocess.Popen(
        [*command, "--self-report", str(report)],
        cwd=plainly_hostile,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TRAP": str(trap)},
    ) as process:
        deadline = time.monotonic() + 60
        while not report.exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        run_in(plainly_hostile, *command, "--quit")
        assert process.wait(30) == 0
    assert not trap.exists(), trap.read_text("utf-8")


def test_an_empty_entry_of_pythonpath_is_not_the_working_directory(plainly_hostile: Path) -> None:
    variables = {"PYTHONPATH": f"{os.pathsep}{ROOT}"}
    # The interpreter itself loads some modules before any of PortView's code.
    (plainly_hostile / "encodings.py").unlink()
    (plainly_hostile / "site.py").unlink()
    command = (sys.executable, "-m", "portview", "list", "--json")
    run_in(plainly_hostile, *command, variables=variables)


@pytest.mark.parametrize("command", [own_command(), elevated_command()])
def test_a_start_of_itself_is_safe_beside_a_package_of_its_name(
    hostile: Path, command: tuple[str, ...]
) -> None:
    plant_package(hostile)
    assert run_in(hostile, *command, "list", "--json").stdout.startswith("{")


def test_an_elevated_start_follows_no_variables(hostile: Path, tmp_path: Path) -> None:
    plant_package(hostile)
    (hostile / "sitecustomize.py").write_text(TRAP, "utf-8")
    (hostile / "usercustomize.py").write_text(TRAP, "utf-8")
    variables = {
        "PYTHONPATH": str(hostile),
        "PYTHONHOME": str(hostile),
        "PYTHONSTARTUP": str(hostile / "json.py"),
        "PYTHONUSERBASE": str(hostile),
        "PYTHONINSPECT": "1",
    }
    run_in(hostile, *elevated_command(), "list", "--json", variables=variables)


def test_a_copy_that_the_interpreter_does_not_know_starts_itself_as_well(
    hostile: Path, tmp_path: Path
) -> None:
    """As PYTHONPATH runs a checkout."""
    copy = tmp_path / "copy"
    for name in ("portview", "resources"):
        shutil.copytree(ROOT / name, copy / name)
    code = (
        "import portview.actions.own_command as own, json\n"
        "print(json.dumps([own.own_command(), own.elevated_command()]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(copy)},
        cwd=tmp_path,
    ).stdout
    for command in json.loads(told):
        assert command[-1] == str(copy)
        (copy / "portview" / "__init__.py").write_text('__version__ = "that copy"\n', "utf-8")
        variables = {"PYTHONPATH": ""}
        told = run_in(hostile, *command, "--version", variables=variables).stdout
        assert "that copy" in told
        told = run_in(hostile, *command, "list", "--json", variables=variables).stdout
        assert told.startswith("{")


@pytest.mark.linux_only(reason="sudo")
@pytest.mark.parametrize(
    "printed",
    [
        manual_command(ElevatedRequest(ElevatedOperation.REVOKE_RULES, rule_ids=("none0",))),
        command_for_administrator(["list"]).partition(": ")[2],
    ],
)
def test_printed_commands_are_isolated(printed: str) -> None:
    sudo, *command = shlex.split(printed)
    assert sudo == "sudo"
    assert command[: len(elevated_command())] == list(elevated_command())
    assert "-I" in command


@pytest.mark.linux_only(reason="pkexec and its like")
@pytest.mark.root_only(reason="reads the rules of the firewall")
def test_tools_that_stand_first_on_path_are_not_run(plainly_hostile: Path) -> None:
    path = f"{plainly_hostile}{os.pathsep}{os.environ['PATH']}"
    command = (sys.executable, "-m", "portview", "firewall", "list", "--json")
    run_in(plainly_hostile, *command, variables={"PATH": path})


@pytest.mark.linux_only(reason="pkexec and its like")
def test_tools_come_from_folders_of_the_system(
    hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(hostile))
    monkeypatch.setenv("LD_PRELOAD", str(hostile / "x.so"))
    monkeypatch.setenv("PYTHONPATH", str(hostile))
    monkeypatch.chdir(hostile)
    for name in (*TOOLS, "sh"):
        found = find_tool(name)
        assert found is None or str(Path(found).parent) in TOOL_FOLDERS
    assert find_tool("sh")
    environment = tool_environment(LC_ALL="C")
    assert str(hostile) not in "".join(environment.values())
    assert not [name for name in environment if name.startswith(("LD_", "PYTHON"))]


@pytest.mark.linux_only(reason="pkexec and its like")
@pytest.mark.root_only(reason="gives a folder to another user")
def test_a_folder_of_the_list_that_another_user_owns_is_left_out(
    hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_tools, "TOOL_FOLDERS", (str(hostile),))
    monkeypatch.setattr(system_tools, "_folders", system_tools.TOOL_FOLDERS)
    assert find_tool("nft") == str(hostile / "nft")
    os.chown(hostile, 65534, 65534)
    assert find_tool("nft") is None
    os.chown(hostile, 0, 0)
    hostile.chmod(0o777)
    assert find_tool("nft") is None


def test_an_elevated_process_forgets_where_plug_ins_are_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {
        "QT_PLUGIN_PATH": str(tmp_path),
        "QT_QPA_PLATFORM_PLUGIN_PATH": str(tmp_path),
        "Qml2_Import_Path": "x",
        "OPENSSL_CONF": "x",
        "SSLKEYLOGFILE": "x",
        "QT_QPA_PLATFORM": "offscreen",
        "HOME": "/root",
    }
    remove_untrusted_variables(environment)
    assert environment == {"QT_QPA_PLATFORM": "offscreen", "HOME": "/root"}
    # The packaged program's own loader names the plug-ins that lie in it.
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    own = {"QT_PLUGIN_PATH": str(tmp_path / "PySide6" / "plugins")}
    remove_untrusted_variables(own)
    assert own


@pytest.mark.windows_only(reason="libraries of Windows")
def test_libraries_are_never_loaded_from_the_working_directory_or_path(hostile: Path) -> None:
    """A file that is no library makes a load fail with an error of its own (193)."""
    names = ("iphlpapi", "version", "ws2_32", "advapi32", "shell32", "ole32", "wtsapi32", "secur32")
    for name in names:
        (hostile / f"{name}.dll").write_bytes(b"no library")
    (hostile / "planted.dll").write_bytes(b"no library")
    code = (
        "import ctypes\n"
        "from portview.process_hardening import harden_process\n"
        "harden_process()\n"
        f"for name in {names!r}:\n"
        "    ctypes.WinDLL(name + '.dll', winmode=0)\n"
        "try:\n"
        "    ctypes.WinDLL('planted.dll', winmode=0)\n"
        "except OSError as error:\n"
        "    print(type(error).__name__)\n"
    )
    path = f"{hostile}{os.pathsep}{os.environ['PATH']}"
    done = run_in(hostile, sys.executable, "-P", "-c", code, variables={"PATH": path})
    assert done.stdout.split() == ["FileNotFoundError"]  # it was not even looked at
