"""Pack what was built as a wheel (https://packaging.python.org/specifications/binary-distribution-format)."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from typing import TYPE_CHECKING, Final

from windows_program.sbom import STATIC_PARTS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TAG: Final = "cp311-cp311-win_amd64"
_STAMP: Final = (1980, 1, 1, 0, 0, 0)
_WHEEL: Final = f"Wheel-Version: 1.0\nGenerator: portview\nRoot-Is-Purelib: false\nTag: {_TAG}\n"
# What numpy's own wheel has and a frozen program needs: PyInstaller finds numpy's hook by it.
_ENTRY_POINTS: Final = "[pyinstaller40]\nhook-dirs = numpy:_pyinstaller_hooks_dir\n"
_STATIC_PARTS: Final = {
    "gcc-mingw-w64-base": ("gcc-runtime", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    "mingw-w64-ucrt64-dev": ("mingw-w64", "ZPL-2.1 AND MIT AND BSD-3-Clause"),
}
"""What is linked into the modules, by the Debian package that it comes from."""


def static_parts(versions: str) -> list[dict[str, str]]:
    """Return name, version and licence of what is linked in.

    ``versions`` has a line with name and version for each of Debian's packages; of a version, what
    Debian adds is left out. Raises KeyError for a package that links nothing into anything.
    """
    parts = []
    for line in versions.splitlines():
        package, version = line.split()
        name, licence = _STATIC_PARTS[package]
        upstream = version.partition("-")[0]
        parts.append({"name": name, "version": upstream, "licence": licence})
    return parts


def pack_wheel(built: Path, folder: Path, version: str) -> Path:
    """Pack numpy out of a folder that ``recipe/build.sh`` has filled; return the wheel.

    The same content gives the same bytes.
    """
    info = f"numpy-{version}.dist-info"
    packages = built / "packages"
    parts = static_parts((built / "versions").read_text("ascii"))
    files: dict[str, bytes] = {
        file.relative_to(packages).as_posix(): file.read_bytes()
        for file in packages.rglob("*")
        if file.is_file()
    }
    for file in (built / "licences").iterdir():
        files[f"{info}/licenses/{file.name}"] = file.read_bytes()
    files[f"{info}/METADATA"] = (built / "METADATA").read_bytes()
    files[f"{info}/WHEEL"] = _WHEEL.encode()
    files[f"{info}/entry_points.txt"] = _ENTRY_POINTS.encode()
    files[f"{info}/{STATIC_PARTS_FILE}"] = json.dumps(parts).encode()
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    wheel = folder / f"numpy-{version}-{_TAG}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return wheel


def _record(files: Mapping[str, bytes], own_name: str) -> bytes:
    lines = [f"{own_name},,"]
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
        lines.append(f"{name},sha256={digest.decode()},{len(content)}")
    return ("\n".join(sorted(lines)) + "\n").encode()
