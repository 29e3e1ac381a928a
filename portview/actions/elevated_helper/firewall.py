"""Errands that change the firewall, on the side with administrator rights.

Nothing but the rule specification is taken over: it is planned again by this side's own reading.
"""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from portview.actions.firewall_rules.apply import make_rule, report_values, revoke_rules
from portview.actions.firewall_rules.plan import managed_rule, plan_revoke, plan_rule
from portview.actions.firewall_rules.query_context import ask_about_port
from portview.domain.firewall import FirewallQuestion
from portview.firewall.choose import open_firewall

if TYPE_CHECKING:
    from portview.actions.elevation.request import ElevatedRequest


def carry_out(elevated_request: ElevatedRequest) -> dict[str, Any]:
    """Make or revoke rules and return the answer. Raises PortViewError."""
    with closing(open_firewall()) as firewall:
        if elevated_request.rule_spec is not None:
            rule_spec = elevated_request.rule_spec
            wanted = FirewallQuestion(rule_spec.protocol, rule_spec.port, program=rule_spec.program)
            plan = plan_rule(firewall, rule_spec, ask_about_port(wanted, sys.platform))
            return report_values(make_rule(firewall, plan))
        rules = firewall.read().managed_rules
        known = {own.id for own in rules}
        # What is gone already needs no removal; where all are, the error for it is raised.
        wanted_ids = [
            one for one in elevated_request.rule_ids if one in known
        ] or elevated_request.rule_ids[:1]
        plans = [plan_revoke(firewall, managed_rule(rules, one)) for one in wanted_ids]
        report = revoke_rules(firewall, plans)
        return {
            "outcome": int(report.outcome),
            "reports": [report_values(one) for one in report.reports],
        }
