"""Plans and reports in the JSON form that programs rely on: stable snake_case keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.actions.free_port.restart_words import restart_sentences
from portview.actions.stopping.serialised import result_object
from portview.domain.facts import Known, Unreadable
from portview.domain.json_schema import iso_time, socket_object

if TYPE_CHECKING:
    from portview.actions.free_port.execute import FreeReport
    from portview.actions.free_port.plan import FreePlan, PlanStep
    from portview.actions.free_port.verify import Proof
    from portview.actions.processes.suspend import SuspendPlan
    from portview.actions.safety.process_facts import ProcessFacts, ServiceFacts
    from portview.actions.safety.refusals import Refusal
    from portview.domain.errors import ActionReport
    from portview.domain.facts import Fact
    from portview.domain.owners.blockage import Blockage
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.owners.restarters import Restarter
    from portview.domain.owners.service import Service


def process_object(info: ProcessInfo | None) -> dict[str, Any] | None:
    """Return what identifies and describes a process."""
    if info is None:
        return None
    return {
        "pid": info.pid,
        "process_started": iso_time(info.key.started_ms or None),
        "process": info.name,
        "executable": info.executable,
        "command_line": list(info.command_line) if info.command_line is not None else None,
        "user": info.user,
    }


def service_object(facts: ServiceFacts) -> dict[str, Any]:
    """Return what is known about a service."""
    return {
        **_service(facts.service),
        "manager": facts.manager,
        "start_type": facts.start_type,
        "can_be_stopped": facts.can_be_stopped,
        "restarts": facts.restarts,
        "triggered_by": list(facts.triggers),
        "dependents": [_service(dependent) for dependent in facts.dependents],
    }


def unreadable_objects(process: ProcessFacts) -> list[dict[str, str]]:
    """Return what could not be read about a process, why, and what would make it readable."""
    facts = {
        "services": process.services,
        "parent": process.parent,
        "unit": process.unit,
        "is_critical": process.is_critical,
        "program": process.program.file,
    }
    return [
        {"fact": name, "reason": fact.reason, "remedy": fact.remedy.value}
        for name, fact in facts.items()
        if isinstance(fact, Unreadable)
    ]


def step_object(step: PlanStep) -> dict[str, Any]:
    """Return one step of a plan."""
    process = step.process
    return {
        "action": step.kind.value,
        "process": process_object(process.info) if process else None,
        "started_by": process_object(process.shown_parent) if process else None,
        "asked_by": process.asking.value if process and step.kind.value == "ask_to_close" else None,
        "is_guess": step.is_guess,
        "service": service_object(step.service) if step.service else None,
        "unit": process.shown_unit if process else None,
        "unreadable": unreadable_objects(process) if process else [],
        "execution": process.execution.value if process else None,
        "blocked": _blockage_object(process.blockage) if process else None,
        "restarted_by": _restarter_object(process.restarted_by) if process else None,
        "tree": [process_object(member.info) for member in step.tree],
        "refusal": _refusal_object(step.refusal),
        "sockets": [socket_object(row, _info_of(process)) for row in step.sockets],
    }


def _blockage_object(fact: Fact[Blockage]) -> dict[str, Any] | None:
    """Return what keeps signals from a process; null where nothing is known to."""
    if not isinstance(fact, Known):
        return None
    return {
        "kind": fact.value.kind.value,
        "control_group": fact.value.group or None,
        "thaw": fact.value.thaw or None,
        "even_kill_waits": fact.value.even_kill_waits,
    }


def _restarter_object(fact: Fact[Restarter]) -> dict[str, Any] | None:
    """Return who would start a process again; null where nobody is known to."""
    if not isinstance(fact, Known):
        return None
    process = fact.value.process
    return {
        "kind": fact.value.kind.value,
        "name": fact.value.name,
        "pid": process.pid if process else None,
        "process_started": iso_time(process.started_ms or None) if process else None,
        "is_certain": fact.value.is_certain,
        "how": fact.value.how or None,
        "stop": fact.value.stop or None,
    }


def plan_object(plan: FreePlan) -> dict[str, Any]:
    """Return a whole plan."""
    return {
        "is_possible": plan.is_possible,
        "steps": [step_object(step) for step in plan.steps],
        "served": [socket_object(row, None) for row in plan.served],
        "left_alone": [
            socket_object(row, plan.neighbours.get(row.owner) if row.owner else None)
            for row in plan.left_alone
        ],
        "is_shared": plan.is_shared,
        "restarts": list(restart_sentences(plan.steps)) if plan.is_possible else [],
    }


def suspend_object(plan: SuspendPlan) -> dict[str, Any]:
    """Return what is to be done to a process that is suspended or resumed."""
    return {
        "action": plan.verb.value,
        "is_possible": plan.is_possible,
        "process": process_object(plan.process.info),
        "execution": plan.process.execution.value,
        "refusal": _refusal_object(plan.refusal),
        "sockets": [socket_object(row, plan.process.info) for row in plan.sockets],
    }


def report_object(report: ActionReport) -> dict[str, Any]:
    """Return the sentences of any report and its outcome."""
    return {
        "outcome": report.outcome.name.lower(),
        "asked": report.asked,
        "done": report.done,
        "now": report.now,
        "next_step": report.next_step,
    }


def free_document(
    plan: FreePlan, report: FreeReport | None, *, is_dry_run: bool = False
) -> dict[str, Any]:
    """Return the document of ``free --json``.

    A dry run has a report only where the plan stops nothing: then it is that of the real run.
    """
    return {
        "port": plan.request.port,
        "protocol": plan.request.protocol.value,
        "address": plan.request.address,
        "dry_run": is_dry_run or report is None,
        "plan": plan_object(plan),
        "report": _free_report_object(report) if report else None,
    }


def _free_report_object(report: FreeReport) -> dict[str, Any]:
    return {
        **report_object(report),
        "results": [result_object(result) for result in report.results],
        "service_problems": [
            {"code": problem.code, "message": problem.message, "hint": problem.hint}
            for problem in report.service_problems
        ],
        "proof": _proof_object(report.proof) if report.proof else None,
    }


def _proof_object(proof: Proof) -> dict[str, Any]:
    return {
        "verdict": proof.verdict.value,
        "bind": proof.bind.verdict.value,
        "free_after_ms": proof.free_after_ms,
        "time_wait_left_s": proof.time_wait_left_s,
        "holders": [
            {
                "socket": socket_object(holder.row, _info_of(holder.process)),
                "started_by": (
                    process_object(holder.process.shown_parent) if holder.process else None
                ),
                "is_same_starter": holder.starter is not None,
                "service": holder.service,
            }
            for holder in proof.holders
        ],
    }


def _refusal_object(refusal: Refusal | None) -> dict[str, Any] | None:
    if refusal is None:
        return None
    return {
        "code": refusal.code,
        "reason": refusal.reason,
        "advice": refusal.advice,
        "needs_admin": refusal.needs_admin,
    }


def _service(service: Service) -> dict[str, Any]:
    return {
        "name": service.name,
        "display_name": service.display_name,
        "state": service.state.value if service.state else None,
        "pid": service.pid,
    }


def _info_of(process: ProcessFacts | None) -> ProcessInfo | None:
    return process.info if process else None
