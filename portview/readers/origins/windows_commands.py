"""Commands as Windows keeps them: one text with a program, its arguments and variables. Pure."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VARIABLE = re.compile(r"%([^%]+)%")
_LONGEST = 8192
_ENDINGS = (".exe", ".com", ".bat", ".cmd")


class WindowsCommand(NamedTuple):
    """A program, in lower case, and its arguments as they stand."""

    program: str
    arguments: tuple[str, ...]


def command_of(
    program: str, arguments: str, variables: Mapping[str, str] = os.environ
) -> WindowsCommand | None:
    """Return a command whose program stands apart from its arguments; None without one."""
    path = expand(program.strip(), variables).strip('"').lower()
    return WindowsCommand(path, split(expand(arguments, variables))) if path else None


def command_of_line(
    line: str, executable: str, variables: Mapping[str, str] = os.environ
) -> WindowsCommand | None:
    """Return the command of a whole line, as a Run key has it.

    Without quotation marks a path may hold spaces, and only trying shows where it ends: it counts
    as ``executable`` where it begins so.
    """
    text = expand(line[:_LONGEST].strip(), variables)
    if text.startswith('"'):
        program, _quote, rest = text[1:].partition('"')
        return command_of(program, rest, {})
    if executable and text.lower().startswith(executable.lower()):
        return command_of(executable, text[len(executable) :], {})
    program, _space, rest = text.partition(" ")
    return command_of(program, rest, {})


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Return a text with ``%NAME%`` replaced; what is unknown stays."""
    folded = {name.upper(): value for name, value in variables.items()}
    return _VARIABLE.sub(lambda found: folded.get(found[1].upper(), found[0]), text[:_LONGEST])


def split(text: str) -> tuple[str, ...]:
    """Split arguments as "Parsing C Command-Line Arguments" of Microsoft's documentation says."""
    words: list[str] = []
    word: list[str] = []
    is_quoted = is_word = False
    place = 0
    while place < len(text):
        letter = text[place]
        if letter == "\\":
            end = place
            while end < len(text) and text[end] == "\\":
                end += 1
            count = end - place
            is_word = True
            if text[end : end + 1] == '"':
                word.append("\\" * (count // 2))
                if count % 2:
                    word.append('"')
                    end += 1
            else:
                word.append("\\" * count)
            place = end
            continue
        if letter == '"':
            is_quoted, is_word = not is_quoted, True
        elif letter in " \t" and not is_quoted:
            if is_word:
                words.append("".join(word))
            word, is_word = [], False
        else:
            word.append(letter)
            is_word = True
        place += 1
    return (*words, "".join(word)) if is_word else tuple(words)


def matches(command: WindowsCommand, executable: str, command_line: Sequence[str]) -> bool:
    """Return whether a process runs a command: the same program with the same arguments."""
    if tuple(command_line[1:]) != command.arguments:
        return False
    programs = {executable.lower(), (command_line[0] if command_line else "").lower()}
    if "\\" in command.program:
        return bool({command.program, *(command.program + end for end in _ENDINGS)} & programs)
    # A bare name is looked for on the search path.
    names = {program.rpartition("\\")[2] for program in programs}
    return bool({command.program, *(command.program + end for end in _ENDINGS)} & names)
