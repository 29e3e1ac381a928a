"""The other side of the one door to administrator rights: reads a request, does it, answers."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portview.actions.connections.close import (
    check_connection,
    close_connection,
    inspect_connection,
)
from portview.actions.elevation.request import (
    ElevatedOperation,
    ElevatedRequest,
    parse_elevated_request,
)
from portview.actions.free_port.elevated_holders import holder_values
from portview.actions.inspection.process_inspection import ProcessInspector
from portview.actions.processes.suspend import SuspendVerb, change_execution, inspect_execution
from portview.actions.safety.stop_refusal import stop_refusal
from portview.actions.services.change import (
    check_holder,
    check_service,
    read_service,
    restart_service,
    start_service,
    stop_service,
)
from portview.actions.stopping.serialised import travelling_result
from portview.actions.stopping.stop import stop_processes
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _
from portview.readers.process_identity import has_ended

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.actions.safety.refusals import Refusal

logger = logging.getLogger(__name__)

_SERVICE_CHANGES = {
    ElevatedOperation.STOP_SERVICE: stop_service,
    ElevatedOperation.START_SERVICE: start_service,
    ElevatedOperation.RESTART_SERVICE: restart_service,
}

_EXECUTION_CHANGES = {
    ElevatedOperation.SUSPEND: SuspendVerb.SUSPEND,
    ElevatedOperation.RESUME: SuspendVerb.RESUME,
}


def run_elevated_request(arguments: Sequence[str], answer: Callable[[bytes], None]) -> int:
    """Do an elevated request, hand its report to ``answer`` as JSON and return an exit code.

    Nothing is believed: the arguments are validated, the never list is applied and every process
    is identified again.
    """
    try:
        document = _carry_out(parse_elevated_request(arguments))
    except PortViewError as error:
        document = error_answer(error)
    except Exception:
        logger.exception("the elevated request failed: %r", list(arguments))
        document = error_answer(
            PortViewError("unexpected_failure", _("The elevated request failed."))
        )
    answer(json.dumps(document).encode())
    return int(document["outcome"])


def _carry_out(elevated_request: ElevatedRequest) -> dict[str, Any]:
    logger.info("elevated request: %s", elevated_request)
    handler = _HANDLERS.get(elevated_request.verb)
    if handler is not None:
        return handler(elevated_request)
    if (
        elevated_request.verb is ElevatedOperation.CLOSE
        and elevated_request.local
        and elevated_request.remote
    ):
        plan = inspect_connection(elevated_request.local, elevated_request.remote)
        check_connection(
            plan.row, elevated_request.token, {one.key for one in elevated_request.processes}
        )
        report = close_connection(plan)
        return {"outcome": int(report.outcome)}
    if elevated_request.verb is ElevatedOperation.HOLDERS:
        holders = holder_values(elevated_request.protocol, elevated_request.port)
        return {"outcome": int(Outcome.DONE), "holders": holders}
    if elevated_request.verb in _EXECUTION_CHANGES:
        (seen,) = elevated_request.processes
        looked = inspect_execution(seen.key, _EXECUTION_CHANGES[elevated_request.verb])
        changed = change_execution(replace(looked, seen=seen))
        if changed.plan.refusal is not None:
            raise _refused(changed.plan.refusal)
        return {"outcome": int(changed.outcome)}
    if elevated_request.rule_spec is not None or elevated_request.rule_ids:
        # Loaded with the first such elevated request: it reads sockets and rules.
        from portview.actions.elevated_helper.firewall import carry_out  # noqa: PLC0415

        return carry_out(elevated_request)
    if elevated_request.processes:
        check_holder(elevated_request.processes[0], elevated_request.service)
    service = read_service(elevated_request.service)
    if elevated_request.verb is not ElevatedOperation.START_SERVICE:
        check_service(service, ProcessInspector().standpoint())
    return {"outcome": int(_SERVICE_CHANGES[elevated_request.verb](service).outcome)}


def _stop(elevated_request: ElevatedRequest) -> dict[str, Any]:
    inspector = ProcessInspector()
    standpoint = inspector.standpoint()
    for seen in elevated_request.processes:
        if has_ended(seen.key):
            continue  # What became of it, the handle reports.
        # The same is asked again on the handle; here a refusal is an answer of its own.
        reason = stop_refusal(inspector.facts_of(seen.key), standpoint)
        if reason is not None:
            raise _refused(reason)
    results = stop_processes(
        elevated_request.processes,
        grace_s=elevated_request.grace_ms / 1000,
        force=elevated_request.force,
    )
    is_over = all(result.ending.is_over for result in results)
    return {
        "outcome": int(Outcome.DONE if is_over else Outcome.NOT_DONE),
        "results": [travelling_result(result) for result in results],
    }


def _change_setting(elevated_request: ElevatedRequest) -> dict[str, Any]:
    # Loaded with the first such request.
    from portview.actions.port_settings.change import (  # noqa: PLC0415
        apply_setting,
        plan_setting,
    )

    if elevated_request.setting is None:
        raise AssertionError  # The parser gives it one.
    return {"outcome": int(apply_setting(plan_setting(elevated_request.setting)).outcome)}


_HANDLERS: dict[ElevatedOperation, Callable[[ElevatedRequest], dict[str, Any]]] = {
    ElevatedOperation.STOP: _stop,
    ElevatedOperation.CHANGE_SETTING: _change_setting,
}


def _refused(reason: Refusal) -> PortViewError:
    return PortViewError(reason.code, reason.reason, reason.advice, Outcome.NOT_DONE)


def error_answer(error: PortViewError) -> dict[str, Any]:
    """Return an error as it travels."""
    return {
        "outcome": int(error.outcome),
        "error": {"code": error.code, "message": error.message, "hint": error.hint},
    }
