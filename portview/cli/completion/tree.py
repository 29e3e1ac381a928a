"""What can be typed after what: the parsers of the command line as plain values."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_FILES = re.compile(r"FILE|PATH|FOLDER|DIR")
_PLAIN_WORD = re.compile(r"[\w.:+@%/-]+", re.ASCII)


class Option(NamedTuple):
    """An option: its names, what it does, and what follows it.

    ``values`` are the words to choose from, ``takes_file`` says that it is a file's name; an option
    that takes a value of another kind has neither.
    """

    names: tuple[str, ...]
    help: str
    takes_value: bool = False
    values: tuple[str, ...] = ()
    takes_file: bool = False


class Word(NamedTuple):
    """A word that can be typed, and what it means."""

    text: str
    help: str = ""


class Place(NamedTuple):
    """What can follow a command. ``path`` are the words of the command, () for none yet.

    ``commands`` lead to another place, ``words`` are arguments to choose from.
    """

    path: tuple[str, ...]
    commands: tuple[Word, ...] = ()
    words: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    takes_file: bool = False


def places_of(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[Place]:
    """Yield every place of a command line, the outer ones first."""
    commands: list[Word] = []
    words: list[str] = []
    options: list[Option] = []
    inner: list[tuple[str, argparse.ArgumentParser]] = []
    takes_file = False
    for action in parser._actions:  # noqa: SLF001 - argparse has no other list of them
        if action.help == argparse.SUPPRESS:
            continue
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            about = {one.dest: one.help or "" for one in action._choices_actions}  # noqa: SLF001
            inner += action.choices.items()
            commands += [Word(name, _line(about.get(name, ""))) for name in action.choices]
        elif action.option_strings:
            options.append(_option(action))
        else:
            words += _values(action)
            takes_file = takes_file or _is_file(action)
    yield Place(path, tuple(commands), tuple(words), tuple(options), takes_file)
    for name, one in inner:
        yield from places_of(one, (*path, name))


def _option(action: argparse.Action) -> Option:
    return Option(
        tuple(action.option_strings),
        _line(action.help or ""),
        action.nargs != 0,
        _values(action),
        _is_file(action),
    )


def _values(action: argparse.Action) -> tuple[str, ...]:
    values = tuple(map(str, action.choices or ()))
    return tuple(value for value in values if _PLAIN_WORD.fullmatch(value))


def _is_file(action: argparse.Action) -> bool:
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    names = f"{action.dest.upper()} {metavar}"
    return action.nargs != 0 and not action.choices and bool(_OF_FILES.search(names))


def _line(text: str) -> str:
    """Return a help text as argparse prints it, on one line."""
    return " ".join(text.replace("%%", "%").split())
