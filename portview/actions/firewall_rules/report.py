"""How a change of the firewall ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.errors import ActionReport

if TYPE_CHECKING:
    from portview.actions.firewall_rules.verify import RuleProof


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallReport(ActionReport):
    """How a change of the firewall ended.

    ``rule_id`` is the id of the rule that was made or revoked. ``is_in_force`` says whether
    that rule is in the store now. ``proof`` is what a reading of the rules showed, None where only
    the side with administrator rights could read them.
    """

    rule_id: str
    is_in_force: bool
    proof: RuleProof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeReport(ActionReport):
    """How the removal of one or more of PortView's rules ended, one report for each."""

    reports: tuple[FirewallReport, ...]
