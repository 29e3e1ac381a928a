"""The bill of materials names every part once, and all that it depends on."""

from __future__ import annotations

import json
import platform
import sys
from types import ModuleType

import pytest

from windows_program.sbom import (
    Component,
    components_from_json,
    components_to_json,
    gather_components,
    sbom_text,
)

PARTS = [
    Component("left", "1.0", "MIT", needs=("right",)),
    Component("right", "2.0", ""),
    Component("cpython", "3.11.9", "PSF-2.0", "generic", note="as it comes"),
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
    assert not {"licenses", "description"} & set(references["pkg:pypi/right@2.0"])
    assert references["pkg:generic/cpython@3.11.9"]["description"] == "as it comes"
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


def numpy_built(monkeypatch: pytest.MonkeyPatch, **libraries: bool) -> None:
    """Let numpy say that it was built with or without each library."""
    config = ModuleType("numpy.__config__")
    dependencies = {name: {"name": name, "found": found} for name, found in libraries.items()}
    compilers = {"c": {"name": "gcc"}}
    config.CONFIG = {"Compilers": compilers, "Build Dependencies": dependencies}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "numpy.__config__", config)


def test_the_numpy_that_goes_along_says_how_it_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("packaging")
    numpy_built(monkeypatch, blas=False, lapack=False)
    found = {part.name: part for part in gather_components(["numpy"])}
    assert found["numpy"].note == (
        "built from its source archive with gcc, without a BLAS or LAPACK library"
    )
    assert found["cpython"].note == ""


def test_a_numpy_with_libraries_from_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("packaging")
    numpy_built(monkeypatch, blas=True, lapack=False)
    with pytest.raises(ValueError, match="built with blas from elsewhere"):
        gather_components(["numpy"])
