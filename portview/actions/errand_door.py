"""The other side of the one door to administrator rights: reads an errand, does it, answers."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portview.actions.close_connection import (
    check_connection,
    close_connection,
    look_at_connection,
)
from portview.actions.elevated_look import holder_values
from portview.actions.errands import Errand, ErrandVerb, parse_errand
from portview.actions.look import Look
from portview.actions.plan import stop_refusal
from portview.actions.service_change import (
    check_holder,
    check_service,
    read_service,
    restart_service,
    start_service,
    stop_service,
)
from portview.actions.stopping import StopResult, stop_processes
from portview.actions.suspend_process import SuspendVerb, change_execution, look_at_execution
from portview.domain.outcome import Outcome, PortViewError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.actions.refusals import Refusal

logger = logging.getLogger(__name__)

_SERVICE_CHANGES = {
    ErrandVerb.STOP_SERVICE: stop_service,
    ErrandVerb.START_SERVICE: start_service,
    ErrandVerb.RESTART_SERVICE: restart_service,
}

_EXECUTION_CHANGES = {
    ErrandVerb.SUSPEND: SuspendVerb.SUSPEND,
    ErrandVerb.RESUME: SuspendVerb.RESUME,
}


def run_errand(arguments: Sequence[str], answer: Callable[[bytes], None]) -> int:
    """Do an errand, hand its report to ``answer`` as JSON and return an exit code.

    Nothing is believed: the arguments are validated, the never list is applied and every process
    is identified anew.
    """
    try:
        document = _carry_out(parse_errand(arguments))
    except PortViewError as error:
        document = error_answer(error)
    except Exception:
        logger.exception("the errand failed: %r", list(arguments))
        document = error_answer(PortViewError("unexpected_failure", "The errand failed."))
    answer(json.dumps(document).encode())
    return int(document["outcome"])


def _carry_out(errand: Errand) -> dict[str, Any]:
    logger.info("errand: %s", errand)
    if errand.verb is ErrandVerb.STOP:
        return _stop(errand)
    if errand.verb is ErrandVerb.CLOSE and errand.local and errand.remote:
        plan = look_at_connection(errand.local, errand.remote)
        check_connection(plan.row, errand.token, {one.key for one in errand.processes})
        report = close_connection(plan)
        return {"outcome": int(report.outcome)}
    if errand.verb is ErrandVerb.HOLDERS:
        holders = holder_values(errand.protocol, errand.port)
        return {"outcome": int(Outcome.DONE), "holders": holders}
    if errand.verb in _EXECUTION_CHANGES:
        (seen,) = errand.processes
        looked = look_at_execution(seen.key, _EXECUTION_CHANGES[errand.verb])
        changed = change_execution(replace(looked, seen=seen))
        if changed.plan.refusal is not None:
            raise _refused(changed.plan.refusal)
        return {"outcome": int(changed.outcome)}
    if errand.wish is not None or errand.rule_ids:
        # Loaded with the first such errand: it reads sockets and rules.
        from portview.actions.firewall_errands import carry_out  # noqa: PLC0415

        return carry_out(errand)
    if errand.processes:
        check_holder(errand.processes[0], errand.service)
    service = read_service(errand.service)
    if errand.verb is not ErrandVerb.START_SERVICE:
        check_service(service, Look().standpoint())
    return {"outcome": int(_SERVICE_CHANGES[errand.verb](service).outcome)}


def _stop(errand: Errand) -> dict[str, Any]:
    look = Look()
    standpoint = look.standpoint()
    for seen in errand.processes:
        # The same is asked again on the handle; here a refusal is an answer of its own.
        reason = stop_refusal(look.facts_of(seen.key), standpoint)
        if reason is not None:
            raise _refused(reason)
    results = stop_processes(errand.processes, grace_s=errand.grace_ms / 1000, force=errand.force)
    is_over = all(result.ending.is_over for result in results)
    return {
        "outcome": int(Outcome.DONE if is_over else Outcome.NOT_DONE),
        "results": [result_values(result) for result in results],
    }


def _refused(reason: Refusal) -> PortViewError:
    return PortViewError(reason.code, reason.reason, reason.advice, Outcome.NOT_DONE)


def result_values(result: StopResult) -> dict[str, Any]:
    """Return a result as it travels; ``elevation`` reads it."""
    return {
        "pid": result.process.pid,
        "started_ms": result.process.started_ms,
        "ending": result.ending.value,
        "asked": result.asked.value,
        "after_ms": result.after_ms,
        "detail": result.detail,
    }


def error_answer(error: PortViewError) -> dict[str, Any]:
    """Return an error as it travels."""
    return {
        "outcome": int(error.outcome),
        "error": {"code": error.code, "message": error.message, "hint": error.hint},
    }
