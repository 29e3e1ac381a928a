"""Where things are kept: in the profile, beside a portable program, or where the person says."""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs
import pytest

from portview import folders
from portview.folders import (
    PORTABLE_MARK,
    log_folder,
    portable_folder,
    settings_folder,
    user_settings_folder,
)
from portview.settings import Settings, settings_path


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


def test_an_elevated_process_keeps_nothing_where_the_user_can_exchange_it(
    program: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the profile, nor a portable folder, nor a variable counts then."""
    (program.parent / PORTABLE_MARK).touch()
    monkeypatch.setenv("PORTVIEW_CONFIG_DIR", str(tmp_path / "users"))
    monkeypatch.setenv("PORTVIEW_LOG_DIR", str(tmp_path / "users"))
    users = Settings(settings_path())
    users.set("key", 1)
    assert users.save()
    before = settings_path().read_bytes()
    monkeypatch.setattr(folders, "_administrators_folder", lambda _: tmp_path / "administrators")
    assert settings_folder() == log_folder() == tmp_path / "administrators"
    assert user_settings_folder() == tmp_path / "users"
    elevated = Settings(settings_path())
    assert elevated.get("key", int, 0) == 1, "it begins with what the user has set"
    elevated.set("key", 2)
    assert elevated.save()
    assert (tmp_path / "users" / "settings.json").read_bytes() == before
    assert Settings(settings_path()).get("key", int, 0) == 2


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 20_000])
def test_settings_of_the_user_that_are_damaged_are_left_as_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    (tmp_path / "settings.json").write_text(content, "utf-8")
    monkeypatch.setenv("PORTVIEW_CONFIG_DIR", str(tmp_path))
    monkeypatch.setattr(folders, "_administrators_folder", lambda _: tmp_path / "administrators")
    assert Settings(settings_path()).get("key", int, 0) == 0
    assert (tmp_path / "settings.json").read_text("utf-8") == content


@pytest.mark.windows_only("no name of a file holds a question mark there")
def test_where_no_safe_folder_is_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_administrators_folder", lambda _: folders._NOWHERE)
    settings = Settings(settings_path())
    settings.set("key", 1)
    assert not settings.save()
    assert not settings_path().parent.exists()
