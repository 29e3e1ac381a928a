"""Where things are kept: in the profile, beside a portable program, or where the person says."""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs
import pytest

from portview.folders import PORTABLE_MARK, log_folder, portable_folder, settings_folder


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A frozen program as far as it can tell, with no folder named in the environment."""
    for name in ("PORTVIEW_CONFIG_DIR", "PORTVIEW_LOG_DIR"):
        monkeypatch.delenv(name, raising=False)
    program = tmp_path / "Port View \u7aef\u53e3" / "PortView.exe"
    program.parent.mkdir()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    return program


def test_an_installed_program_keeps_things_in_the_profile(program: Path) -> None:
    assert portable_folder() is None
    wanted = platformdirs.user_config_dir("PortView", appauthor=False, roaming=True)
    assert settings_folder() == Path(wanted)
    assert log_folder() == Path(platformdirs.user_log_dir("PortView", appauthor=False))


def test_a_portable_program_keeps_everything_beside_itself(program: Path) -> None:
    (program.parent / PORTABLE_MARK).touch()
    assert settings_folder() == log_folder() == program.parent / "data"


def test_what_the_environment_names_comes_first(
    program: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (program.parent / PORTABLE_MARK).touch()
    monkeypatch.setenv("PORTVIEW_CONFIG_DIR", str(tmp_path / "a"))
    monkeypatch.setenv("PORTVIEW_LOG_DIR", str(tmp_path / "b"))
    assert (settings_folder(), log_folder()) == (tmp_path / "a", tmp_path / "b")


def test_a_mark_beside_the_interpreter_means_nothing_to_a_checkout(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (program.parent / PORTABLE_MARK).touch()
    monkeypatch.delattr(sys, "frozen")
    assert portable_folder() is None
