"""dev.py waits for another apt, with a message and a deadline."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
LOCKED = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4242 (apt-get)"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for apt")


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("portview_dev", ROOT / "dev.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "APT_PAUSE_S", 0.0)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return module


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program named apt-get first on the path."""
    program = folder / "apt-get"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_it_waits_until_the_lock_is_free(
    dev: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tries = tmp_path / "tries"
    busy = (
        f'echo x >> {tries}; [ "$(wc -l < {tries})" -ge 3 ] || {{ echo "{LOCKED}" >&2; exit 100; }}'
    )
    stand_in(tmp_path, monkeypatch, busy)
    dev._apt_install(["some-package"], "a test needs it")
    assert tries.read_text().count("x") == 3
    said = capfd.readouterr().err
    assert said.count("another apt is at work") == 1
    assert LOCKED not in said


def test_it_gives_up_at_the_deadline_and_says_why(
    dev: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "APT_PATIENCE_S", 0)
    stand_in(tmp_path, monkeypatch, f'echo "{LOCKED}" >&2; exit 100')
    with pytest.raises(dev.DevError, match="some-package"):
        dev._apt_install(["some-package"], "a test needs it")
    assert LOCKED in capfd.readouterr().err


def test_another_failure_is_not_waited_for(
    dev: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = tmp_path / "tries"
    stand_in(tmp_path, monkeypatch, f"echo x >> {tries}; echo 'E: no such package' >&2; exit 100")
    with pytest.raises(dev.DevError):
        dev._apt_install(["some-package"], "a test needs it")
    assert tries.read_text().count("x") == 2  # to install, and to bring the lists up to date
