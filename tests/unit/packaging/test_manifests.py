"""Manifests for package managers name the very files that were built."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from windows_program.manifests import Release, write_manifests

URL = "https://example.org/portview/releases/download/v1.2.3"
SCRIPT = Path(__file__).parents[3] / "packaging" / "windows_program" / "installer.nsi"


@pytest.fixture
def release(tmp_path: Path) -> Release:
    installer, archive = tmp_path / "PortView-1.2.3-setup.exe", tmp_path / "PortView-1.2.3.zip"
    installer.write_bytes(b"installer")
    archive.write_bytes(b"archive")
    return Release("1.2.3", installer, archive, URL, "https://example.org/portview")


def test_winget_gets_three_manifests_of_one_version(release: Release, tmp_path: Path) -> None:
    files = write_manifests(release, tmp_path / "manifests")
    read: dict[str, Any] = {
        file.name: yaml.safe_load(file.read_text("utf-8"))
        for file in files
        if file.suffix == ".yaml"
    }
    assert len(read) == 3
    kinds = {one["ManifestType"] for one in read.values()}
    assert kinds == {"version", "installer", "defaultLocale"}
    for one in read.values():
        assert one["PackageIdentifier"] == "PortView.PortView"
        assert one["PackageVersion"] == "1.2.3"
    installer = read["PortView.PortView.installer.yaml"]
    assert {one["Scope"] for one in installer["Installers"]} == {"user", "machine"}
    for one in installer["Installers"]:
        assert one["InstallerUrl"] == f"{URL}/PortView-1.2.3-setup.exe"
        assert one["InstallerSha256"].lower() == hashlib.sha256(b"installer").hexdigest()


def test_what_they_say_of_the_installer_is_true(release: Release, tmp_path: Path) -> None:
    write_manifests(release, tmp_path)
    installer = yaml.safe_load((tmp_path / "PortView.PortView.installer.yaml").read_text("utf-8"))
    script = SCRIPT.read_text("utf-8")
    assert f'\\{installer["ProductCode"]}"' in script
    for one in installer["Installers"]:
        for switch in one.get("InstallerSwitches", {}).values():
            assert f'"{switch}"' in script


def test_scoop_unpacks_the_portable_zip(release: Release, tmp_path: Path) -> None:
    write_manifests(release, tmp_path)
    read = json.loads((tmp_path / "portview.json").read_text("utf-8"))
    one = read["architecture"]["64bit"]
    assert one == {
        "url": f"{URL}/PortView-1.2.3.zip",
        "hash": hashlib.sha256(b"archive").hexdigest(),
    }
    assert read["bin"] == [["portviewc.exe", "portview"]]
