"""Templates of messages: texts with fields in braces. Nothing in them is evaluated.

A line in which every field is empty is left out, so that "Port: {port}" does not stand there for a
watch without a port. Braces that are meant as such are doubled.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEXT_FIELDS = frozenset({
    "acknowledge", "detail", "diagnosis", "host", "incident", "kind", "more", "port", "program",
    "protocol", "since", "tried", "until", "watch",
})  # fmt: skip
"""What a text may say about one event."""

TITLE_FIELDS = frozenset({"count", "host", "kind", "watch"})
"""What a title may say; with several events ``watch`` names them all."""

_PIECE = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|[{}]")


def unknown_fields(template: str, fields: frozenset[str]) -> list[str]:
    """Return what stands in braces and is no field; a single brace stands for itself."""
    found = []
    for piece in _PIECE.finditer(template):
        name = piece["name"]
        if name is None and piece[0] not in {"{{", "}}"}:
            found.append(piece[0])
        elif name is not None and name not in fields:
            found.append(name)
    return found


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with its fields filled in; values are never read as templates."""
    return "\n".join(_lines(template, values)).strip("\n")


def _lines(template: str, values: Mapping[str, str]) -> Iterator[str]:
    for line in template.split("\n"):
        names = [piece["name"] for piece in _PIECE.finditer(line) if piece["name"] is not None]
        if names and not any(values.get(name) for name in names):
            continue

        def text_of(piece: re.Match[str]) -> str:
            if piece["name"] is None:
                return piece[0][0]
            return values.get(piece["name"], "")

        yield _PIECE.sub(text_of, line)
