"""Each part that goes along has its licence's text with it."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from windows_program.licences import gather_licences, notice_text, without_text
from windows_program.sbom import Component

if TYPE_CHECKING:
    from pathlib import Path

PSUTIL = Component("psutil", metadata.version("psutil"), "BSD-3-Clause")
PYTHON = Component("cpython", "3.11", "PSF-2.0", "generic")
QT = Component("qt", "6.11", "LGPL-3.0-only", "generic")


def test_texts_come_from_the_packages_the_interpreter_and_the_project(tmp_path: Path) -> None:
    openssl = Component("openssl", "3.0", "Apache-2.0", "generic")
    gather_licences([PSUTIL, PYTHON, QT, openssl], tmp_path)
    places = {
        place.name: sorted(file.name for file in place.iterdir())
        for place in tmp_path.iterdir()
        if place.is_dir()
    }
    assert places == {
        "psutil": ["LICENSE"],
        "cpython": ["LICENSE.txt"],
        "qt": ["GPL-3.0.txt", "LGPL-3.0.txt"],
        "openssl": ["LICENSE.APACHE"],
    }
    assert b"Redistribution" in (tmp_path / "psutil" / "LICENSE").read_bytes()
    assert "PYTHON SOFTWARE FOUNDATION" in (tmp_path / "cpython" / "LICENSE.txt").read_text("utf-8")
    assert "Apache License" in (tmp_path / "openssl" / "LICENSE.APACHE").read_text("utf-8")
    assert "GNU LESSER" in (tmp_path / "qt" / "LGPL-3.0.txt").read_text("utf-8")
    assert without_text(tmp_path) == []


def test_the_commercial_text_of_the_bindings_does_not_go_along(tmp_path: Path) -> None:
    version = metadata.version("pyside6-essentials")
    gather_licences([Component("pyside6-essentials", version, "LGPL-3.0-only")], tmp_path)
    texts = (tmp_path / "pyside6-essentials").iterdir()
    assert sorted(text.name for text in texts) == ["GPL-3.0.txt", "LGPL-3.0.txt"]


def test_a_part_without_a_text_ends_the_build(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="no licence text was found for: mystery"):
        gather_licences([PSUTIL, Component("mystery", "1", "", "generic")], tmp_path)


def test_the_notice_lists_each_part_and_says_what_holds_for_qt(tmp_path: Path) -> None:
    gather_licences([QT, PSUTIL], tmp_path)
    notice = (tmp_path / "NOTICE.txt").read_bytes().decode("utf-8")
    assert notice.replace("\r\n", "\n") == notice_text([QT, PSUTIL])
    assert f"psutil {PSUTIL.version}: BSD-3-Clause\r\nqt 6.11: LGPL-3.0-only\r\n" in notice
    assert "Lesser General Public License, version 3" in notice
    assert "put their files in place" in notice
