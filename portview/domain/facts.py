"""Facts read from the machine: known, absent, or unreadable with the reason.

"Could not be read" and "there is none" lead to opposite decisions. A reader therefore returns one
of three types, and whoever decides has to say what each of them means; the type checker finds who
forgets. An act that needs an unreadable fact is refused.

    services: Fact[tuple[str, ...]] = Known(("Spooler",)) | Absent() | Unreadable(reason, remedy)
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from portview.i18n import N_, _

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Remedy(enum.StrEnum):
    """What would make an unreadable fact readable; the value is stable for JSON."""

    ADMINISTRATOR = "administrator"
    """The same question, asked with administrator rights."""
    CAPABILITY = "capability"
    """Already root or elevated, but without a capability or privilege that the reason names."""
    NAMESPACE = "namespace"
    """The same question, asked from another namespace: the host's, or the container's."""
    RETRY = "retry"
    """The same question a moment later: the fact changed while it was read."""
    TOOL = "tool"
    """A program that is missing or does not answer; the reason names it."""
    NOTHING = "nothing"
    """This system does not say it."""


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """The machine was asked and gave this value."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Absent:
    """The machine was asked and has none: proved, not presumed."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The machine did not say.

    ``message`` is a sentence for people without a full stop, translated or marked for translation.
    """

    __match_args__ = ("reason", "remedy")

    message: str
    remedy: Remedy = Remedy.NOTHING

    @property
    def reason(self) -> str:
        """Return the message in the person's language: a constant can only be marked for it."""
        return _(self.message)


Fact: TypeAlias = Known[T] | Absent | Unreadable
"""A value, proved absence, or the reason why neither is known."""

ABSENT = Absent()
NOT_READ = Unreadable(N_("it was not read"))
"""What a fact is until somebody reads it: nobody may take it for absent."""


def known_or(fact: Fact[T], default: T) -> T:
    """Return the value, or ``default`` for absent and unreadable alike.

    For showing only: a decision has to distinguish absent from unreadable.
    """
    return fact.value if isinstance(fact, Known) else default
