"""The bill of materials names every part once, and all that it depends on."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from windows_program.sbom import (
    Component,
    components_from_json,
    components_to_json,
    copy_licences,
    gather_components,
    sbom_text,
)

if TYPE_CHECKING:
    from pathlib import Path

PARTS = [
    Component("left", "1.0", "MIT", needs=("right",)),
    Component("right", "2.0", ""),
    Component("cpython", "3.11.9", "PSF-2.0", "generic"),
]


def test_parts_and_what_they_need_are_linked_by_references_that_exist() -> None:
    document = json.loads(sbom_text("1.2", "MIT", PARTS, 1_700_000_000))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    references = {one["bom-ref"]: one for one in document["components"]}
    assert set(references) == {
        "pkg:pypi/left@1.0",
        "pkg:pypi/right@2.0",
        "pkg:generic/cpython@3.11.9",
    }
    assert "licenses" not in references["pkg:pypi/right@2.0"]
    graph = {one["ref"]: one["dependsOn"] for one in document["dependencies"]}
    assert graph["pkg:pypi/left@1.0"] == ["pkg:pypi/right@2.0"]
    own = document["metadata"]["component"]["bom-ref"]
    assert graph[own] == ["pkg:generic/cpython@3.11.9", "pkg:pypi/left@1.0"]


def test_the_same_parts_give_the_same_text_and_other_parts_another_serial_number() -> None:
    first, again = (sbom_text("1.2", "MIT", PARTS, 5) for _ in range(2))
    assert first == again
    other = sbom_text("1.3", "MIT", PARTS, 5)
    assert json.loads(first)["serialNumber"] != json.loads(other)["serialNumber"]


def test_parts_survive_the_way_to_another_process() -> None:
    assert components_from_json(components_to_json(PARTS)) == PARTS


def test_what_is_installed_is_found_with_what_it_needs_in_turn() -> None:
    pytest.importorskip("packaging")
    found = {
        part.name: part
        for part in gather_components(
            ["cryptography>=45", "psutil", "numpy; python_version < '3.0'"]
        )
    }
    assert found["cryptography"].needs == ("cffi",)
    assert "pycparser" in found
    assert "numpy" not in found
    assert found["cpython"].version == platform.python_version()
    assert found["psutil"].licence == "BSD-3-Clause"
    assert {"qt", "openssl"} <= set(found)


def test_the_licences_of_installed_parts_are_copied(tmp_path: Path) -> None:
    part = Component("psutil", metadata.version("psutil"), "")
    copy_licences([part, Component("cpython", "3", "", "generic")], tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["psutil"]
    assert b"Redistribution" in (tmp_path / "psutil" / "LICENSE").read_bytes()
