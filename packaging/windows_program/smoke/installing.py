"""The installer and the uninstaller, run silently, and what they leave behind."""

from __future__ import annotations

import importlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from windows_program.smoke.console import run
from windows_program.smoke.findings import FOREIGN_NAME, expect, told, wait_for
from windows_program.smoke.traces import look
from windows_program.smoke.window import expect_good_end, expect_no_errors, opened

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE_S: Final = 300


@dataclass(frozen=True, slots=True)
class InstallationTest:
    """What the test works with; ``built`` is the folder that the installer was made of."""

    installer: Path
    built: Path
    version: str
    scratch: Path
    environment: Mapping[str, str]
    log: Path
    every_name: bool

    @property
    def folder(self) -> Path:
        """Return where the program is installed."""
        return self.scratch / FOREIGN_NAME


def check_installer(test: InstallationTest) -> None:
    """Install, start, upgrade while it runs, uninstall; expect that nothing is left."""
    before = look(every_name=test.every_name)
    _install(test, "/DESKTOP", "/AUTOSTART", "/BACKGROUND")
    _expect_installed(test)
    told(f"silent installation into {test.folder.name!a}: every file is there")
    names = {Path(path).name for path in look(every_name=test.every_name).beyond(before)}
    expect("PortView.lnk" in names, "there is no entry in the Start menu")
    expect(any("PortView watches" in name for name in names), "nothing watches from log-in on")
    console = test.folder / "portviewc.exe"
    said = run(console, ["--version"], test.environment)
    expect(test.version in said, f"the installed program says {said!r}")
    _check_command(test)
    _check_upgrade_while_running(test)
    _check_that_running_leaves_the_folder_alone(test)
    _uninstall(test)
    left = look(every_name=test.every_name).beyond(before)
    expect(not left, "the uninstaller left:\n" + "\n".join(left))
    expect(not test.folder.exists(), f"{test.folder!a} is still there")
    expect(_entries_of(test) == [], "the search path still has the folder of the command")
    told("silent uninstallation: no file, no key and no entry of the search path is left")


def _check_command(test: InstallationTest) -> None:
    """Type ``portview`` as a terminal that was opened after the installation would run it."""
    entries = _entries_of(test)
    expect(len(entries) == 1, f"the search path has {entries}")
    path = f"{entries[0]};{os.environ['PATH']}"
    done = subprocess.run(
        ["cmd.exe", "/d", "/c", "portview", "--version"],
        check=False,
        capture_output=True,
        timeout=_PATIENCE_S,
        env={**test.environment, "PATH": path},
        stdin=subprocess.DEVNULL,
    )
    said = done.stdout.decode("utf-8", "replace").strip()
    expect(said == f"PortView {test.version}", f"the command portview says {said!r}")
    told("the command portview is on the search path and runs")


def _entries_of(test: InstallationTest) -> list[str]:
    """Return the entries of this user's search path that are in the folder of the installation."""
    registry: Any = importlib.import_module("winreg")
    try:
        with registry.OpenKey(registry.HKEY_CURRENT_USER, "Environment") as key:
            text = str(registry.QueryValueEx(key, "Path")[0])
    except FileNotFoundError:
        return []
    return [entry for entry in text.split(";") if entry.startswith(str(test.folder))]


def _check_upgrade_while_running(test: InstallationTest) -> None:
    marker = test.folder / "_internal" / "of an earlier version.txt"
    marker.write_text("to be removed", "utf-8")
    report = test.scratch / "upgraded.json"
    with opened(test.folder / "PortView.exe", report, test.environment) as window:
        told("the installed PortView.exe shows its rows")
        _install(test)
        expect_good_end(window.process)
    _expect_installed(test)
    expect(not marker.exists(), "an upgrade leaves files of the earlier version")
    expect_no_errors(test.log)
    told("upgrade while it runs: it was asked to close and did so")


def _check_that_running_leaves_the_folder_alone(test: InstallationTest) -> None:
    before = _states(test.folder)
    report = test.scratch / "started again.json"
    with opened(test.folder / "PortView.exe", report, test.environment) as window:
        run(test.folder / "PortView.exe", ["--quit"], test.environment)
        expect_good_end(window.process)
    expect(_states(test.folder) == before, "the program writes into its own folder")
    told("it writes nothing beside itself, and PortView.exe --quit closes it")


def _install(test: InstallationTest, *options: str) -> None:
    # The folder comes last and bare, as NSIS wants it; a list would be quoted.
    line = f'"{test.installer}" /S {" ".join(options)} /D={test.folder}'
    done = subprocess.run(
        line, check=False, timeout=_PATIENCE_S, env=dict(test.environment), stdin=subprocess.DEVNULL
    )
    expect(done.returncode == 0, f"the installer ended with exit code {done.returncode}")


def _uninstall(test: InstallationTest) -> None:
    program = test.folder / "uninstall.exe"
    done = subprocess.run(
        [program, "/S"], check=False, timeout=_PATIENCE_S, env=dict(test.environment)
    )
    expect(done.returncode == 0, f"the uninstaller ended with exit code {done.returncode}")
    # It goes on in a copy of itself, which nobody can wait for.
    wait_for("the end of the uninstaller", lambda: not test.folder.exists(), _PATIENCE_S)


def _expect_installed(test: InstallationTest) -> None:
    wanted = {
        file.relative_to(test.built): file.stat().st_size
        for file in test.built.rglob("*")
        if file.is_file()
    }
    found = {
        file.relative_to(test.folder): file.stat().st_size
        for file in test.folder.rglob("*")
        if file.is_file() and file.name != "uninstall.exe"
    }
    expect(found == wanted, f"what was installed differs: {sorted(wanted.items() ^ found.items())}")


def _states(folder: Path) -> dict[Path, tuple[int, int]]:
    return {
        file: (file.stat().st_size, file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file()
    }
