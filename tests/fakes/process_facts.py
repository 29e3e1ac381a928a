"""Facts about processes that were all read, from plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from portview.actions.safety.process_facts import ProcessFacts
from portview.domain.facts import ABSENT, Fact, Known
from portview.domain.owners.program import RunningProgram

if TYPE_CHECKING:
    from portview.actions.safety.process_facts import ServiceFacts
    from portview.domain.owners.process import ProcessInfo

T = TypeVar("T")

PROGRAM = RunningProgram(Known("f" * 16), Known("a" * 16), Known("c" * 16))


def read_facts(
    info: ProcessInfo,
    parent: ProcessInfo | None = None,
    services: tuple[ServiceFacts, ...] = (),
    unit: str | None = None,
    program: RunningProgram = PROGRAM,
    **more: object,
) -> ProcessFacts:
    """Return facts in which nothing is unreadable; nothing given means absent."""
    absent = {"session_tie": ABSENT, "restarted_by": ABSENT, "blockage": ABSENT}
    return ProcessFacts(
        info,
        parent=_fact(parent),
        services=_fact(services or None),
        unit=_fact(unit),
        program=program,
        **{**absent, **more},  # type: ignore[arg-type]
    )


def _fact(value: T | None) -> Fact[T]:
    return ABSENT if value is None else Known(value)
