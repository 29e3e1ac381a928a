"""Archives and check sums that depend on nothing but the files."""

from __future__ import annotations

import hashlib
import time
import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_FIRST_ZIP_YEAR: Final = 1980
_DOS, _REGULAR_FILE = 0, 0o100644


def write_zip(target: Path, folder: Path, epoch: int, more: Mapping[str, bytes]) -> None:
    """Pack a folder under its own name, in order of names and with one time for everything.

    ``epoch`` is Unix time; ``more`` are further files, by their path inside the folder.
    """
    moment = time.gmtime(epoch)[:6]
    stamp = (max(moment[0], _FIRST_ZIP_YEAR), *moment[1:])
    found = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*")}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted({*more, *(name for name, file in found.items() if file.is_file())}):
            entry = zipfile.ZipInfo(f"{folder.name}/{name}", stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _DOS
            entry.external_attr = _REGULAR_FILE << 16
            content = more[name] if name in more else found[name].read_bytes()
            archive.writestr(entry, content)


def sha256_lines(files: Iterable[Path]) -> str:
    """Return the text of a SHA256SUMS file, which ``sha256sum --check`` understands."""
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    return "".join(sorted(lines, key=lambda line: line.partition("  ")[2]))


def differing(first: Path, second: Path) -> list[str]:
    """Return the files that two folders have not alike, by their path inside, in order."""
    hashes = [
        {
            file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in folder.rglob("*")
            if file.is_file()
        }
        for folder in (first, second)
    ]
    return sorted({name for name, _ in hashes[0].items() ^ hashes[1].items()})
