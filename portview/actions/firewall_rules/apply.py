"""Make and revoke rules of the firewall, and read the rules again after each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.elevation.client import run_elevated
from portview.actions.elevation.request import ElevatedOperation, ElevatedRequest
from portview.actions.firewall_rules.report import FirewallReport, RevokeReport
from portview.actions.firewall_rules.report_text import (
    made_report,
    needless_report,
    revoked_report,
    revokes_report,
)
from portview.actions.firewall_rules.subnets import subnets_of_rules
from portview.actions.firewall_rules.verify import prove
from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import FirewallQuestion, RuleEffect
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from portview.actions.firewall_rules.plan import RevokePlan, RulePlan
    from portview.domain.cancellation import CancelToken
    from portview.domain.firewall import ManagedRule
    from portview.firewall.interface import Firewall

VERBS = {
    RuleEffect.ALLOW: ElevatedOperation.ALLOW_PORT,
    RuleEffect.BLOCK: ElevatedOperation.BLOCK_PORT,
}


def make_rule(
    firewall: Firewall,
    plan: RulePlan,
    *,
    as_admin: bool = False,
    cancel: CancelToken | None = None,
) -> FirewallReport:
    """Make a rule, read the rules again and decide again. Raises PortViewError, Cancelled.

    With ``as_admin`` it is planned again and made by the side with administrator rights, whose
    rule has an id of its own.
    """
    rule_id = plan.change.id
    answer: dict[str, Any] | None = None
    if as_admin:
        answer = run_elevated(
            ElevatedRequest(VERBS[plan.rule_spec.effect], rule_spec=plan.rule_spec), cancel
        )
        rule_id = str(answer.get("rule_id", ""))
    elif plan.refusal is not None:
        raise plan.refusal
    elif not plan.change.commands:
        return needless_report(plan)
    else:
        firewall.apply(plan.change)
    rules = firewall.read()
    if answer is not None and (rules.status.problem or not rule_id):
        return _reported(answer)
    proof = prove(rules, plan.rule_spec, plan.question, plan.subnets, rule_id)
    return made_report(plan, proof, rule_id)


def revoke_rules(
    firewall: Firewall,
    plans: Sequence[RevokePlan],
    *,
    as_admin: bool = False,
    cancel: CancelToken | None = None,
) -> RevokeReport:
    """Revoke rules of PortView's and see that they are gone. Raises PortViewError, Cancelled.

    Where one can't be removed for another reason than missing rights, the others still are.
    """
    problems: dict[str, str] = {}
    answer: dict[str, Any] | None = None
    if as_admin:
        elevated_request = ElevatedRequest(
            ElevatedOperation.REVOKE_RULES, rule_ids=tuple(plan.own.id for plan in plans)
        )
        answer = run_elevated(elevated_request, cancel)
    else:
        for number, plan in enumerate(plans):
            try:
                # One removal may move what the next one is found by.
                change = firewall.plan_removal(plan.own) if number else plan.change
                firewall.apply(change)
            except PortViewError as error:
                if error.outcome is Outcome.NEEDS_ADMIN:
                    raise
                problems[plan.own.id] = error.message
    rules = firewall.read()
    if answer is not None and rules.status.problem:
        return revokes_report([_reported(values) for values in _each(answer)])
    subnets = subnets_of_rules()
    return revokes_report(
        [
            revoked_report(
                plan,
                prove(rules, plan.own.rule_spec, _question_of(plan.own), subnets, plan.own.id),
                problems.get(plan.own.id, ""),
            )
            for plan in plans
        ]
    )


def revoke_unseen(rule_ids: tuple[str, ...], *, cancel: CancelToken | None = None) -> RevokeReport:
    """Have rules revoked as administrator where this side may not read them.

    Raises PortViewError, Cancelled.
    """
    answer = run_elevated(
        ElevatedRequest(ElevatedOperation.REVOKE_RULES, rule_ids=rule_ids), cancel
    )
    return revokes_report([_reported(values) for values in _each(answer)])


def report_values(report: FirewallReport) -> dict[str, Any]:
    """Return a report as it travels from the side with administrator rights."""
    return {
        "outcome": int(report.outcome),
        "asked": report.asked,
        "done": report.done,
        "now": report.now,
        "next_step": report.next_step,
        "rule_id": report.rule_id,
        "is_in_force": report.is_in_force,
    }


def _reported(answer: dict[str, Any]) -> FirewallReport:
    """Return what the other side read, where this side may not read the rules."""
    try:
        texts = [str(answer[name]) for name in ("asked", "done", "now", "next_step")]
        return FirewallReport(
            Outcome(answer["outcome"]),
            *texts,
            rule_id=str(answer["rule_id"]),
            is_in_force=bool(answer["is_in_force"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _no_answer() from error


def _each(answer: dict[str, Any]) -> list[dict[str, Any]]:
    reports = answer.get("reports")
    if not isinstance(reports, list) or not reports:
        raise _no_answer()
    return reports


def _no_answer() -> PortViewError:
    return PortViewError(
        "no_answer",
        _("The elevated process returned an invalid response."),
        _("Check the current state before you try again; the log may have details."),
        Outcome.NOT_DONE,
    )


def _question_of(own: ManagedRule) -> FirewallQuestion:
    return FirewallQuestion(
        own.rule_spec.protocol, own.rule_spec.port, program=own.rule_spec.program
    )
