"""The licence texts that lie with the program: one for each part that is shipped."""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING, Final

from windows_program.licences import NOTICE_NAME, without_text
from windows_program.smoke.findings import expect, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LIBRARIES: Final = "_internal"


def check_licences(folder: Path) -> None:
    """Expect a notice, and a text for every part that it or the folder of libraries names."""
    shipped = shipped_packages(folder / _LIBRARIES, metadata.packages_distributions())
    count = expect_texts(folder / _LIBRARIES / "licences", shipped)
    expect((folder / "LICENSE.txt").is_file(), "the program's own licence is missing")
    told(f"licence texts of {count} parts, and a notice")


def expect_texts(licences: Path, shipped: Sequence[str]) -> int:
    """Expect texts of the shipped packages and of what the notice lists; return of how many."""
    notice = licences / NOTICE_NAME
    expect(notice.is_file(), f"{notice.name} is missing")
    listed = re.findall(r"^(\S+) \S+: ", notice.read_text("utf-8"), re.MULTILINE)
    expect(listed, f"{notice.name} lists nothing")
    there = {place.name for place in licences.iterdir() if place.is_dir()}
    missing = sorted({*listed, *shipped} - there) + without_text(licences)
    expect(not missing, f"no licence text of: {', '.join(missing)}")
    return len(there)


def shipped_packages(libraries: Path, owners: Mapping[str, Sequence[str]]) -> list[str]:
    """Return which packages have something of theirs in the folder of libraries, in order.

    ``owners`` tells which packages bring a module of a name.
    """
    names = {place.name.partition(".")[0] for place in libraries.iterdir()}
    found = {owner for name in names for owner in owners.get(name, ())}
    return sorted(re.sub(r"[-_.]+", "-", owner).lower() for owner in found)
