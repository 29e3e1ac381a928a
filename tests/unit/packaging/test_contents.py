"""What belongs into the program's folder, and what weighs most in it."""

from __future__ import annotations

import ast
import marshal
import py_compile
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from portview.po_catalogue import PoCatalogue
from windows_program.contents import (
    EXCLUDED_MODULES,
    WINDOW_MODULES,
    compress_catalogues,
    compress_library,
    folder_bytes,
    heaviest,
    is_wanted,
    leave_out_docstrings,
    plugin_markers,
    portview_modules,
)

ROOT = Path(__file__).parents[3]


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


def test_only_the_metadata_by_which_keyring_finds_the_systems_store_stays() -> None:
    kept = [
        f"{package}-25.7.0.dist-info/{name}"
        for package in ("keyring", "numpy")
        for name in ("METADATA", "RECORD", "entry_points.txt")
        if is_wanted(f"{package}-25.7.0.dist-info/{name}")
    ]
    assert kept == [
        "keyring-25.7.0.dist-info/METADATA",
        "keyring-25.7.0.dist-info/entry_points.txt",
    ]


def test_nothing_that_stays_out_is_imported_by_portview() -> None:
    excluded = set(EXCLUDED_MODULES)
    guilty = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in (ROOT / "portview").rglob("*.py")
        for name in imported_by(file)
        if any(name == one or name.startswith(f"{one}.") for one in excluded)
    ]
    assert guilty == []


def imported_by(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_the_console_program_carries_every_module_but_those_of_the_window() -> None:
    console = portview_modules(ROOT, WINDOW_MODULES)
    assert "portview.cli.list_command" in console
    assert "portview" in console
    assert not [name for name in console if name.startswith(("portview.ui", "portview.app"))]
    assert "portview.ui.window.main_window" in portview_modules(ROOT)


def test_plug_ins_of_apprise_are_marked_by_files_with_their_names() -> None:
    names = [
        "apprise/__init__.pyc",
        "apprise/plugins/__init__.pyc",
        "apprise\\\\plugins\\\\json.pyc".replace("\\\\", "\\"),
        "apprise/plugins/email/__init__.pyc",
        "apprise/attachment/http.pyc",
        "requests/json.pyc",
    ]
    assert plugin_markers(names) == ["apprise/attachment/http", "apprise/plugins/json"]


def test_a_library_is_compressed_and_stays_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    for file in (first, second):
        with zipfile.ZipFile(file, "w") as library:
            for name in ("b.pyc", "a/__init__.pyc"):
                library.writestr(zipfile.ZipInfo(name), name.encode() * 1000)
        before = file.stat().st_size
        compress_library(file)
        assert file.stat().st_size < before
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as library:
        assert library.namelist() == ["b.pyc", "a/__init__.pyc"]
        assert library.read("b.pyc") == b"b.pyc" * 1000
    modules = tmp_path / "modules.zip"
    with zipfile.ZipFile(modules, "w") as library:
        library.writestr("in_a_compressed_library.py", "VALUE = 5")
    compress_library(modules)
    code = f"import sys; sys.path.insert(0, {str(modules)!r}); import in_a_compressed_library as m"
    subprocess.run([sys.executable, "-c", f"{code}; assert m.VALUE == 5"], check=True)


def test_a_compressed_catalogue_says_the_same(tmp_path: Path) -> None:
    plain = ROOT / "resources" / "locale" / "zh_CN" / "LC_MESSAGES" / "portview.po"
    copy = tmp_path / "zh_CN" / "portview.po"
    copy.parent.mkdir()
    copy.write_bytes(plain.read_bytes())
    compress_catalogues(tmp_path)
    (packed,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert packed.name == "portview.po.gz"
    assert packed.stat().st_size < plain.stat().st_size / 2
    assert PoCatalogue(packed).translations() == PoCatalogue(plain).translations()


def test_modules_beside_the_archive_lose_their_docstrings_and_still_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, libraries = tmp_path / "site", tmp_path / "lib"
    for folder in (source, libraries):
        (folder / "wordy").mkdir(parents=True)
    text = '"""About it."""\n\n\ndef answer():\n    """Say it."""\n    return 42\n'
    (source / "wordy" / "__init__.py").write_text(text, "utf-8")
    compiled = libraries / "wordy" / "__init__.pyc"
    py_compile.compile(str(source / "wordy" / "__init__.py"), str(compiled))
    before = compiled.stat().st_size
    monkeypatch.setattr(sys, "path", [str(source), *sys.path])
    leave_out_docstrings(libraries, "wordy")
    monkeypatch.delitem(sys.modules, "wordy")
    code = marshal.loads(compiled.read_bytes()[16:])  # noqa: S302 - likewise
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - what was compiled just now
    assert names["answer"]() == 42
    assert names["answer"].__doc__ is None
    assert compiled.stat().st_size < before


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [
        ("VCRUNTIME140.dll", True),
        ("PySide6/VCRUNTIME140_1.dll", True),
        ("PySide6/VCRUNTIME140.dll", False),
        ("numpy/_core/_multiarray_tests.cp311-win_amd64.pyd", True),
    ],
)
def test_what_is_loaded_already_stays_out(name: str, is_kept: bool) -> None:
    assert is_wanted(name) is is_kept
