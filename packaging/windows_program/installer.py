"""Make the installer with NSIS, on Linux as on Windows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Final

from windows_program.contents import folder_bytes
from windows_program.signing import SIGN_VARIABLE
from windows_program.version_resource import version_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCRIPT: Final = Path(__file__).with_name("installer.nsi")
_SIGNER: Final = Path(__file__).with_name("signing.py")
_WINDOWS_PLACES: Final = (
    Path(r"C:\Program Files (x86)\NSIS\makensis.exe"),
    Path(r"C:\Program Files\NSIS\makensis.exe"),
)
_AMD64_STUB: Final = "lzma_solid-amd64-unicode"


@dataclass(frozen=True, slots=True)
class InstallerOrder:
    """What the installer is made of; all paths absolute.

    ``pictures`` is the folder of wizard.bmp and header.bmp.
    """

    folder: Path
    icon: Path
    pictures: Path
    licence: Path
    version: str
    copyright: str
    epoch: int
    output: Path
    work: Path


def find_makensis() -> Path | None:
    """Return NSIS' compiler, None where it is not installed."""
    found = shutil.which("makensis")
    if found:
        return Path(found)
    return next((place for place in _WINDOWS_PLACES if place.is_file()), None)


def make_installer(makensis: Path, order: InstallerOrder) -> str:
    """Write the installer and return which kind of program it is, "64-bit" or "32-bit".

    Raises OSError, and CalledProcessError with what the compiler said.
    """
    order.work.mkdir(parents=True, exist_ok=True)
    files = order.work / "files.nsh"
    # The byte order mark tells the compiler that it is UTF-8.
    files.write_text("\n".join(file_lines(order.folder)) + "\n", encoding="utf-8-sig")
    is_amd64 = _has_amd64_stub(makensis)
    words = {
        "OUTPUT": order.output,
        "FILES": files,
        "ICON": order.icon,
        "PICTURES": order.pictures,
        "LICENCE": order.licence,
        "VERSION": order.version,
        "NUMBERS": ".".join(map(str, version_numbers(order.version))),
        "COPYRIGHT": order.copyright,
        "KIBIBYTES": folder_bytes(order.folder) // 1024,
        **({"AMD64": ""} if is_amd64 else {}),
        **({"SIGN": f'"{sys.executable}" "{_SIGNER}"'} if os.environ.get(SIGN_VARIABLE) else {}),
    }
    dash = "/" if os.name == "nt" else "-"
    order.output.unlink(missing_ok=True)
    subprocess.run(
        [
            makensis,
            *(f"{dash}V2", f"{dash}WX", f"{dash}INPUTCHARSET", "UTF8"),
            *(f"{dash}D{name}={value}" for name, value in words.items()),
            _SCRIPT,
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(order.epoch)},
    )
    return "64-bit" if is_amd64 else "32-bit"


def file_lines(folder: Path) -> Iterator[str]:
    """Give what NSIS needs to install every file, in an order that does not depend on the disk.

    The two programs come one after the other: they carry the same modules, and a compressor finds
    that only within 64 MB.
    Raises ValueError for a name in which NSIS would find a variable.
    """
    here: PureWindowsPath | None = None
    files = {path.relative_to(folder).parts: path for path in folder.rglob("*") if path.is_file()}
    for parts, file in sorted(files.items(), key=lambda item: (len(item[0]) > 1, item[0])):
        if "$" in "".join(parts):
            raise ValueError(f"the installer can't hold a file of this name: {parts[-1]}")
        place = PureWindowsPath("$INSTDIR", *parts[:-1])
        if place != here:
            yield f'SetOutPath "{place}"'
            here = place
        yield f'File "{file}"'


def _has_amd64_stub(makensis: Path) -> bool:
    """Tell whether this NSIS can make 64-bit installers; its own builds for Windows can't."""
    folders = [makensis.parent, makensis.parent.parent, makensis.parents[1] / "share" / "nsis"]
    return any((folder / "Stubs" / _AMD64_STUB).is_file() for folder in folders)
