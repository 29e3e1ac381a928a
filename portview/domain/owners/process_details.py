"""What is informed of one process beyond its row: where it comes from and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.facts import NOT_READ, Fact
from portview.domain.owners.process import Execution

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessInfo, ProcessKey


class ChainEnd(StrEnum):
    """Why a chain of parents goes no further."""

    FIRST = "first"
    OWNER_GONE = "owner_gone"
    PARENT_GONE = "parent_gone"
    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class ParentChain:
    """The processes that one comes from, nearest first.

    ``end_pid`` is the parent that could not be followed, None where there is none.
    """

    parents: tuple[ProcessInfo, ...] = ()
    end: ChainEnd = ChainEnd.FIRST
    end_pid: int | None = None


class NamedService(NamedTuple):
    """A service by what the system knows it by and by what people read. Untrusted texts."""

    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """What a process has used until ``at_ms`` (any clock that only goes forward).

    ``processor_ms`` is processor time since its start, in user and kernel mode, of all cores;
    ``memory_bytes`` is what it holds in main memory (resident set, working set). None: unreadable.
    """

    processor_ms: float | None
    memory_bytes: int | None
    at_ms: float


class OwnerQuestion(NamedTuple):
    """Whom to describe: the owner of a socket, or those who may hold it where it has none."""

    owner: ProcessKey | None
    likely_holders: tuple[ProcessKey, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnerDetails:
    """The answer. ``usage`` is None for an owner that is not running any more."""

    question: OwnerQuestion
    is_running: bool = False
    chain: ParentChain = ParentChain()
    services: Fact[tuple[NamedService, ...]] = NOT_READ
    usage: ProcessUsage | None = None
    holders: tuple[ProcessInfo, ...] = ()
    execution: Execution = Execution.UNKNOWN


def processor_share(before: ProcessUsage, after: ProcessUsage) -> float | None:
    """Return the processor time between two readings as a share of one core; 2.0 is two cores.

    None where it can't be determined.
    """
    elapsed_ms = after.at_ms - before.at_ms
    if before.processor_ms is None or after.processor_ms is None or elapsed_ms <= 0:
        return None
    return max(0.0, after.processor_ms - before.processor_ms) / elapsed_ms
