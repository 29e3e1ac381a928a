"""numpy without OpenBLAS, from what was built to a wheel that is installed like any other."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from windows_program.plain_numpy import MESON_OPTIONS, numpy_pin
from windows_program.plain_numpy.native_build import ensure_numpy_wheel
from windows_program.plain_numpy.recipe.backend.mesonpy import prepare_metadata_for_build_wheel
from windows_program.plain_numpy.wheel import pack_wheel, static_parts
from windows_program.sbom import STATIC_PARTS_FILE

PACKAGING = Path(__file__).resolve().parents[3] / "packaging"
VERSIONS = "gcc-mingw-w64-base 14.2.0-19+27+b1\nmingw-w64-ucrt64-dev 12.0.0-5\n"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Give what a build leaves behind, with made-up content."""
    place = tmp_path / "work"
    files = {
        "packages/numpy/__init__.py": "one = 1\n",
        "packages/numpy/_core/core.cp311-win_amd64.pyd": "code",
        "licences/LICENSE.txt": "of numpy",
        "licences/mingw-w64.txt": "of mingw",
        "METADATA": "Metadata-Version: 2.1\nName: numpy\nVersion: 2.0.2\n",
        "versions": VERSIONS,
    }
    for name, text in files.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "ascii")
    return place


def test_the_wheel_records_what_it_holds(built: Path, tmp_path: Path) -> None:
    wheel = pack_wheel(built, tmp_path, "2.0.2")
    assert wheel.name == "numpy-2.0.2-cp311-cp311-win_amd64.whl"
    info = "numpy-2.0.2.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        record = archive.read(f"{info}/RECORD").decode()
        for name, digest, size in csv.reader(io.StringIO(record)):
            if name == f"{info}/RECORD":
                continue
            content = archive.read(name)
            wanted = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
            assert (digest, int(size)) == (f"sha256={wanted.rstrip('=')}", len(content))
        assert archive.read(f"{info}/licenses/LICENSE.txt") == b"of numpy"
        assert "Tag: cp311-cp311-win_amd64" in archive.read(f"{info}/WHEEL").decode()
        parts = json.loads(archive.read(f"{info}/{STATIC_PARTS_FILE}"))
    assert {line.split(",")[0] for line in record.splitlines()} == set(names)
    assert {"numpy/__init__.py", "numpy/_core/core.cp311-win_amd64.pyd"} <= set(names)
    assert [part["name"] for part in parts] == ["gcc-runtime", "mingw-w64"]


def test_the_same_build_gives_the_same_wheel(built: Path, tmp_path: Path) -> None:
    first = pack_wheel(built, tmp_path, "2.0.2").read_bytes()
    assert pack_wheel(built, tmp_path, "2.0.2").read_bytes() == first


def test_what_is_linked_in_bears_the_version_of_its_makers() -> None:
    parts = [(part["name"], part["version"]) for part in static_parts(VERSIONS)]
    assert parts == [("gcc-runtime", "14.2.0"), ("mingw-w64", "12.0.0")]
    with pytest.raises(KeyError):
        static_parts("mystery 1.0-1\n")


def test_the_program_gets_the_numpy_that_the_tests_have() -> None:
    pins = {
        numpy_pin((PACKAGING / name).read_text("utf-8"))
        for name in ("requirements.lock", "package-requirements.lock")
    }
    assert len(pins) == 1


class FakeTools:
    """Takes the place of pip, venv and numpy's backend, and remembers how they were called."""

    def __init__(self, archive: bytes) -> None:
        self.archive = archive
        self.commands: list[list[str]] = []

    def run(self, command: list[str], *, cwd: Path | None, **_: object) -> None:
        self.commands.append(command)
        if "download" in command:
            store = Path(command[command.index("--dest") + 1])
            (store / "numpy-2.0.2.tar.gz").write_bytes(self.archive)
        elif "-c" in command:
            assert cwd is not None
            assert (cwd / "PKG-INFO").is_file()
            Path(command[3], "numpy-2.0.2-cp311-cp311-win_amd64.whl").touch()


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> FakeTools:
    """Give tools that bring an archive with nothing but metadata."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("numpy-2.0.2/PKG-INFO"))
    made = FakeTools(content.getvalue())
    monkeypatch.setattr(subprocess, "run", made.run)
    return made


def lock_of(folder: Path, archive: bytes) -> Path:
    """Write a lock that allows one archive of numpy."""
    lock = folder / "some.lock"
    digest = hashlib.sha256(archive).hexdigest()
    lock.write_text(f"numpy==2.0.2 \\\n    --hash=sha256:{digest}\n", "ascii")
    return lock


def test_windows_builds_from_locked_sources_with_locked_tools_and_once(
    tools: FakeTools, tmp_path: Path
) -> None:
    tools_lock = PACKAGING / "numpy-requirements.lock"
    lock = lock_of(tmp_path, tools.archive)
    wheel = ensure_numpy_wheel(lock, tools_lock, tmp_path / "work")
    assert wheel.is_file()
    _, install, download, build = tools.commands
    assert {"--require-hashes", "--only-binary=:all:", str(tools_lock)} <= set(install)
    assert {"--require-hashes", "--no-binary=:all:", "--no-build-isolation"} <= set(download)
    assert set(MESON_OPTIONS) <= set(json.loads(build[4]))
    assert ensure_numpy_wheel(lock, tools_lock, tmp_path / "work") == wheel
    assert len(tools.commands) == 4


def test_other_sources_than_those_of_the_lock_are_not_built(
    tools: FakeTools, tmp_path: Path
) -> None:
    lock = lock_of(tmp_path, tools.archive)
    tools.archive += b"x"
    with pytest.raises(LookupError, match="with a hash of the lock"):
        ensure_numpy_wheel(lock, PACKAGING / "numpy-requirements.lock", tmp_path / "work")
    assert not any("-c" in command for command in tools.commands)


def test_pip_gets_the_metadata_of_an_archive_without_building_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Metadata-Version: 2.1\nName: numpy\nVersion: 2.0.2\n\nText\n"
    (tmp_path / "PKG-INFO").write_text(text, "ascii")
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    assert prepare_metadata_for_build_wheel(str(tmp_path / "out")) == "numpy-2.0.2.dist-info"
    made = tmp_path / "out" / "numpy-2.0.2.dist-info" / "METADATA"
    assert made.read_text("ascii") == text
