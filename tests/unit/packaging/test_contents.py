"""What belongs into the program's folder, and what weighs most in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from windows_program.contents import folder_bytes, heaviest, is_wanted

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "name",
    [
        "PySide6/Qt6Core.dll",
        "PySide6/Qt6Gui.dll",
        "PySide6/Qt6Network.dll",
        "PySide6/Qt6Svg.dll",
        "PySide6/Qt6Widgets.dll",
        "PySide6\\plugins\\platforms\\qwindows.dll",
        "PySide6/plugins/styles/qmodernwindowsstyle.dll",
        "portview/resources/port_names.tsv",
        "python311.dll",
    ],
)
def test_what_the_window_needs_stays(name: str) -> None:
    assert is_wanted(name)


@pytest.mark.parametrize(
    "name",
    [
        "PySide6/opengl32sw.dll",
        "PySide6\\Qt6Quick.dll",
        "PySide6/Qt6OpenGL.dll",
        "PySide6/Qt6Pdf.dll",
        "PySide6\\translations\\qt_de.qm",
        "PySide6/plugins/platforms/qoffscreen.dll",
        "PySide6/plugins/platforms/qminimal.dll",
        "PySide6/plugins/tls/qopensslbackend.dll",
        "icuuc.dll",
        "api-ms-win-crt-heap-l1-1-0.dll",
        "numpy-2.0.2.dist-info/METADATA",
    ],
)
def test_what_nobody_uses_or_windows_has_itself_goes(name: str) -> None:
    assert not is_wanted(name)


def test_weights_are_told_by_file_and_by_package(tmp_path: Path) -> None:
    sizes = {
        "PortView.exe": 30,
        "_internal/numpy/a.pyd": 20,
        "_internal/numpy/core/b.pyd": 21,
        "_internal/PySide6/Qt6Core.dll": 25,
        "_internal/PySide6/plugins/styles/x.dll": 2,
    }
    for name, size in sizes.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)
    assert folder_bytes(tmp_path) == sum(sizes.values())
    assert heaviest(tmp_path, 3) == [
        ("_internal/numpy", 41),
        ("PortView.exe", 30),
        ("_internal/PySide6/Qt6Core.dll", 25),
    ]
