"""The version resource of the programs, in the form that PyInstaller reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LARGEST_PART: Final = 0xFFFF
_PARTS: Final = 4
_US_ENGLISH, _UNICODE = 0x0409, 1200


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """What Explorer shows of a program file."""

    file_name: str
    description: str
    version: str
    copyright: str


def version_numbers(version: str) -> tuple[int, int, int, int]:
    """Return the four numbers that Windows compares; "1.2.3rc1" gives (1, 2, 3, 0).

    Raises ValueError for a version that Windows can't hold.
    """
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    if not numbers or len(numbers) > _PARTS or max(numbers) > _LARGEST_PART:
        raise ValueError(f"{version!r} does not fit into a version resource")
    first, second, third, fourth = (*numbers, 0, 0, 0)[:_PARTS]
    return first, second, third, fourth


def copyright_line(licence: str) -> str:
    """Return the line of a licence that says whose the program is."""
    return next(line.strip() for line in licence.splitlines() if line.startswith("Copyright"))


def version_resource(facts: ProgramFacts) -> str:
    """Return the text of a VSVersionInfo."""
    numbers = version_numbers(facts.version)
    strings = {
        "CompanyName": "PortView",
        "FileDescription": facts.description,
        "FileVersion": facts.version,
        "InternalName": facts.file_name.removesuffix(".exe"),
        "LegalCopyright": facts.copyright,
        "OriginalFilename": facts.file_name,
        "ProductName": "PortView",
        "ProductVersion": facts.version,
    }
    rows = ",\n".join(f"        StringStruct({name!r}, {text!r})" for name, text in strings.items())
    return (
        "VSVersionInfo(\n"
        f"  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0x0,\n"
        "    OS=0x40004, fileType=0x1, subtype=0x0, date=(0, 0)),\n"
        "  kids=[\n"
        f"    StringFileInfo([StringTable('{_US_ENGLISH:04X}{_UNICODE:04X}', [\n{rows}])]),\n"
        f"    VarFileInfo([VarStruct('Translation', [{_US_ENGLISH}, {_UNICODE}])])\n"
        "  ]\n"
        ")\n"
    )
