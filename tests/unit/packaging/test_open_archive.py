"""The executable is opened once for all modules, and nobody is kept from renaming it."""

from __future__ import annotations

import os
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Open = Callable[[str, str], Any]

HOOK = Path(__file__).resolve().parents[3] / "packaging" / "windows_program" / "open_archive.py"

pytestmark = pytest.mark.windows_only("a handle that is shared for deleting")


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    file = tmp_path / "Prögram 端口.exe"
    file.write_bytes(bytes(range(256)) * 400)
    return file


@pytest.fixture
def open_once(executable: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    archive = ModuleType("pyimod01_archive")
    monkeypatch.setitem(sys.modules, "pyimod01_archive", archive)
    monkeypatch.setattr(sys, "executable", str(executable))
    runpy.run_path(str(HOOK))
    opened: Any = archive.__dict__["open"]
    yield opened
    with opened as file:
        file.close()


def part(open_once: Open, path: Path, at: int) -> bytes:
    with open_once(str(path), "rb") as file:
        file.seek(at)
        return bytes(file.read(16))


def test_it_reads_what_is_there(open_once: Open, executable: Path) -> None:
    assert part(open_once, executable, 300) == bytes(range(44, 60))
    with open_once(str(executable), "rb") as first:
        pass
    with open_once(str(executable), "rb") as second:
        assert second is first


def test_another_file_is_opened_as_ever(open_once: Open, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"something else entirely")
    assert part(open_once, other, 0) == b"something else e"
    other.unlink()
    with pytest.raises(FileNotFoundError):
        open_once(str(other), "rb")


def test_it_can_be_renamed_meanwhile_and_is_read_on(open_once: Open, executable: Path) -> None:
    assert part(open_once, executable, 0) == bytes(range(16))
    moved = executable.rename(executable.with_name("moved.exe"))
    assert part(open_once, executable, 16) == bytes(range(16, 32))
    moved.unlink()
    assert part(open_once, executable, 32) == bytes(range(32, 48))


def test_threads_do_not_move_each_others_place(open_once: Open, executable: Path) -> None:
    def read(at: int) -> bool:
        return part(open_once, executable, at) == bytes((at + n) % 256 for n in range(16))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(read, range(0, 4000, 7)))


def test_children_do_not_get_it(open_once: Open, executable: Path) -> None:
    with open_once(str(executable), "rb") as file:
        assert not os.get_inheritable(file.fileno())
