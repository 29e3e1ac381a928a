"""The licence texts that go along with the program, and a notice that says which is whose.

Runs in the Python for Windows that freezes the program.
"""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from windows_program.sbom import Component

NOTICE_NAME: Final = "NOTICE.txt"

_TEXTS: Final = Path(__file__).with_name("licence_texts")
_LICENCE_FILE: Final = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)
_PYPI: Final = "pypi"
_LGPL: Final = ("LGPL-3.0.txt", "GPL-3.0.txt")
"""The LGPL adds to the GPL, so that it takes both texts to read it."""

_UNDER_LGPL: Final = ("pyside6-essentials", "qt", "shiboken6")
"""Their wheels bring the commercial licence's text, under which PortView does not use them."""

_TEXT_OF_ANOTHER: Final = {
    "openssl": ("cryptography", "LICENSE.APACHE"),
    "gcc-runtime": ("numpy", "gcc-runtime.txt"),
    "mingw-w64": ("numpy", "mingw-w64.txt"),
}
"""Parts that are no package, and the package that brings the text of their licence."""

_NOTICE: Final = """\
PortView is under the MIT licence; see LICENSE.txt beside PortView.exe. It comes with the parts
below, each under its own licence, whose text is in the folder of the part's name.

Qt, PySide6 and shiboken6 are used under the GNU Lesser General Public License, version 3. Nothing
in them was changed. Their sources are at https://download.qt.io/official_releases/ (folders "qt"
and "QtForPython"). They are libraries of their own, in the folders "PySide6" and "shiboken6" beside
the folder of this file: whoever wants other builds of them can put their files in place of those.

"""


def gather_licences(components: Sequence[Component], folder: Path) -> None:
    """Fill a folder with a notice and, for each part, a folder of its name with its licence texts.

    Raises LookupError, which names every part that no text was found for.
    """
    for component in components:
        target = folder / component.name
        target.mkdir(parents=True, exist_ok=True)
        for text in _texts_of(component):
            shutil.copyfile(text, target / text.name)
    (folder / NOTICE_NAME).write_text(notice_text(components), encoding="utf-8", newline="\r\n")
    bare = without_text(folder)
    if bare:
        raise LookupError(f"no licence text was found for: {', '.join(bare)}")


def without_text(folder: Path) -> list[str]:
    """Return the parts whose folder below ``folder`` has no text, in order."""
    return sorted(
        place.name
        for place in folder.iterdir()
        if place.is_dir() and not any(file.stat().st_size for file in place.iterdir())
    )


def notice_text(components: Iterable[Component]) -> str:
    """Return what the notice says: one line per part, in order, after what holds for all."""
    lines = [f"{part.name} {part.version}: {part.licence or 'see its text'}" for part in components]
    return _NOTICE + "\n".join(sorted(lines)) + "\n"


def _texts_of(component: Component) -> list[Path]:
    if component.name in _UNDER_LGPL:
        return [_TEXTS / name for name in _LGPL]
    if component.name in _TEXT_OF_ANOTHER:
        package, name = _TEXT_OF_ANOTHER[component.name]
        return [text for text in _texts_in(package) if text.name == name]
    if component.name == "cpython":
        # Windows has it beside the programs, other systems with the library.
        places = (Path(sys.base_prefix), Path(sysconfig.get_path("stdlib")))
        texts = (place / "LICENSE.txt" for place in places)
        return [text for text in texts if text.is_file()][:1]
    return _texts_in(component.name) if component.kind == _PYPI else []


def _texts_in(package: str) -> list[Path]:
    """Return what a package's own distribution says about its licence."""
    return [
        Path(str(file.locate()))
        for file in metadata.distribution(package).files or []
        if ".dist-info" in file.parts[0]
        and (_LICENCE_FILE.match(file.name) or "licenses" in file.parts[1:])
    ]
