"""What a command line starts, seen through runtimes and wrappers. Pure.

``/usr/bin/node /srv/shop/node_modules/.bin/vite --port 3000`` starts vite,
``python -m http.server`` starts http.server, ``uv run uvicorn shop:app`` starts uvicorn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SEPARATORS = re.compile(r"[\\/]")
_PROGRAM_ENDINGS = re.compile(
    r"\.(?:exe|com|cmd|bat|ps1|sh|py|pyw|pyz|js|mjs|cjs|ts|mts|tsx|rb|php|pl|jar|war|dll|java)$",
    re.IGNORECASE,
)
_VERSION = re.compile(r"(?:[-_]?\d+(?:\.\d+)*)$")
_PACKAGE = re.compile(
    r".*node_modules[\\/](?:(?P<bin>\.bin)[\\/])?(?P<name>(?:@[^\\/]+[\\/])?[^\\/]+)"
)
_MAIN_FILES = frozenset(
    {"__main__", "index", "main", "cli", "server", "start", "run", "bin", "app"}
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Runtime:
    """How the command line of a runtime is read.

    ``valued`` are options that take the next argument, ``inline`` those whose value is code,
    ``module`` those that name a module, ``archive`` those that name a file to run. ``skipped`` are
    first words that only say how to run what follows.
    """

    name: str
    valued: frozenset[str] = frozenset()
    inline: frozenset[str] = frozenset()
    module: frozenset[str] = frozenset()
    archive: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A program that runs another one; ``after`` is the word behind which that begins."""

    name: str
    after: str = ""
    valued: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Launchers:
    """All runtimes and wrappers by their names."""

    runtimes: Mapping[str, Runtime] = field(default_factory=dict)
    wrappers: Mapping[str, tuple[Wrapper, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Launch:
    """What is started. ``tool`` is the name that rules go by, in lower case.

    ``script`` is the path or the module that the runtime was given, empty for a native program;
    ``is_inline`` says that it was given code instead. ``options`` are the runtime's own.
    """

    tool: str
    runtime: str = ""
    script: str = ""
    arguments: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    is_inline: bool = False


def file_name(path: str) -> str:
    """Return the last part of a path of any system."""
    return _SEPARATORS.split(path.rstrip("/\\"))[-1]


def program_stem(path: str) -> str:
    """Return the name of a program without folder and ending, in lower case."""
    return _PROGRAM_ENDINGS.sub("", file_name(path)).lower().lstrip("-")


def read_launch(command_line: Sequence[str], program: str, launchers: Launchers) -> Launch:
    """Return what a command line starts; ``program`` is the executable, for an unusual argv[0]."""
    words = tuple(command_line)
    name = _runtime_name(program_stem(words[0]) if words else program_stem(program), launchers)
    executable = _runtime_name(program_stem(program), launchers)
    if executable in launchers.runtimes and name not in {executable, *launchers.wrappers}:
        # What stands in the place of the command line is a title: its words are no arguments.
        return Launch(executable, executable)
    for _ in range(_DEEPEST):
        inner = _inside_wrapper(name, words[1:], launchers)
        if not inner:
            break
        words = inner
        name = _runtime_name(program_stem(words[0]), launchers)
    runtime = launchers.runtimes.get(name)
    if runtime is None:
        return Launch(name or executable, arguments=words[1:])
    return _in_runtime(runtime, words[1:])


def _runtime_name(stem: str, launchers: Launchers) -> str:
    """Return the name of a runtime without its version: python3.11, java-17, php8.2."""
    bare = _VERSION.sub("", stem)
    return bare if bare in launchers.runtimes and stem not in launchers.runtimes else stem


def _inside_wrapper(name: str, arguments: tuple[str, ...], launchers: Launchers) -> tuple[str, ...]:
    for wrapper in launchers.wrappers.get(name, ()):
        rest = arguments
        if wrapper.after:
            if wrapper.after not in rest:
                continue
            rest = rest[rest.index(wrapper.after) + 1 :]
        while rest and (rest[0].startswith("-") or _ASSIGNMENT.fullmatch(rest[0])):
            rest = rest[2 if rest[0] in wrapper.valued else 1 :]
        if rest:
            return rest
    return ()


def _in_runtime(runtime: Runtime, arguments: tuple[str, ...]) -> Launch:
    place = 0
    options: list[str] = []
    while place < len(arguments):
        word = arguments[place]
        following = arguments[place + 1] if place + 1 < len(arguments) else ""
        rest = arguments[place + 2 :]
        if _is_inline(word, runtime.inline):
            return Launch(runtime.name, runtime.name, options=tuple(options), is_inline=True)
        if word in runtime.module and following:
            tool = following.rpartition("/")[2].lower()
            return Launch(tool, runtime.name, following, rest, tuple(options))
        if word in runtime.archive and following:
            return Launch(tool_of_script(following), runtime.name, following, rest, tuple(options))
        if word in runtime.valued:
            options += [word, following]
            place += 2
        elif word.startswith("-") and word != "-":
            options.append(word)
            place += 1
        elif word in runtime.skipped and following:
            place += 1
        else:
            return Launch(
                tool_of_script(word),
                runtime.name,
                word,
                arguments[place + 1 :],
                tuple(options),
            )
    return Launch(runtime.name, runtime.name, options=tuple(options))


def _is_inline(word: str, inline: frozenset[str]) -> bool:
    """Return whether an argument is code or is followed by it: ``-c``, ``-ccode``, ``--eval=``."""
    return word in inline or any(
        word.startswith(f"{option}=" if option.startswith("--") else option)
        for option in inline
        if option.startswith("-")
    )


def tool_of_script(path: str) -> str:
    """Return the name of the tool that a script belongs to, in lower case.

    A file in node_modules belongs to its package, ``__main__.py`` to the folder around it.
    """
    package = _PACKAGE.match(path)
    if package:
        name = package["name"].replace("\\", "/")
        return program_stem(name) if package["bin"] else name.lower()
    stem = program_stem(path)
    if stem == "__main__":
        parts = _SEPARATORS.split(path)
        return parts[-2].lower() if len(parts) > 1 else stem
    return stem.removesuffix("-script")


def is_generic(tool: str) -> bool:
    """Return whether a script's name says nothing by itself, like index.js or main.py."""
    return tool in _MAIN_FILES
