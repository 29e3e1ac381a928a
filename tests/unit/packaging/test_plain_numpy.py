"""numpy without OpenBLAS, from what was built to a wheel that is installed like any other."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from windows_program.plain_numpy import numpy_pin
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
