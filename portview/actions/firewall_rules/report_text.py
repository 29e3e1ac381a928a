"""What a person is informed of a rule that was to be made or revoked. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.firewall_rules.plan import (
    can_match_programs,
    describe_remotes,
    loopback_warning,
)
from portview.actions.firewall_rules.query_context import describe_port
from portview.actions.firewall_rules.report import FirewallReport, RevokeReport
from portview.actions.firewall_rules.verify import EVERYONE
from portview.command_name import command_line
from portview.domain.errors import Outcome
from portview.domain.firewall import RuleEffect
from portview.domain.plain_text import inert, quoted
from portview.domain.verdict_labels import verdict_words
from portview.i18n import _, join_list, join_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.actions.firewall_rules.plan import RevokePlan, RulePlan
    from portview.actions.firewall_rules.verify import ClientAnswer, RuleProof
    from portview.domain.firewall import FirewallAnswer, RuleSpec

_LONGEST = 300
_STATES = {RuleEffect.ALLOW: "allowed", RuleEffect.BLOCK: "blocked"}


def made_report(plan: RulePlan, proof: RuleProof, rule_id: str) -> FirewallReport:
    """Report a rule that was to be made, by what was read afterwards."""
    rule_spec = plan.rule_spec
    is_there = proof.own is not None
    if not is_there:
        done, now, next_step = _missing(plan, proof)
    elif proof.holds(rule_spec.effect):
        done = _made(plan)
        now, next_step = _holds(plan, proof), _still_in_the_way(plan)
    else:
        done = _made(plan)
        now, next_step = _does_not_hold(plan, proof, rule_id)
    return FirewallReport(
        Outcome.DONE if is_there and proof.holds(rule_spec.effect) else Outcome.NOT_DONE,
        describe_request(rule_spec),
        done,
        now,
        next_step,
        rule_id=rule_id,
        is_in_force=is_there,
        proof=proof,
    )


def needless_report(plan: RulePlan) -> FirewallReport:
    """Report that no rule was made, because its clients experience already what it would bring."""
    holds = plan.before.holds(plan.rule_spec.effect)
    return FirewallReport(
        Outcome.DONE if holds else Outcome.NOT_DONE,
        describe_request(plan.rule_spec),
        _("Nothing was changed: no rule is needed."),
        _holds(plan, plan.before) if holds else _verdict_of_asked(plan, plan.before),
        _still_in_the_way(plan),
        rule_id="",
        is_in_force=False,
        proof=plan.before,
    )


def revoked_report(plan: RevokePlan, proof: RuleProof, problem: str = "") -> FirewallReport:
    """Report a rule that was to be revoked, by what was read afterwards.

    ``problem`` is what its removal met, in a sentence.
    """
    name = quoted(plan.change.name, _LONGEST)
    is_gone = proof.own is None
    port = _("{protocol} port {port}").format(
        protocol=plan.own.rule_spec.protocol.value.upper(), port=plan.own.rule_spec.port
    )
    next_step = ""
    if is_gone:
        done = (
            _("The rule {name} was removed: {reason}.").format(name=name, reason=plan.reason)
            if plan.reason
            else _("The rule {name} was removed.").format(name=name)
        )
        now = _("The rule is gone. {port} for {everyone}: {verdict}").format(
            port=port, everyone=_(EVERYONE), verdict=describe_verdict(proof.whole)
        )
    else:
        done = problem
        now = (
            _("The rule {name} still exists.")
            if problem
            else _("The rule {name} still exists, although its removal reported no error.")
        ).format(name=name)
        next_step = _("Remove it with the firewall's own tools; something may add it again.")
    return FirewallReport(
        Outcome.DONE if is_gone else Outcome.NOT_DONE,
        _("Revoke the rule {name}.").format(name=name),
        done,
        now,
        next_step,
        rule_id=plan.own.id,
        is_in_force=not is_gone,
        proof=proof,
    )


def revokes_report(reports: Sequence[FirewallReport]) -> RevokeReport:
    """Put what became of several rules into one report."""
    is_done = all(report.outcome is Outcome.DONE for report in reports)
    many = len(reports)
    return RevokeReport(
        Outcome.DONE if is_done else Outcome.NOT_DONE,
        reports[0].asked
        if many == 1
        else _("Revoke {many} rules created by PortView.").format(many=many),
        join_sentences(*(report.done for report in reports)),
        join_sentences(*dict.fromkeys(report.now for report in reports)),
        next((report.next_step for report in reports if report.next_step), ""),
        reports=tuple(reports),
    )


def describe_request(rule_spec: RuleSpec) -> str:
    """Return what was asked, in a sentence."""
    is_allow = rule_spec.effect is RuleEffect.ALLOW
    program = inert(rule_spec.program, _LONGEST) if rule_spec.program else ""
    if program:
        sentence = (
            _("Allow {port} of {program} for {remotes}.")
            if is_allow
            else _("Block {port} of {program} for {remotes}.")
        )
    else:
        sentence = (
            _("Allow {port} for {remotes}.") if is_allow else _("Block {port} for {remotes}.")
        )
    port = _("{protocol} port {port}").format(
        protocol=rule_spec.protocol.value.upper(), port=rule_spec.port
    )
    return sentence.format(port=port, program=program, remotes=describe_remotes(rule_spec))


def _made(plan: RulePlan) -> str:
    return _("The rule {change_name} was created.").format(
        change_name=quoted(plan.change.name, _LONGEST)
    )


def _missing(plan: RulePlan, proof: RuleProof) -> tuple[str, str, str]:
    now = _(
        "The rule does not exist, although the command that creates it reported no "
        "error. {verdict_of_asked}"
    ).format(verdict_of_asked=_verdict_of_asked(plan, proof))
    next_step = _(
        "Another program or a policy may prevent rules from being created. Run the "
        "command in a terminal as administrator to see its output."
    )
    return _("No change can be seen."), now, next_step


def _holds(plan: RulePlan, proof: RuleProof) -> str:
    is_allow = plan.rule_spec.effect is RuleEffect.ALLOW
    clients = proof.clients
    named = dict.fromkeys(client.clients for client in clients)
    asked_for = dict.fromkeys(
        client.remote for client in clients if client.remote not in {None, client.clients}
    )
    if asked_for:
        sentence = (
            _("{port} is now allowed for {named} (decided for {addresses}).")
            if is_allow
            else _("{port} is now blocked for {named} (decided for {addresses}).")
        )
    else:
        sentence = (
            _("{port} is now allowed for {named}.")
            if is_allow
            else _("{port} is now blocked for {named}.")
        )
    beyond = ""
    if EVERYONE not in named:
        beyond = _("Any other machine: {verdict}").format(verdict=describe_verdict(proof.whole))
    return join_sentences(
        sentence.format(
            port=describe_port(plan.question),
            named=join_list(_(one) for one in named),
            addresses=join_list(str(one) for one in asked_for),
        ),
        beyond,
    )


def _does_not_hold(plan: RulePlan, proof: RuleProof, rule_id: str) -> tuple[str, str]:
    client = proof.first_against(plan.rule_spec.effect)
    back = _("Revoke the rule: {command}").format(
        command=command_line("firewall", "revoke", "--id", rule_id)
    )
    now = _("The rule exists. {verdict_of_asked}").format(
        verdict_of_asked=_verdict_of_asked(plan, proof)
    )
    if client is None:
        return now, back
    answer = client.answer
    if answer.rule is not None and answer.rule.effect in {RuleEffect.BLOCK, RuleEffect.REJECT}:
        wins = _("The rule {rule_name} ({source}) wins.").format(
            rule_name=quoted(answer.rule.name, _LONGEST), source=_(answer.rule.source)
        )
        now = join_sentences(now, wins)
    return now, join_sentences(_why_not(plan, answer), back)


def _why_not(plan: RulePlan, answer: FirewallAnswer) -> str:
    """Return what stood against the rule from the start, or else what can be done about it."""
    # Windows' own advice would be to make the rule; elsewhere warnings are about other things too.
    if can_match_programs(plan.status) and plan.change.warnings:
        return plan.change.warnings[0]
    return answer.next_step


def _verdict_of_asked(plan: RulePlan, proof: RuleProof) -> str:
    client: ClientAnswer | None = proof.first_against(plan.rule_spec.effect)
    name = describe_port(plan.question)
    if client is None:
        sentence = (
            _("{name} is nevertheless allowed: {reason}")
            if plan.rule_spec.effect is RuleEffect.ALLOW
            else _("{name} is nevertheless blocked: {reason}")
        )
        return sentence.format(name=name, reason=proof.whole.reason)
    return _("{name} for {clients}: {verdict}").format(
        name=name, clients=_(client.clients), verdict=describe_verdict(client.answer)
    )


def describe_verdict(answer: FirewallAnswer) -> str:
    """Return a verdict and its reason: "blocked. No rule lets it in."."""
    return _("{verdict}. {reason}").format(
        verdict=verdict_words(answer.verdict), reason=inert(answer.reason, _LONGEST)
    )


def _still_in_the_way(plan: RulePlan) -> str:
    """Return the first warning that says why a client may still not get through."""
    if plan.rule_spec.effect is not RuleEffect.ALLOW:
        return ""
    warning = loopback_warning(plan.question.local_address)
    return warning if warning in plan.warnings else ""
