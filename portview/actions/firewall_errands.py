"""Errands that change the firewall, on the side with administrator rights.

Nothing but the wish is taken over: it is planned anew by this side's own reading.
"""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from portview.actions.firewall_change import make_rule, report_values, revoke_rules
from portview.actions.firewall_plan import own_rule, plan_revoke, plan_rule
from portview.actions.firewall_question import ask_about_port
from portview.domain.firewall import FirewallQuestion
from portview.firewall.choose import open_firewall

if TYPE_CHECKING:
    from portview.actions.errands import Errand


def carry_out(errand: Errand) -> dict[str, Any]:
    """Make or take back rules and return the answer. Raises PortViewError."""
    with closing(open_firewall()) as firewall:
        if errand.wish is not None:
            wish = errand.wish
            wanted = FirewallQuestion(wish.protocol, wish.port, program=wish.program)
            plan = plan_rule(firewall, wish, ask_about_port(wanted, sys.platform))
            return report_values(make_rule(firewall, plan))
        rules = firewall.read().own_rules
        known = {own.id for own in rules}
        # What is gone already needs no removal; where all are, the error for it is raised.
        wanted_ids = [one for one in errand.rule_ids if one in known] or errand.rule_ids[:1]
        plans = [plan_revoke(firewall, own_rule(rules, one)) for one in wanted_ids]
        report = revoke_rules(firewall, plans)
        return {
            "outcome": int(report.outcome),
            "reports": [report_values(one) for one in report.reports],
        }
