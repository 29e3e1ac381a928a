"""Where PortView's data files are."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def resource_path(*parts: str) -> Path:
    """Return the path of a data file: inside the installed package, else beside it (checkout)."""
    return _folder().joinpath(*parts)


@cache
def _folder() -> Path:
    package = Path(__file__).resolve().parent
    inside = package / "resources"
    return inside if inside.is_dir() else package.parent / "resources"


def help_topics(language: str = "en") -> dict[str, Path]:
    """Return the topics of the user guide by their names, in alphabetical order.

    A topic that is not translated is in English.
    """
    folder = resource_path("help")
    english = {path.stem: path for path in sorted(folder.glob("*.md")) if path.stem.islower()}
    translated = {path.stem: path for path in (folder / language).glob("*.md")}
    return {name: translated.get(name, path) for name, path in english.items()}


def topic_title(path: Path) -> str:
    """Return the first line of a topic."""
    with path.open(encoding="utf-8") as file:
        return file.readline().removeprefix("#").strip()
