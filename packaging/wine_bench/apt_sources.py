"""Find the Debian mirror that this machine already uses.

The project names no mirror: whoever builds a bench has one in the apt sources, and it is the one
that is reachable from there. Formats: sources.list(5), one line each or deb822.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEBIAN_SUITES: Final = frozenset(
    {
        *("oldoldstable", "oldstable", "stable", "testing", "unstable"),
        *("buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid"),
    }
)
"""Suites by which a source is known to be Debian itself and not a third party or a derivative."""

_ONE_LINE: Final = re.compile(
    r"deb\s+(?:\[[^\]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s*(?P<rest>.*)"
)
_MIRROR_LIST: Final = "mirror+file:"


@dataclass(frozen=True, slots=True)
class AptSource:
    """One archive that apt fetches binary packages from."""

    uri: str
    suite: str
    components: tuple[str, ...]


def parse_one_line(text: str) -> tuple[AptSource, ...]:
    """Read the `deb [options] uri suite components` format."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    matches = (_ONE_LINE.fullmatch(line) for line in lines)
    return tuple(
        AptSource(match["uri"], match["suite"], tuple(match["rest"].split()))
        for match in matches
        if match
    )


def parse_deb822(text: str) -> tuple[AptSource, ...]:
    """Read the paragraph format of *.sources files; disabled paragraphs are left out."""
    return tuple(
        AptSource(uri, suite, tuple(fields.get("components", "").split()))
        for fields in _paragraphs(text)
        if "deb" in fields.get("types", "").split()
        and fields.get("enabled", "yes").lower() not in {"no", "false", "0", "off", "without"}
        for uri in fields.get("uris", "").split()
        for suite in fields.get("suites", "").split()
    )


def read_sources(apt: Path = Path("/etc/apt")) -> tuple[AptSource, ...]:
    """Read every source that apt on this machine would read."""
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    found: list[AptSource] = []
    for file in files:
        if file.suffix == ".list" and file.is_file():
            found += parse_one_line(file.read_text("utf-8", "replace"))
        elif file.suffix == ".sources" and file.is_file():
            found += parse_deb822(file.read_text("utf-8", "replace"))
    return tuple(found)


def debian_mirror(sources: Iterable[AptSource]) -> str | None:
    """Give the archive that serves Debian's own suites, or None where there is none.

    The security archive is passed over: it has only a handful of packages.
    """
    for source in sources:
        is_debian = source.suite in DEBIAN_SUITES and "main" in source.components
        uri = _first_of_list(source.uri) if source.uri.startswith(_MIRROR_LIST) else source.uri
        if is_debian and uri.startswith(("http://", "https://", "file:")):
            return uri.rstrip("/")
    return None


def _first_of_list(uri: str) -> str:
    # Cloud images of Debian name a file that lists mirrors, which only apt itself can follow.
    file = Path("/" + uri.removeprefix(_MIRROR_LIST).lstrip("/"))
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    uris = (line.split()[0] for line in lines if line.strip() and not line.startswith("#"))
    return next(uris, "")


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    without_comments = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for paragraph in re.split(r"\n\s*\n", without_comments):
        fields: dict[str, str] = {}
        name = ""
        for line in paragraph.splitlines():
            if line[:1].isspace() and name:
                fields[name] += " " + line.strip()
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields:
            yield fields
