"""Taking back rules of PortView's, as a job for the dialog that asks before every change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from portview.actions.confirmation.cards import Card, CardKind
from portview.actions.confirmation.confirmation import Confirmation
from portview.i18n import _

if TYPE_CHECKING:
    from portview.actions.confirmation.actions import ExecutionOptions
    from portview.actions.confirmation.firewall_actions import RevokeAction
    from portview.actions.confirmation.firewall_confirmation import FirewallConfirmation
    from portview.domain.errors import ActionReport


@dataclass(frozen=True, slots=True)
class ConfirmedRevoke:
    """Puts what ``RevokeAction`` found into cards, one for each rule."""

    job: RevokeAction

    @property
    def title(self) -> str:
        """Return the window's title."""
        return self.job.title

    def preview(self, *, force: bool, tree: bool) -> Confirmation:
        """Find the rules."""
        del force, tree
        found = self.job.preview()
        cards = tuple(Card(CardKind.RULE, name, (value,)) for name, value in found.lines)
        commands = tuple(
            _("This will run: {command}").format(command=command) for command in found.commands
        )
        return Confirmation(
            found.headline, cards, found, found.verb, notes=(*found.warnings, *commands)
        )

    def execute(self, confirmation: Confirmation, options: ExecutionOptions) -> ActionReport:
        """Remove them and see that they are gone."""
        return self.job.execute(cast("FirewallConfirmation", confirmation.subject), options)
