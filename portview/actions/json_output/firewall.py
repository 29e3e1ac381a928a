"""The firewall in the JSON form that programs rely on: stable snake_case keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.actions.firewall_rules.plan import command_lines
from portview.actions.firewall_rules.times import iso_moment
from portview.actions.json_output.actions import report_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portview.actions.firewall_rules.plan import RevokePlan, RulePlan
    from portview.actions.firewall_rules.query_context import FirewallQueryContext
    from portview.actions.firewall_rules.report import FirewallReport, RevokeReport
    from portview.actions.firewall_rules.verify import ClientAnswer
    from portview.domain.firewall import (
        FirewallAnswer,
        FirewallQuestion,
        FirewallRule,
        FirewallStatus,
        ManagedRule,
        ProfileState,
        RuleChange,
        RuleSpec,
    )


def status_document(
    status: FirewallStatus, managed_rules: Sequence[ManagedRule], expired: Mapping[str, str]
) -> dict[str, Any]:
    """Return the document of ``firewall status --json``; ``expired`` maps ids to reasons."""
    return {
        "manager": status.manager,
        "is_on": status.is_on,
        "summary": status.summary,
        "profiles": [_profile_object(profile) for profile in status.profiles],
        "rule_count": status.rule_count,
        "own_rule_count": len(managed_rules),
        "expired_rule_count": len(expired),
        "drop_log": status.drop_log,
        "problem": status.problem or None,
        "hint": status.hint or None,
    }


def verdict_document(port: FirewallQueryContext, answer: FirewallAnswer) -> dict[str, Any]:
    """Return the document of ``firewall verdict --json``."""
    return {
        "question": _question_object(port.question),
        "filled_in": list(port.notes),
        **_answer_object(answer),
    }


def list_document(
    managed_rules: Sequence[ManagedRule], expired: Mapping[str, str], status: FirewallStatus
) -> dict[str, Any]:
    """Return the document of ``firewall list --json``; ``expired`` maps ids to reasons."""
    return {
        "manager": status.manager,
        "rules": [
            {**_managed_rule_object(own), "expired": expired.get(own.id)} for own in managed_rules
        ],
        "problem": status.problem or None,
        "hint": status.hint or None,
    }


def rule_document(
    plan: RulePlan,
    report: FirewallReport | None,
    expired: Sequence[RevokePlan],
    revoked: RevokeReport | None,
) -> dict[str, Any]:
    """Return the document of ``firewall allow`` and ``block``; no report for a dry run."""
    return {
        "dry_run": report is None,
        "wish": _rule_spec_object(plan.rule_spec),
        "question": _question_object(plan.question),
        "change": _change_object(plan.change),
        "warnings": list(plan.warnings),
        "notes": list(plan.notes),
        "is_needless": plan.is_needless,
        "before": _answer_object(plan.before.whole),
        "before_for": [_client_object(client) for client in plan.before.clients],
        "report": _report_object(report) if report else None,
        "expired": revoke_document(expired, revoked),
    }


def revoke_document(plans: Sequence[RevokePlan], report: RevokeReport | None) -> dict[str, Any]:
    """Return the document of ``firewall revoke``; without a report nothing was done."""
    return {
        "dry_run": report is None,
        "rules": [
            {
                **_managed_rule_object(plan.own),
                "expired": plan.reason or None,
                "change": _change_object(plan.change),
            }
            for plan in plans
        ],
        "report": (
            {
                **report_object(report),
                "reports": [_report_object(one) for one in report.reports],
            }
            if report
            else None
        ),
    }


def _report_object(report: FirewallReport) -> dict[str, Any]:
    proof = report.proof
    return {
        **report_object(report),
        "rule_id": report.rule_id or None,
        "is_in_force": report.is_in_force,
        "rule": _managed_rule_object(proof.own) if proof and proof.own else None,
        "after": _answer_object(proof.whole) if proof else None,
        "after_for": [_client_object(client) for client in proof.clients] if proof else [],
    }


def _answer_object(answer: FirewallAnswer) -> dict[str, Any]:
    return {
        "verdict": answer.verdict.value,
        "reason": answer.reason,
        "rule": _rule_object(answer.rule) if answer.rule else None,
        "matches": [
            {
                "rule": _rule_object(match.rule),
                "fit": match.fit.value,
                "decides": match.decides,
            }
            for match in answer.matches
        ],
        "profiles": list(answer.profiles),
        "next_step": answer.next_step,
    }


def _client_object(client: ClientAnswer) -> dict[str, Any]:
    return {
        "clients": client.clients,
        "remote": client.remote,
        "verdict": client.answer.verdict.value,
        "reason": client.answer.reason,
        "rule": _rule_object(client.answer.rule) if client.answer.rule else None,
    }


def _question_object(question: FirewallQuestion) -> dict[str, Any]:
    return {
        "protocol": question.protocol.value,
        "port": question.port,
        "local_address": question.local_address,
        "program": question.program,
        "services": list(question.services),
        "remote": question.remote,
    }


def _rule_object(rule: FirewallRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "effect": rule.effect.value,
        "source": rule.source,
        "conditions": list(rule.conditions),
        "is_enabled": rule.is_enabled,
        "text": rule.text,
    }


def _rule_spec_object(rule_spec: RuleSpec) -> dict[str, Any]:
    return {
        "effect": rule_spec.effect.value,
        "protocol": rule_spec.protocol.value,
        "port": rule_spec.port,
        "program": rule_spec.program,
        "remotes": list(rule_spec.remotes),
        "profiles": list(rule_spec.profiles),
        "expires_at": iso_moment(rule_spec.expires_at_ms),
        "until": (
            {
                "pid": rule_spec.until.pid,
                "process_started": iso_moment(rule_spec.until.started_ms or None),
            }
            if rule_spec.until
            else None
        ),
    }


def _managed_rule_object(own: ManagedRule) -> dict[str, Any]:
    return {"id": own.id, **_rule_spec_object(own.rule_spec), "rule": _rule_object(own.rule)}


def _change_object(change: RuleChange) -> dict[str, Any]:
    return {
        "id": change.id,
        "name": change.name,
        "commands": [list(words) for words in change.commands],
        "command_lines": list(command_lines(change)),
        "warnings": list(change.warnings),
        "notes": list(change.notes),
    }


def _profile_object(profile: ProfileState) -> dict[str, Any]:
    return {
        "name": profile.name,
        "is_active": profile.is_active,
        "is_on": profile.is_on,
        "inbound_default": profile.inbound_default.value,
        "blocks_all_inbound": profile.blocks_all_inbound,
        "counts_local_rules": profile.counts_local_rules,
        "notes": list(profile.notes),
    }
