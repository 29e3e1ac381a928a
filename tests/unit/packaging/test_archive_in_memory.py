"""The executable is read once for all modules, and then left alone."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Open = Callable[[str, str], Any]

HOOK = (
    Path(__file__).resolve().parents[3] / "packaging" / "windows_program" / "archive_in_memory.py"
)


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    file = tmp_path / "Prögram 端口.exe"
    file.write_bytes(bytes(range(256)) * 400)
    return file


@pytest.fixture
def open_there(executable: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Run the script like PyInstaller and return what its module opens the executable with."""
    archive = ModuleType("pyimod01_archive")
    monkeypatch.setitem(sys.modules, "pyimod01_archive", archive)
    monkeypatch.setattr(sys, "executable", str(executable))
    names = runpy.run_path(str(HOOK))
    opened: Open = names["pyimod01_archive"].open
    # The next script of the program has the same names at its disposal.
    names.clear()
    return opened


def part(open_there: Open, path: Path, at: int) -> bytes:
    with open_there(str(path), "rb") as file:
        file.seek(at)
        return bytes(file.read(16))


def test_it_reads_what_is_there(open_there: Open, executable: Path) -> None:
    assert part(open_there, executable, 300) == bytes(range(44, 60))
    assert part(open_there, executable, 0) == bytes(range(16))


def test_the_file_can_be_renamed_and_deleted_meanwhile(open_there: Open, executable: Path) -> None:
    moved = executable.rename(executable.with_name("moved.exe"))
    assert part(open_there, executable, 16) == bytes(range(16, 32))
    moved.unlink()
    assert part(open_there, executable, 32) == bytes(range(32, 48))


def test_one_reader_does_not_move_anothers_place(open_there: Open, executable: Path) -> None:
    with open_there(str(executable), "rb") as outer:
        outer.seek(100)
        assert part(open_there, executable, 7) == bytes(range(7, 23))
        assert outer.read(2) == bytes([100, 101])


def test_another_file_is_opened_as_ever(open_there: Open, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"something else entirely")
    assert part(open_there, other, 0) == b"something else e"
    other.unlink()
    with pytest.raises(FileNotFoundError):
        open_there(str(other), "rb")
