"""Taking back rules of PortView's, as a job for the dialog that asks before every change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from portview.actions.cards import Card, CardKind
from portview.actions.proposals import Proposal

if TYPE_CHECKING:
    from portview.actions.firewall_jobs import RevokeJob
    from portview.actions.firewall_proposals import FirewallProposal
    from portview.actions.jobs import Doing
    from portview.domain.outcome import ActionReport


@dataclass(frozen=True, slots=True)
class AskedRevoke:
    """Puts what ``RevokeJob`` found into cards, one for each rule."""

    job: RevokeJob

    @property
    def title(self) -> str:
        """Return the window's title."""
        return self.job.title

    def look(self, *, force: bool, tree: bool) -> Proposal:
        """Find the rules."""
        del force, tree
        found = self.job.look()
        cards = tuple(Card(CardKind.RULE, name, (value,)) for name, value in found.lines)
        commands = tuple(f"This will run: {command}" for command in found.commands)
        return Proposal(
            found.headline, cards, found, found.verb, notes=(*found.warnings, *commands)
        )

    def act(self, proposal: Proposal, doing: Doing) -> ActionReport:
        """Remove them and see that they are gone."""
        return self.job.act(cast("FirewallProposal", proposal.subject), doing)
