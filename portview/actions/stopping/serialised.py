"""How one process ended as JSON: for programs, and on the way from the elevated process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.actions.safety.process_facts import CloseMethod
from portview.actions.stopping.stop import Ending, StopResult
from portview.domain.json_schema import iso_time
from portview.domain.owners.process import ProcessKey

if TYPE_CHECKING:
    from collections.abc import Mapping


def result_object(result: StopResult) -> dict[str, Any]:
    """Return what became of one process, as ``free --json`` and ``end --json`` have it."""
    return {
        "pid": result.process.pid,
        "process_started": iso_time(result.process.started_ms or None),
        "ending": result.ending.value,
        "asked_by": result.asked.value,
        "after_ms": result.after_ms,
        "detail": result.detail,
    }


def travelling_result(result: StopResult) -> dict[str, Any]:
    """Return the same with the exact start time; ``read_result`` reads it."""
    return {**result_object(result), "started_ms": result.process.started_ms}


def read_result(values: Mapping[str, Any]) -> StopResult:
    """Read what ``travelling_result`` wrote. Raises KeyError, TypeError, ValueError."""
    return StopResult(
        ProcessKey(int(values["pid"]), int(values["started_ms"])),
        Ending(values["ending"]),
        CloseMethod(values["asked_by"]),
        int(values["after_ms"]),
        str(values["detail"]),
    )
