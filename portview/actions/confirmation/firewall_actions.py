"""Changes of the firewall as actions: look and plan, then act on the plan.

Each half opens a firewall of its own, because one belongs to one call at a time.
"""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.actions.confirmation.action import AS_USER, NO_CHOICES, perform, prepare
from portview.actions.confirmation.firewall_confirmation import (
    confirm_revoke,
    confirm_rule,
    confirm_unseen_revoke,
)
from portview.actions.firewall_rules.apply import make_rule, revoke_rules, revoke_unseen
from portview.actions.firewall_rules.expiry import plan_expired
from portview.actions.firewall_rules.plan import managed_rule, plan_revoke, plan_rule
from portview.actions.firewall_rules.query_context import ask_about_port
from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import FirewallQuestion, RuleEffect, RuleSpec
from portview.firewall.choose import open_firewall
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.actions.confirmation.action import Choices, ExecutionOptions
    from portview.actions.confirmation.confirmation import Confirmation
    from portview.actions.firewall_rules.plan import RevokePlan, RulePlan
    from portview.actions.firewall_rules.report import FirewallReport, RevokeReport
    from portview.domain.errors import ActionReport
    from portview.firewall.interface import Firewall


@dataclass(frozen=True, slots=True)
class RuleAction:
    """Make one rule that allows or blocks a port.

    ``question`` is what the rule is to decide, as far as it is known; the rest is taken from what
    listens on the port.
    """

    rule_spec: RuleSpec
    question: FirewallQuestion | None = None
    opener: Callable[[], Firewall] = open_firewall

    @property
    def title(self) -> str:
        """Return the window's title."""
        is_allow = self.rule_spec.effect is RuleEffect.ALLOW
        return _("Allow through firewall") if is_allow else _("Block in firewall")

    def preview(self, choices: Choices = NO_CHOICES) -> RulePlan:
        """Plan the rule and decide what its clients experience now."""
        del choices
        rule_spec = self.rule_spec
        wanted = self.question or FirewallQuestion(
            rule_spec.protocol, rule_spec.port, program=rule_spec.program
        )
        port = ask_about_port(wanted, sys.platform)
        with closing(self.opener()) as firewall:
            return plan_rule(firewall, rule_spec, port)

    def confirm(self, plan: RulePlan) -> Confirmation:
        """Ask whether to make it."""
        return confirm_rule(plan)

    def execute(self, plan: RulePlan, options: ExecutionOptions = AS_USER) -> FirewallReport:
        """Make the rule that was shown and prove that it took effect."""
        with closing(self.opener()) as firewall:
            return make_rule(firewall, plan, as_admin=options.as_admin, cancel=options.cancel)


@dataclass(frozen=True, slots=True)
class RevokePreview:
    """The rules that are to be revoked. ``problem`` is why they could not be read, if so."""

    plans: tuple[RevokePlan, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RevokeAction:
    """Revoke rules of PortView's by their ids, or those that have expired."""

    rule_ids: tuple[str, ...] = ()
    only_expired: bool = False
    opener: Callable[[], Firewall] = open_firewall

    @property
    def title(self) -> str:
        """Return the window's title."""
        return _("Revoke firewall rule") if len(self.rule_ids) == 1 else _("Revoke firewall rules")

    def preview(self, choices: Choices = NO_CHOICES) -> RevokePreview:
        """Find the rules."""
        del choices
        with closing(self.opener()) as firewall:
            rules = firewall.read()
            if self.only_expired:
                return RevokePreview(tuple(plan_expired(firewall, rules)))
            if rules.status.problem:
                return RevokePreview((), rules.status.problem)
            reasons = {plan.own.id: plan.reason for plan in plan_expired(firewall, rules)}
            own = [managed_rule(rules.managed_rules, rule_id) for rule_id in self.rule_ids]
            return RevokePreview(
                tuple(plan_revoke(firewall, one, reasons.get(one.id, "")) for one in own)
            )

    def confirm(self, plan: RevokePreview) -> Confirmation:
        """Ask whether to revoke them."""
        if plan.problem:
            return confirm_unseen_revoke(self.rule_ids, plan.problem)
        return confirm_revoke(plan.plans)

    def execute(self, plan: RevokePreview, options: ExecutionOptions = AS_USER) -> RevokeReport:
        """Remove them and see that they are gone."""
        if plan.plans:
            with closing(self.opener()) as firewall:
                return revoke_rules(
                    firewall, plan.plans, as_admin=options.as_admin, cancel=options.cancel
                )
        if options.as_admin:
            return revoke_unseen(self.rule_ids, cancel=options.cancel)
        raise PortViewError(
            "firewall_unreadable",
            _("The rules can't be read without administrator rights. Nothing was done."),
            _("Try again as administrator."),
            Outcome.NEEDS_ADMIN,
        )


def revoke_expired(
    opener: Callable[[], Firewall] = open_firewall, *, has_rights: bool
) -> ActionReport | None:
    """Revoke the rules that have expired; None where there are none. Blocks.

    For the start of the window and for its timer, off the UI thread. Nobody is asked for rights by
    it: without them it raises PortViewError ("rules_expired", NEEDS_ADMIN), and the person can be
    offered ``RevokeAction(only_expired=True)``.
    """
    prepared = prepare(RevokeAction(only_expired=True, opener=opener))
    many = len(prepared.plan.plans)
    if not many:
        return None
    if not has_rights:
        raise PortViewError(
            "rules_expired",
            _("{many} firewall rules created by PortView have expired.").format(many=many)
            if many > 1
            else _("A firewall rule created by PortView has expired."),
            _("Revoking needs administrator rights."),
            Outcome.NEEDS_ADMIN,
        )
    return perform(prepared)
