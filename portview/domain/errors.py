"""How something that was asked for ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Outcome(IntEnum):
    """The end of a command or an action; the value is the exit code of the command line."""

    DONE = 0
    NOT_DONE = 1
    BAD_INPUT = 2
    NEEDS_ADMIN = 3
    FAILED = 4


@dataclass(frozen=True, slots=True)
class ActionReport:
    """What was asked, what was done, what is true now, and what to do next.

    ``now`` is what a second reading at the machine showed, never what a call returned.
    """

    outcome: Outcome
    asked: str
    done: str
    now: str
    next_step: str = ""


class PortViewError(Exception):
    """A failure that a person can be determined about.

    ``code`` is a stable snake_case word for programs, ``hint`` the next step for people.
    """

    def __init__(
        self, code: str, message: str, hint: str = "", outcome: Outcome = Outcome.FAILED
    ) -> None:
        """Create an error with a code, one clear sentence and a hint."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.outcome = outcome
