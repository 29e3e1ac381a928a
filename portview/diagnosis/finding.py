"""What a cause says about a set of facts: how certain, by what evidence, and what helps."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portview.diagnosis.remedies import Remediation


class Side(StrEnum):
    """What suffers: BIND, a server that wants the port; REACH, clients of the one that has it."""

    BIND = "bind"
    REACH = "reach"


class Certainty(StrEnum):
    """How certain a cause is, the most certain first.

    PROVED needs evidence that excludes the causes that look alike.
    """

    PROVED = "proved"
    LIKELY = "likely"
    POSSIBLE = "possible"
    RULED_OUT = "ruled_out"
    CANNOT_TELL = "cannot_tell"

    @property
    def is_a_cause(self) -> bool:
        """Return whether it counts among the causes of an answer."""
        return self in {Certainty.PROVED, Certainty.LIKELY, Certainty.POSSIBLE}


class Harm(IntEnum):
    """How much a fix may break, the least first."""

    NONE = 0
    LITTLE = 1
    """A setting that is easily put back, or what is lost anyhow."""
    PROGRAM = 2
    """One program of the person's own ends or restarts."""
    SHARED = 3
    """Something that others rely on: a service, a container, everybody's rights."""
    SEVERE = 4
    """Networking of the whole machine for a moment, or something that can't be undone."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact behind a finding: what was asked, what the machine said, and who said it."""

    fact: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A way out.

    ``command`` is what to run, None for what a program's own settings decide. ``harm_words`` and
    ``undo`` are sentences, empty for "none". ``remediation`` carries it out from the window.
    """

    sentence: str
    command: tuple[str, ...] | None = None
    needs_admin: bool = False
    harm: Harm = Harm.NONE
    harm_words: str = ""
    undo: str = ""
    remediation: Remediation | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one cause says.

    ``would_need`` is a sentence on what would let PortView report, for CANNOT_TELL alone.
    ``follow_up`` says the same where another sentence has named the program just before.
    """

    code: str
    side: Side
    certainty: Certainty
    sentence: str
    evidence: tuple[Evidence, ...] = ()
    fixes: tuple[Fix, ...] = field(default=())
    would_need: str = ""
    follow_up: str = ""


def ruled_out(code: str, side: Side, sentence: str) -> Finding:
    """Return the finding that it is not this."""
    return Finding(code, side, Certainty.RULED_OUT, sentence)


def cannot_tell(code: str, side: Side, sentence: str, would_need: str) -> Finding:
    """Return the finding that a fact is missing, and what would give it."""
    return Finding(code, side, Certainty.CANNOT_TELL, sentence, would_need=would_need)
