"""The text of the version resource is what PyInstaller would evaluate."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import portview
from windows_program.version_resource import (
    ProgramFacts,
    copyright_line,
    version_numbers,
    version_resource,
)


def evaluated(facts: ProgramFacts) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fixed part and the strings, read the way PyInstaller reads them."""
    strings: dict[str, str] = {}
    fixed: dict[str, Any] = {}
    names = {
        "VSVersionInfo": lambda ffi, kids: (ffi, kids),
        "FixedFileInfo": lambda **values: fixed.update(values),
        "StringFileInfo": lambda tables: tables,
        "StringTable": lambda code, rows: SimpleNamespace(code=code, rows=rows),
        "StringStruct": strings.__setitem__,
        "VarFileInfo": lambda rows: rows,
        "VarStruct": lambda name, values: (name, values),
    }
    # An expression of our own, with nothing but these names.
    eval(version_resource(facts), {"__builtins__": {}}, names)  # noqa: S307
    return fixed, strings


def test_explorer_is_told_what_the_package_says() -> None:
    facts = ProgramFacts("PortView.exe", "PortView", portview.__version__, "Copyright (c) us")
    fixed, strings = evaluated(facts)
    assert fixed["filevers"] == fixed["prodvers"] == version_numbers(portview.__version__)
    assert strings["ProductVersion"] == portview.__version__
    assert strings["OriginalFilename"] == "PortView.exe"
    assert strings["InternalName"] == "PortView"
    assert strings["LegalCopyright"] == "Copyright (c) us"


@given(st.text(), st.text())
def test_no_text_breaks_out_of_the_resource(description: str, owner: str) -> None:
    _, strings = evaluated(ProgramFacts("a.exe", description, "1.0", owner))
    assert strings["FileDescription"] == description
    assert strings["LegalCopyright"] == owner


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=4), st.sampled_from(["", "rc1", "+x"]))
def test_the_numbers_of_a_version_are_kept(numbers: list[int], rest: str) -> None:
    version = ".".join(map(str, numbers)) + rest
    assert version_numbers(version) == tuple([*numbers, 0, 0, 0][:4])


@pytest.mark.parametrize("version", ["", "x", "1.2.3.4.5", "1.65536"])
def test_a_version_that_windows_cannot_hold_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="version resource"):
        version_numbers(version)


def test_the_owner_comes_from_the_licence() -> None:
    licence = "Some License\r\n\r\nCopyright (c) 2031 Us \r\nText"
    assert copyright_line(licence) == "Copyright (c) 2031 Us"
