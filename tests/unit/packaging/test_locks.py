"""What is frozen is what was tested: both locks name the same versions."""

from __future__ import annotations

from pathlib import Path

from wine_bench.lock import parse_lock, pins_for

PACKAGING = Path(__file__).resolve().parents[3] / "packaging"


def read_lock(name: str) -> str:
    return (PACKAGING / name).read_text("utf-8")


def test_the_program_is_frozen_with_the_versions_that_are_tested() -> None:
    tested, frozen = (
        {(pin.name, pin.version, pin.hashes) for pin in parse_lock(read_lock(name))}
        for name in ("requirements.lock", "package-requirements.lock")
    )
    shared = {name for name, _, _ in tested} & {name for name, _, _ in frozen}
    assert {"pyside6-essentials", "psutil", "cryptography", "h11"} <= shared
    assert {pin for pin in frozen if pin[0] in shared} <= tested


def test_tools_for_developers_do_not_come_near_the_program() -> None:
    frozen = {pin.name for pin in pins_for(read_lock("package-requirements.lock"))}
    assert "pyinstaller" in frozen
    assert not frozen & {"pytest", "hypothesis", "mypy", "ruff", "pytest-qt"}


def test_the_tools_that_build_numpy_are_locked_for_windows_too() -> None:
    tools = {pin.name for pin in pins_for(read_lock("numpy-requirements.lock"))}
    assert {"cython", "meson", "meson-python", "ninja", "packaging", "pyproject-metadata"} == tools
