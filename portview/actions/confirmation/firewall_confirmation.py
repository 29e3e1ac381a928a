"""What a person is asked before the firewall is changed: the exact rule, and what speaks against.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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


@dataclass(frozen=True, slots=True)
class FirewallConfirmation:
    """A question to a person about the firewall. Every text but the commands is inert.

    ``rules`` are the names of the rules, ``lines`` what the one that is made is for, as pairs of a
    name and a value. ``commands`` can be copied into a terminal; they are the very commands that
    will run. ``warnings`` say what may be in the way, ``notes`` what is good to know. ``now`` says
    what clients experience now. ``subjects`` is what the act is given.
    ``verb`` labels the button, empty where there is nothing to do.
    """

    headline: str
    rules: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]
    warnings: tuple[str, ...]
    now: str
    verb: str
    subjects: RulePlan | tuple[RevokePlan, ...]
    is_needless: bool = False
    notes: tuple[str, ...] = ()


def confirm_rule(plan: RulePlan) -> FirewallConfirmation:
    """Put a rule that is to be made into a question."""
    is_allow = plan.rule_spec.effect is RuleEffect.ALLOW
    name = describe_port(plan.question)
    return FirewallConfirmation(
        _("Allow {name} through the firewall?").format(name=name)
        if is_allow
        else _("Block {name} in the firewall?").format(name=name),
        (inert(plan.change.name, _LONGEST_NAME),),
        rule_lines(plan.rule_spec),
        command_lines(plan.change),
        tuple(inert(warning) for warning in plan.warnings),
        _("Now, for any other machine: {verdict}").format(
            verdict=describe_verdict(plan.before.whole)
        ),
        _("Allow") if is_allow else _("Block"),
        plan,
        plan.is_needless,
        tuple(inert(note) for note in plan.notes),
    )


def confirm_revoke(plans: Sequence[RevokePlan]) -> FirewallConfirmation:
    """Put the removal of rules of PortView's into a question."""
    many = len(plans)
    names = tuple(inert(plan.change.name, _LONGEST_NAME) for plan in plans)
    if not plans:
        headline = _("There is no rule created by PortView to revoke.")
    elif many == 1:
        headline = _("Revoke the rule {names}?").format(names=quoted(names[0], _LONGEST_NAME))
    else:
        headline = _("Revoke {many} rules created by PortView?").format(many=many)
    lines = [
        (
            name,
            join_sentences(
                describe_request(plan.own.rule_spec),
                _("Why: {reason}.").format(reason=plan.reason) if plan.reason else "",
            ),
        )
        for name, plan in zip(names, plans, strict=True)
    ]
    return FirewallConfirmation(
        headline,
        names,
        tuple(lines),
        tuple(line for plan in plans for line in command_lines(plan.change)),
        tuple(dict.fromkeys(inert(one) for plan in plans for one in plan.change.warnings)),
        "",
        _("Revoke") if plans else "",
        tuple(plans),
    )


def confirm_unseen_revoke(rule_ids: Sequence[str], problem: str) -> FirewallConfirmation:
    """Put the removal of rules into a question that only the side with rights can read."""
    names = tuple(
        _("Rule {rule_id}").format(rule_id=inert(rule_id, _LONGEST_NAME)) for rule_id in rule_ids
    )
    many = len(names)
    warning = _(
        "{problem} Which commands are needed is decided with administrator "
        "rights; they remove nothing else."
    ).format(problem=inert(problem))
    return FirewallConfirmation(
        _("Revoke {many} rules created by PortView?").format(many=many)
        if many > 1
        else _("Revoke {names}?").format(names=names[0].lower()),
        names,
        tuple((name, _("created by PortView")) for name in names),
        (),
        (warning,),
        "",
        _("Revoke"),
        (),
    )
