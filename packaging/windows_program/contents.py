"""What goes into the program's folder and what stays out, and how much each part weighs."""

from __future__ import annotations

import fnmatch
import gzip
import importlib
import py_compile
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EXCLUDED_MODULES: Final = (
    # without_opengl.py stands in for the first two.
    *("PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets", "PySide6.QtTest", "PySide6.QtPrintSupport"),
    *("OpenGL", "IPython", "jupyter_rfb", "matplotlib", "scipy", "h5py", "numba", "cupy"),
    *("pyqtgraph.opengl", "pyqtgraph.console", "pyqtgraph.jupyter", "pyqtgraph.examples"),
    *("pyqtgraph.flowchart", "pyqtgraph.dockarea", "pyqtgraph.canvas", "pyqtgraph.exporters"),
    *("numpy.f2py", "numpy.distutils", "numpy.testing", "numpy.random", "numpy.polynomial"),
    *("numpy.fft", "numpy.ma", "numpy.core"),
    *("tkinter", "pdb", "doctest", "lib2to3", "pip", "setuptools", "pytest", "hypothesis"),
    # Each is imported by one function of another module, none of which PortView calls.
    *("unittest", "pydoc_data", "optparse", "tarfile", "xmlrpc", "xml.dom", "ftplib"),
    # Others do without these; no archive or document of such a form is ever opened.
    *("lzma", "_lzma", "bz2", "_bz2", "_elementtree"),
    # Commands and colours of programs' texts, which the libraries that bring them also do without.
    *("click", "apprise.cli", "pygments", "markdown_it", "mdurl"),
    # cryptography needs its backend alone, and pywin32-ctypes takes ctypes where there is none.
    *("cffi", "pycparser"),
    # Apprise reads no configuration in YAML, for which PyYAML can do without its module in C.
    "yaml._yaml",
    # What decimal falls back on where there is no module in C.
    "_pydecimal",
)
"""Modules that something imports only if they are there, or for purposes that PortView lacks."""

WINDOW_MODULES: Final = (
    *("PySide6", "shiboken6", "pyqtgraph", "numpy"),
    *("portview.app", "portview.ui", "portview.models", "portview.engine"),
)
"""What only the window needs."""

_UNWANTED: Final = (
    # A software renderer for OpenGL; widgets are drawn without any.
    "PySide6/opengl32sw.dll",
    # Of Qt's translations those of the widgets, in the languages that PortView has.
    "PySide6/translations/[!q]*",
    "PySide6/translations/qt[!b]*",
    "PySide6/translations/qtbase_[!z]*",
    "PySide6/translations/qtbase_zh_[!C]*",
    # Platforms other than Windows itself, and what serves tablets and other input.
    "PySide6/plugins/platforms/q[!w]*.dll",
    "PySide6/plugins/platforminputcontexts/*",
    "PySide6/plugins/generic/*",
    # The single-instance pipe is all of the network that Qt is used for.
    "PySide6/plugins/tls/*",
    "PySide6/plugins/networkinformation/*",
    # Every picture of PortView's is SVG; programs' icons come from Windows as pixels.
    "PySide6/plugins/imageformats/*",
    # Modules that a plug-in of those would need.
    "PySide6/Qt6[!CGNSW]*.dll",
    # Windows has these itself since version 10.
    "icuuc.dll",
    "icuin.dll",
    "icudt.dll",
    "ucrtbase.dll",
    "api-ms-win-*.dll",
    # Colour maps and icons of plots that PortView doesn't have.
    "pyqtgraph/colors/*",
    "pyqtgraph/icons/*",
    # Time zones by their names, which nothing asks for: Apprise takes the system's own.
    "tzdata/zoneinfo/*/*",
    # Metadata and types, for people who build things with a package. keyring finds the system's
    # store of secrets by its own metadata.
    "*.dist-info/[!Me]*",
    "[!k]*.dist-info/*",
    "*.pyi",
    "*/py.typed",
    "numpy/*/tests/*",
    # Python's own library loads the same file first, and Windows takes what is loaded by its name
    # ("Dynamic-link library search order", the loaded-module list).
    "PySide6/VCRUNTIME140.dll",
    "shiboken6/VCRUNTIME140.dll",
)
"""Patterns of names inside the folder of libraries."""


def is_wanted(name: str) -> bool:
    r"""Tell whether a file belongs into the folder. ``name`` is relative to it, with / or \."""
    plain = name.replace("\\", "/")
    return not any(fnmatch.fnmatchcase(plain, pattern) for pattern in _UNWANTED)


def portview_modules(root: str | Path, excluded: Sequence[str] = ()) -> list[str]:
    """Return the names of all of PortView's modules, but for those below excluded ones."""
    files = sorted(Path(root, "portview").rglob("*.py"))
    names = [".".join(file.relative_to(root).with_suffix("").parts) for file in files]
    names = [name.removesuffix(".__init__") for name in names]
    return [
        name
        for name in names
        if not any(name == one or name.startswith(f"{one}.") for one in excluded)
    ]


def compress_library(file: Path) -> None:
    """Compress what Python needs to start, which PyInstaller stores as it is.

    Names, order and times stay, so that the same sources make the same bytes again.
    """
    with zipfile.ZipFile(file) as stored:
        parts = [(info, stored.read(info)) for info in stored.infolist()]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for info, content in parts:
            same = zipfile.ZipInfo(info.filename, info.date_time)
            same.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(same, content)


def compress_catalogues(folder: Path) -> None:
    """Compress the catalogues of the languages; the program reads either form."""
    for file in folder.rglob("*.po"):
        packed = gzip.compress(file.read_bytes(), compresslevel=9, mtime=0)
        file.with_name(f"{file.name}.gz").write_bytes(packed)
        file.unlink()


def leave_out_docstrings(libraries: Path, package: str) -> None:
    """Compile a package's modules again as ``python -OO`` does.

    PyInstaller does so in its own archive alone; these lie beside it, to be found by name.
    """
    origin = Path(str(importlib.import_module(package).__file__)).parents[1]
    for file in (libraries / package).rglob("*.pyc"):
        name = file.relative_to(libraries).with_suffix(".py")
        if (origin / name).is_file():
            py_compile.compile(
                str(origin / name),
                str(file),
                dfile=name.as_posix(),
                doraise=True,
                optimize=2,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )


def plugin_markers(names: Iterable[str]) -> list[str]:
    """Return the names of the empty files by which Apprise finds its plug-ins (see hooks)."""
    found = (_APPRISE_PLUGIN.fullmatch(name.replace("\\", "/")) for name in names)
    return sorted({match["marker"] for match in found if match})


_APPRISE_PLUGIN: Final = re.compile(
    r"(?P<marker>apprise/(?:plugins|config|attachment)/(?!__init__)\w+)\.pyc"
)


def folder_bytes(folder: Path) -> int:
    """Return what all files below a folder hold together."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def heaviest(folder: Path, count: int = 12) -> list[tuple[str, int]]:
    """Return the heaviest files and packages of a program's folder, heaviest first, in bytes.

    What lies together in a package's folder counts as one, but for Qt's own libraries.
    """
    weights: Counter[str] = Counter()
    for file in folder.rglob("*"):
        if not file.is_file():
            continue
        parts = file.relative_to(folder).parts
        depth = 3 if "PySide6" in parts[:2] else 2
        weights["/".join(parts[:depth])] += file.stat().st_size
    return weights.most_common(count)
