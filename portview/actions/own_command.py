"""How PortView starts itself again: without looking for modules where others can place them."""

from __future__ import annotations

import site
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import portview

_NO_UNSAFE_PATH, _ISOLATED = "-P", "-I"
"""Options of Python: modules never come from the working directory; nor from what variables name
or from the user's own packages either."""

# untranslated: a program
_FROM_FOLDER = """import sys
folder = sys.argv.pop(1)
places = [place for place, path in enumerate(sys.path) if path.endswith("-packages")]
sys.path.insert(min(places, default=len(sys.path)), folder)
from portview.entry import main
sys.exit(main())"""
"""Runs a PortView that is in none of the interpreter's own folders, and no other one. Behind the
standard library: packages of other folders may have the names of its modules."""


def own_command() -> tuple[str, ...]:
    """Return the program and first arguments that run this very PortView, by absolute path."""
    return _command(_NO_UNSAFE_PATH)


def elevated_command() -> tuple[str, ...]:
    """Return the same for a process with more rights, which no variable may say what to load."""
    return _command(_ISOLATED)


def _command(option: str) -> tuple[str, ...]:
    if getattr(sys, "frozen", False):
        # The packaged program is isolated by itself.
        return (str(Path(sys.executable).absolute()),)
    folder = Path(portview.__file__).absolute().parents[1]
    if _is_found_in(folder):
        return (sys.executable, option, "-m", "portview")
    return (sys.executable, option, "-c", _FROM_FOLDER, str(folder))


def _is_found_in(folder: Path) -> bool:
    """Return whether an isolated interpreter finds this very PortView by itself."""
    own = set(site.getsitepackages())
    paths = [entry for entry in sys.path if entry in own]
    for packages in own:
        # What .pth files name is on the path as well, but so may be what variables name.
        for file in Path(packages).glob("*.pth"):
            paths += _named_folders(file)
    spec = PathFinder.find_spec("portview", paths)
    return spec is not None and spec.origin == str(folder / "portview" / "__init__.py")


def _named_folders(file: Path) -> list[str]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return []
    named = (line.strip() for line in lines if not line.startswith(("#", "import ", "import\t")))
    return [str(file.parent / line) for line in named if line]
