"""The rules by which programs are recognised, read from resources/programs.toml. Pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portview.domain.recognition.launch import Launchers, Runtime, Wrapper

if TYPE_CHECKING:
    from collections.abc import Mapping

_PART = re.compile(r"\{([^{}]+)\}|([^{}]+)")
_GROUP = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Program:
    """How one program is described.

    ``label`` is a template (``fill_in``), ``subcommands`` has another one by the first argument.
    ``valued`` are options that take a value, ``flags`` those that take none.
    ``in_project`` says that it usually is started for a project, whose name then comes first.
    ``executables`` are the only ones that may be described so by their title; empty for any.
    ``reader`` names a function of ``special`` that knows more than a template.
    """

    label: str
    subcommands: Mapping[str, str] = field(default_factory=dict)
    valued: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    in_project: bool = False
    runtimes: frozenset[str] = frozenset()
    executables: frozenset[str] = frozenset()
    reader: str = ""


@dataclass(frozen=True, slots=True)
class TitleRule:
    """A program by the title that it gives its process in place of its command line."""

    pattern: re.Pattern[str]
    program: Program


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules: by the tool's name, by title, and how runtimes are read."""

    launchers: Launchers = field(default_factory=Launchers)
    programs: Mapping[str, tuple[Program, ...]] = field(default_factory=dict)
    titles: tuple[TitleRule, ...] = ()
    identifying_words: frozenset[str] = frozenset()

    def program(self, tool: str, runtime: str) -> Program | None:
        """Return the rule for a tool in a runtime ("" for a native program)."""
        for program in (*self.programs.get(tool, ()), *self.programs.get(f"{runtime}:*", ())):
            if not program.runtimes or runtime in program.runtimes:
                return program
        return None


def read_rules(text: str) -> Rules:
    """Read the rules. Raises ValueError or KeyError where they are malformed."""
    values = tomllib.loads(text)
    runtimes = {
        name: _runtime(each) for each in values.get("runtime", []) for name in each["names"]
    }
    wrappers: dict[str, list[Wrapper]] = {}
    for each in values.get("wrapper", []):
        for name in each["names"]:
            wrappers.setdefault(name, []).append(
                Wrapper(name, each.get("after", ""), frozenset(each.get("valued", ())))
            )
    programs: dict[str, list[Program]] = {}
    for each in values.get("program", []):
        program = _program(each)
        for name in each["tools"]:
            programs.setdefault(name, []).append(program)
    titles = tuple(
        TitleRule(re.compile(each["pattern"]), _program(each)) for each in values.get("title", [])
    )
    return Rules(
        Launchers(runtimes, {name: tuple(found) for name, found in wrappers.items()}),
        {name: tuple(found) for name, found in programs.items()},
        titles,
        frozenset(values.get("identifying_words", ())),
    )


def _runtime(values: dict[str, Any]) -> Runtime:
    sets = ("valued", "inline", "module", "archive", "skipped")
    return Runtime(values["names"][0], **{key: frozenset(values.get(key, ())) for key in sets})


def _program(values: dict[str, Any]) -> Program:
    return Program(
        values["label"],
        values.get("subcommands", {}),
        frozenset(values.get("valued", ())),
        frozenset(values.get("flags", ())),
        values.get("in_project", False),
        frozenset(values.get("runtimes", ())),
        frozenset(values.get("executables", ())),
        values.get("reader", ""),
    )


def fill_in(template: str, fields: Mapping[str, str]) -> str:
    """Fill in a template such as ``http.server {1:8000}[ in {--directory|cwd}]``.

    A field names what is known: the first of several names that is known, or the text behind a
    colon. A part in brackets is left out where one of its fields is unknown; an unknown field
    elsewhere becomes nothing.
    """
    without = _GROUP.sub(lambda group: _filled(group[1], fields) or "", template)
    return " ".join((_filled(without, fields, is_whole=True) or "").split())


def _filled(template: str, fields: Mapping[str, str], *, is_whole: bool = False) -> str | None:
    parts: list[str] = []
    for match in _PART.finditer(template):
        if match[1] is None:
            parts.append(match[2])
            continue
        names, _, default = match[1].partition(":")
        value = next((fields[name] for name in names.split("|") if fields.get(name)), default)
        if not value and not is_whole:
            return None
        parts.append(value)
    return "".join(parts)
