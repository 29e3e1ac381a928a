"""Which program a process runs, so that another one in its place is noticed. Pure.

A process ID with a start time names a process for good, but not its program: exec replaces the
program and keeps both. Everything here is a short token, made to be compared and handed to an
elevated process, never to be shown.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.facts import NOT_READ, Fact, Known, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN_DIGITS = 16


@dataclass(frozen=True, slots=True)
class RunningProgram:
    """The program of a process at one moment.

    ``file`` stands for the executable: device, inode and path, or Windows' file ID and image path.
    ``load`` changes with every exec and with nothing else; absent on Windows, where a process
    keeps its program. ``command`` stands for the name and the command line, which a program may
    change itself.
    """

    file: Fact[str] = NOT_READ
    load: Fact[str] = NOT_READ
    command: Fact[str] = NOT_READ


PROGRAM_NOT_READ = RunningProgram()
"""What is known of a program before anybody reads it."""


class Sameness(StrEnum):
    """The answers of ``compare_programs``."""

    SAME = "same"
    OTHER = "other"
    UNREADABLE = "unreadable"


def token_of(parts: Iterable[object]) -> str:
    """Return 16 hexadecimal digits that stand for these values."""
    text = "\0".join(str(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_TOKEN_DIGITS]


def compare_programs(seen: RunningProgram, now: RunningProgram) -> Sameness:
    """Return whether a process still runs the program that was seen.

    It does where the executable is the same file and no exec came in between. After an exec, or
    where the system doesn't report, the command line has to be the same as well. What could be read
    when it was seen and can't be read now is no proof.
    """
    match seen.file, now.file:
        case Known(before), Known(after) if before != after:
            return Sameness.OTHER
        case Known(), Known() if _is_same_load(seen.load, now.load):
            return Sameness.SAME
        case (Known(), Known()) | (Unreadable(), _):
            # An exec of the same file, or another user's process, of which the name and the
            # command line are all that was seen.
            return _compare_commands(seen.command, now.command)
        case _:
            return Sameness.UNREADABLE


def _is_same_load(seen: Fact[str], now: Fact[str]) -> bool:
    return not isinstance(seen, Unreadable) and seen == now


def _compare_commands(seen: Fact[str], now: Fact[str]) -> Sameness:
    match seen, now:
        case Known(before), Known(after):
            return Sameness.SAME if before == after else Sameness.OTHER
        case _:
            return Sameness.UNREADABLE
