"""Verdicts of probes: what a port did when it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Verdict(StrEnum):
    """What a probe found out.

    OPEN, CLOSED, FILTERED, UNREACHABLE and OPEN_OR_FILTERED are meant as nmap uses them. OK and
    FAILED are for probes that also check what was answered (HTTP, TLS); FAILED stands as well for
    a listener of this machine that takes nobody, and for a UDP answer from elsewhere. UNRESOLVED
    is a name without an address; ERROR is a failure on this machine, which says nothing about the
    target.
    HUNG_UP is a TCP port that accepts connections and ends them at once without a word.
    """

    OPEN = "open"
    CLOSED = "closed"
    FILTERED = "filtered"
    UNREACHABLE = "unreachable"
    OPEN_OR_FILTERED = "open|filtered"
    OK = "ok"
    FAILED = "failed"
    HUNG_UP = "hung_up"
    UNRESOLVED = "unresolved"
    ERROR = "error"

    @property
    def is_good(self) -> bool:
        """Return whether the target answered as asked for."""
        return self in {Verdict.OPEN, Verdict.OK}


_BEST_FIRST = (
    Verdict.OK,
    Verdict.OPEN,
    Verdict.FAILED,
    Verdict.HUNG_UP,
    Verdict.OPEN_OR_FILTERED,
    Verdict.FILTERED,
    Verdict.CLOSED,
    Verdict.UNREACHABLE,
    Verdict.ERROR,
    Verdict.UNRESOLVED,
)


def best_verdict(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict nearest to an answer: what a client that tries all addresses sees."""
    return min(verdicts, key=_BEST_FIRST.index)


@dataclass(frozen=True, slots=True)
class Latency:
    """Times of several tries, in milliseconds."""

    min_ms: float
    median_ms: float
    max_ms: float

    @classmethod
    def of(cls, times_ms: Sequence[float]) -> Latency | None:
        """Sum up times; None where there is none."""
        if not times_ms:
            return None
        from statistics import median  # noqa: PLC0415 - slow to load

        return cls(min(times_ms), median(times_ms), max(times_ms))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a piece of work is: ``done`` of ``total`` (0 where not known in advance).

    ``text`` is one plain sentence part for people, ``left_ms`` the estimated time left.
    """

    done: int
    total: int
    text: str = ""
    left_ms: float | None = None
