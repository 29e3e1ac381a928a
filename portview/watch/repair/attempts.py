"""Attempts to repair: how many are left is counted from the store, so that a restart gives none."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from portview.watch.rules.model import RepairStep


class RepairResult(enum.StrEnum):
    """How an attempt ended; the value is stored and stable."""

    STARTED = "started"
    REPAIRED = "repaired"
    NOT_REPAIRED = "not_repaired"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    REFUSED_ADMIN = "refused_admin"
    REFUSED = "refused"

    @property
    def is_refused(self) -> bool:
        """Return whether nothing was done: it costs no attempt."""
        return self in {RepairResult.REFUSED, RepairResult.REFUSED_ADMIN}


@dataclass(frozen=True, slots=True)
class NextStep:
    """The step that is next. ``wait_ms`` is how long its pause still lasts, 0 for now."""

    place: int
    step: RepairStep
    wait_ms: float = 0.0


def step_key(place: int, step: RepairStep) -> str:
    """Return what an attempt is counted under."""
    return f"{place + 1} {step.kind.value}"


def next_step(
    steps: Sequence[RepairStep], attempts: Sequence[Sequence[int]], now_ms: int
) -> NextStep | None:
    """Return the first step that is not used up; None where all are. Pure.

    ``attempts`` has the wall times of each step's attempts. Those of the future, by a clock that
    was set back, count as made now.
    """
    for place, step in enumerate(steps):
        recent = [at for at in attempts[place] if now_ms - at < step.within_s * 1000]
        if len(recent) >= step.attempts:
            continue
        if not recent:
            return NextStep(place, step)
        pause_ms = step.backoff_s * 1000 * 2 ** min(len(recent) - 1, 16)
        since_ms = max(0, now_ms - max(recent))
        return NextStep(place, step, max(0.0, pause_ms - since_ms))
    return None


def attempts_of(
    connection: sqlite3.Connection, watch: str, steps: Sequence[RepairStep]
) -> list[list[int]]:
    """Return when each step of a watch was tried; what was refused is no attempt."""
    found = []
    for place, step in enumerate(steps):
        rows = connection.execute(
            "SELECT at_ms FROM repair_attempts WHERE watch = ? AND step = ?"
            " AND result NOT IN (?, ?) ORDER BY at_ms DESC LIMIT 1000",
            (
                watch,
                step_key(place, step),
                RepairResult.REFUSED.value,
                RepairResult.REFUSED_ADMIN.value,
            ),
        )
        found.append([at_ms for (at_ms,) in rows])
    return found


def was_refused(connection: sqlite3.Connection, incident: str, step: str, detail: str) -> bool:
    """Return whether the same refusal was kept of an incident already."""
    row = connection.execute(
        "SELECT 1 FROM repair_attempts WHERE incident = ? AND step = ? AND detail = ?"
        " AND result IN (?, ?)",
        (incident, step, detail, RepairResult.REFUSED.value, RepairResult.REFUSED_ADMIN.value),
    ).fetchone()
    return row is not None


def add_attempt(  # noqa: PLR0917 - the columns in their order
    connection: sqlite3.Connection,
    watch: str,
    step: str,
    incident: str,
    at_ms: int,
    result: RepairResult,
    detail: str,
) -> int:
    """Keep an attempt before it is made, or one that is refused; return its number."""
    added = connection.execute(
        "INSERT INTO repair_attempts (watch, step, incident, at_ms, result, detail)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (watch, step, incident, at_ms, result.value, detail),
    )
    return added.lastrowid or 0


def end_attempt(
    connection: sqlite3.Connection, number: int, result: RepairResult, detail: str
) -> None:
    """Keep how an attempt ended."""
    connection.execute(
        "UPDATE repair_attempts SET result = ?, detail = ? WHERE id = ?",
        (result.value, detail, number),
    )
