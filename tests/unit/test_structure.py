"""No module needs, even for the type checker alone, a module that needs it in turn."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import portview

ROOT = Path(portview.__file__).parent


def modules() -> dict[str, Path]:
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = ("portview", *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: set[str]) -> set[str]:
    """Return the modules of PortView that a file imports anywhere, under TYPE_CHECKING as well."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            inside = named & known
            found.update(inside)
            if named - inside:
                found.add(node.module)
    return found & known


def circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = modules()
    graph = {name: imports(path, set(known)) - {name} for name, path in known.items()}
    assert not circle(graph)


@pytest.mark.parametrize("end", ["b", "c"])
def test_a_circle_would_be_found(end: str) -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"} if end == "c" else set()}) == (
        ["a", "c", "b", "a"] if end == "c" else []
    )
