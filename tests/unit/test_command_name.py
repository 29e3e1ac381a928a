"""A hint names a command that works as PortView was started here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from portview import command_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    command_name.command_prefix.cache_clear()
    yield
    command_name.command_prefix.cache_clear()


def printed_by(*command: str, path: str | None = None) -> str:
    """Return the command that PortView's own hint for a missing rule names, started like this."""
    environment = {**os.environ, "PATH": path or os.environ["PATH"], "PYTHONIOENCODING": "utf-8"}
    ended = subprocess.run(
        [*command, "close", "127.0.0.1:1", "127.0.0.1:2", "--yes"],
        capture_output=True, check=False, env=environment, timeout=60,
    )  # fmt: skip
    hint = ended.stderr.decode().strip().splitlines()[-1]
    return hint.partition("connections: ")[2]


def test_a_module_that_was_started_is_named_with_its_interpreter() -> None:
    printed = printed_by(sys.executable, "-m", "portview")
    assert printed == f"{sys.executable} -m portview list --scope connections"


@pytest.mark.linux_only(reason="an installed script is a program of another kind on Windows")
def test_an_installed_command_is_named_by_its_name_where_that_finds_it(tmp_path: Path) -> None:
    script = tmp_path / "portview"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nfrom portview.__main__ import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    found = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert printed_by(str(script), path=found) == "portview list --scope connections"
    assert printed_by(str(script)) == f"{script} list --scope connections"


@pytest.mark.parametrize("is_on_path", [True, False])
def test_the_built_program_names_its_console_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_on_path: bool
) -> None:
    shim = tmp_path / "bin" / "portview.cmd"
    shim.parent.mkdir()
    shim.touch()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "PortView.exe"))
    monkeypatch.setattr(shutil, "which", lambda _name: str(shim) if is_on_path else None)
    prefix = command_name.command_prefix()
    assert prefix == ("portview" if is_on_path else str(tmp_path / "portviewc.exe"))
