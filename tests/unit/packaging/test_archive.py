"""Archives depend on names and contents only, and check sums are those of the system's tool."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from windows_program.archive import differing, sha256_lines, write_zip

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"PortView.exe": b"MZ" * 50, "_internal/a/b.dll": b"\0\1", "_internal/\u7aef.txt": b"x"}
EPOCH = 1_700_000_000


def make_folder(place: Path, names: list[str], modified: int) -> Path:
    for name in names:
        file = place / "PortView" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(FILES[name])
        os.utime(file, (modified, modified))
    return place / "PortView"


def test_the_same_files_give_the_same_archive(tmp_path: Path) -> None:
    first = make_folder(tmp_path / "1", list(FILES), 1_000_000_000)
    second = make_folder(tmp_path / "2", list(reversed(FILES)), 1_234_567_890)
    archives = [tmp_path / "1.zip", tmp_path / "2.zip"]
    for archive, folder in zip(archives, [first, second], strict=True):
        write_zip(archive, folder, EPOCH, {"portable.ini": b"here"})
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with zipfile.ZipFile(archives[0]) as archive:
        assert archive.testzip() is None
        wanted = {f"PortView/{name}": content for name, content in FILES.items()}
        wanted["PortView/portable.ini"] = b"here"
        assert {name: archive.read(name) for name in archive.namelist()} == wanted
        assert {entry.date_time for entry in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}


def test_a_time_before_archives_can_tell_it_becomes_their_first_year(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, ["PortView.exe"], EPOCH)
    write_zip(tmp_path / "a.zip", folder, 0, {})
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


def test_files_that_differ_or_are_missing_are_named(tmp_path: Path) -> None:
    first = make_folder(tmp_path / "1", list(FILES), EPOCH)
    second = make_folder(tmp_path / "2", list(FILES), EPOCH + 9)
    assert differing(first, second) == []
    (second / "_internal/a/b.dll").write_bytes(b"other")
    (first / "PortView.exe").unlink()
    assert differing(first, second) == ["PortView.exe", "_internal/a/b.dll"]


SHA256SUM = shutil.which("sha256sum")


@pytest.mark.skipif(SHA256SUM is None, reason="needs coreutils to compare with")
def test_check_sums_are_accepted_by_sha256sum(tmp_path: Path) -> None:
    files = []
    for name in ("b.exe", "a.zip"):
        (tmp_path / name).write_bytes(name.encode())
        files.append(tmp_path / name)
    text = sha256_lines(files)
    assert [line.split()[1] for line in text.splitlines()] == ["a.zip", "b.exe"]
    (tmp_path / "SHA256SUMS").write_text(text, encoding="ascii")
    subprocess.run([str(SHA256SUM), "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True)
