"""Freeze PortView: runs in the Python for Windows whose packages go into the program.

``python -m windows_program.freeze WORK DIST`` leaves the folder DIST/PortView. WORK is emptied.
"""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from windows_program.contents import (
    compress_catalogues,
    compress_library,
    leave_out_docstrings,
)
from windows_program.icon_file import ICON_SIZES, ico_bytes
from windows_program.installer_pictures import write_pictures
from windows_program.licences import gather_licences
from windows_program.sbom import bootloader, components_to_json, gather_components
from windows_program.update_file import FILE_NAME, write_update_files
from windows_program.version_resource import ProgramFacts, copyright_line, version_resource

if TYPE_CHECKING:
    from collections.abc import Sequence

_HERE: Final = Path(__file__).resolve().parent
_ROOT: Final = _HERE.parents[1]
_DESCRIPTIONS: Final = {"PortView": "PortView", "portviewc": "PortView for the console"}


def main(arguments: Sequence[str]) -> int:
    """Make what PyInstaller takes from us, and run it."""
    work, dist = (Path(argument).resolve() for argument in arguments)
    shutil.rmtree(work, ignore_errors=True)
    made = work / "made"
    made.mkdir(parents=True)
    sys.path.insert(0, str(_ROOT))
    write_icon(made / "portview.ico")
    write_pictures(made)
    write_version_resources(made)
    write_update(made)
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    components = [*gather_components(project["dependencies"]), bootloader()]
    gather_licences(components, made / "licences")
    (made / "components.json").write_text(components_to_json(components), encoding="utf-8")
    os.environ["PORTVIEW_FREEZE_MADE"] = str(made)
    os.environ["PYINSTALLER_ZLIB_COMPRESSION_LEVEL"] = "9"
    os.environ["PYINSTALLER_CONFIG_DIR"] = str(work / "config")
    from PyInstaller.__main__ import run  # noqa: PLC0415 - needs the variable above

    run(
        [
            *("--noconfirm", "--clean", "--log-level", "ERROR"),
            *("--workpath", str(work / "pyinstaller"), "--distpath", str(dist)),
            str(_HERE / "portview.spec"),
        ]
    )
    libraries = dist / "PortView" / "_internal"
    compress_library(libraries / "base_library.zip")
    compress_catalogues(libraries / "portview" / "resources" / "locale")
    leave_out_docstrings(libraries, "apprise")
    return 0


def write_icon(file: Path) -> None:
    """Draw the application's icon in every size and write it as one file."""
    from PySide6.QtCore import QBuffer, QIODevice  # noqa: PLC0415 - not on every machine

    from portview.resources import resource_path  # noqa: PLC0415
    from portview.ui.style.icons import draw_svg  # noqa: PLC0415

    svg = resource_path("icons", "portview.svg").read_text(encoding="utf-8")
    images = {}
    for size in ICON_SIZES:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        draw_svg(svg, size).save(buffer, "PNG")  # type: ignore[call-overload] # its stub is wrong
        images[size] = bytes(buffer.data().data())
    file.write_bytes(ico_bytes(images))


def write_update(folder: Path) -> None:
    """Write where this build finds the newest version, and that file, where there is a key."""
    from portview import __version__  # noqa: PLC0415 - after the path is set

    write_update_files(__version__, folder / "update.json", folder / FILE_NAME)


def write_version_resources(folder: Path) -> None:
    """Write one version resource per program, with the package's version."""
    from portview import __version__  # noqa: PLC0415 - after the path is set

    licence = (_ROOT / "LICENSE").read_text(encoding="utf-8")
    for name, description in _DESCRIPTIONS.items():
        facts = ProgramFacts(f"{name}.exe", description, __version__, copyright_line(licence))
        (folder / f"{name}.version.txt").write_text(version_resource(facts), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
