"""What a person is asked before the firewall is changed: the exact rule, and what speaks against.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.confirmation.cards import Card, CardKind
from portview.actions.confirmation.confirmation import Confirmation
from portview.actions.firewall_rules.plan import command_lines, rule_lines
from portview.actions.firewall_rules.query_context import describe_port
from portview.actions.firewall_rules.report_text import describe_request, describe_verdict
from portview.domain.firewall import RuleEffect
from portview.domain.plain_text import inert, quoted
from portview.i18n import _, join_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.actions.firewall_rules.plan import RevokePlan, RulePlan

_LONGEST_NAME = 200


def confirm_rule(plan: RulePlan) -> Confirmation:
    """Put a rule that is to be made into a question."""
    is_allow = plan.rule_spec.effect is RuleEffect.ALLOW
    name = describe_port(plan.question)
    card = Card(
        CardKind.NEW_RULE,
        inert(plan.change.name, _LONGEST_NAME),
        tuple(f"{label}: {value}" for label, value in rule_lines(plan.rule_spec)),
    )
    return Confirmation(
        _("Allow {name} through the firewall?").format(name=name)
        if is_allow
        else _("Block {name} in the firewall?").format(name=name),
        (card,),
        _("Allow") if is_allow else _("Block"),
        tuple(inert(note) for note in plan.notes),
        tuple(inert(warning) for warning in plan.warnings),
        command_lines(plan.change),
        _("Now, for any other machine: {verdict}").format(
            verdict=describe_verdict(plan.before.whole)
        ),
    )


def confirm_revoke(plans: Sequence[RevokePlan]) -> Confirmation:
    """Put the removal of rules of PortView's into a question."""
    many = len(plans)
    names = tuple(inert(plan.change.name, _LONGEST_NAME) for plan in plans)
    if not plans:
        headline = _("There is no rule created by PortView to revoke.")
    elif many == 1:
        headline = _("Revoke the rule {names}?").format(names=quoted(names[0], _LONGEST_NAME))
    else:
        headline = _("Revoke {many} rules created by PortView?").format(many=many)
    cards = [
        Card(
            CardKind.RULE,
            name,
            (
                join_sentences(
                    describe_request(plan.own.rule_spec),
                    _("Why: {reason}.").format(reason=plan.reason) if plan.reason else "",
                ),
            ),
        )
        for name, plan in zip(names, plans, strict=True)
    ]
    return Confirmation(
        headline,
        tuple(cards),
        _("Revoke") if plans else "",
        tuple(dict.fromkeys(inert(one) for plan in plans for one in plan.change.notes)),
        tuple(dict.fromkeys(inert(one) for plan in plans for one in plan.change.warnings)),
        tuple(line for plan in plans for line in command_lines(plan.change)),
    )


def confirm_unseen_revoke(rule_ids: Sequence[str], problem: str) -> Confirmation:
    """Put the removal of rules into a question that only the side with rights can read."""
    names = tuple(
        _("Rule {rule_id}").format(rule_id=inert(rule_id, _LONGEST_NAME)) for rule_id in rule_ids
    )
    many = len(names)
    warning = _(
        "{problem} Which commands are needed is decided with administrator "
        "rights; they remove nothing else."
    ).format(problem=inert(problem))
    return Confirmation(
        _("Revoke {many} rules created by PortView?").format(many=many)
        if many > 1
        else _("Revoke {names}?").format(names=names[0].lower()),
        tuple(Card(CardKind.RULE, name, (_("created by PortView"),)) for name in names),
        _("Revoke"),
        warnings=(warning,),
    )
